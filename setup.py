"""What setup.cfg cannot say: the loops in C. Where there is no compiler, the project installs without them."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension("datasets._kernels", ["datasets/kernels.c"], extra_compile_args=["-std=c11", "-O3"], optional=True)
    ]
)
