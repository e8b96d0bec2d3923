"""The Dockerfile names what the rest of the project pins. It is not built here: there is no Docker on this machine."""

from __future__ import annotations

import re
from pathlib import Path

from rendering.context import INSTALL_COMMAND

ROOT = Path(__file__).parents[2]


def test_the_image_has_the_locked_beam_the_gl_packages_and_beams_entry_point() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    (locked,) = re.findall(r"^apache-beam==(\S+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    worker = text.partition("AS worker")
    assert worker[0].endswith(f"FROM apache/beam_python3.12_sdk:{locked} ")
    assert "ENTRYPOINT" not in worker[2]
    packages = INSTALL_COMMAND.partition("--no-install-recommends ")[2]
    assert text.count(packages) == 2
    assert text.count("--require-hashes -r requirements.lock") == 2


def test_make_and_the_images_install_the_same_packages() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    gl_packages, compiler = (
        re.findall(rf"^{name}_PACKAGES := (.*)$", text, re.MULTILINE)[0] for name in ("GL", "COMPILER")
    )
    assert INSTALL_COMMAND.endswith(f" {gl_packages}")
    assert (ROOT / "Dockerfile").read_text("utf-8").count(f" {gl_packages} {compiler} ") == 2
