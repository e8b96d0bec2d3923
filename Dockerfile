# Two images: `docker build --target command .` is the command line; the last one is what Flink, Spark and Dataflow run
# Python workers in (Beam's SDK image and all that a worker of ours needs). docs/engines.md shows how they are used.

FROM python:3.12-slim AS command
RUN apt-get update \
    && apt-get install -y --no-install-recommends libegl1 libgl1 libgl1-mesa-dri libfontconfig1 gcc libc6-dev make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/realitygap
COPY requirements.lock setup.cfg pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --config-settings editable_mode=compat -e . \
    && python -m compileall -q datasets pipelines rendering training *.py \
    && realitygap doctor
ENTRYPOINT ["realitygap"]

# The tag is the version of apache-beam in requirements.lock and the Python above; tests/pipelines/test_image.py holds them
# together. The entry point stays Beam's own: it is what the engines start.
FROM apache/beam_python3.12_sdk:2.77.0 AS worker
RUN apt-get update \
    && apt-get install -y --no-install-recommends libegl1 libgl1 libgl1-mesa-dri libfontconfig1 gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/realitygap
COPY requirements.lock setup.cfg pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --config-settings editable_mode=compat -e . \
    && python -m compileall -q datasets pipelines rendering training *.py \
    && realitygap doctor
