# An environment with everything the jobs need: the four OpenGL packages and the locked requirements.
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends libegl1 libgl1 libgl1-mesa-dri libfontconfig1 make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/realitygap
COPY requirements.lock setup.cfg pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation --config-settings editable_mode=compat -e . \
    && realitygap doctor

ENTRYPOINT ["realitygap"]
