# Everything runs inside .venv; `make setup` is called by the others and costs seconds when there is nothing to do.
.DEFAULT_GOAL := help
.PHONY: help setup system-packages compiler demo test test-training test-others test-runs test-slow lint bench lock flink-jar spark-jar flink spark

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(VENV)/.packages
INSTALLED := $(VENV)/.installed
GL_PACKAGES := libegl1 libgl1 libgl1-mesa-dri libfontconfig1
COMPILER_PACKAGES := gcc libc6-dev
# Compiled here, as an installer would: where Python may not write beside its modules, it would compile them at every start.
MODULES := datasets pipelines rendering training *.py
OUT ?= demo

# The first Python of this machine that TensorFlow has wheels for.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$python && break; done)

help:
	@echo "make setup   make .venv, install the locked packages, check the machine"
	@echo "make demo    render, convert, train, adapt and write a report (OUT=demo)"
	@echo "make test    the default tests; make test-slow the slow ones"
	@echo "make lint    ruff and mypy"
	@echo "make bench   the benchmarks, side by side with other tools"
	@echo "make flink   fetch Beam's job server for Flink and run it with Flink inside (needs Java 17, Maven); make spark likewise"
	@echo "make lock    resolve requirements.lock anew (needs uv)"

setup: $(INSTALLED)
	@$(BIN)/realitygap doctor

$(PACKAGES): requirements.lock
	@test -n "$(PYTHON)" || { echo "realitygap needs Python 3.11, 3.12 or 3.13 with venv; none was found. Install one (Debian, Ubuntu: apt-get install python3-venv) or name it: make setup PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# Not done, and tried again by the next `make setup`, while the loops in C could not be built.
$(INSTALLED): $(PACKAGES) setup.cfg pyproject.toml setup.py datasets/kernels.c | system-packages compiler
	@rm -f datasets/_kernels.*
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@$(BIN)/python -m compileall -q $(MODULES)
	@$(BIN)/python -c 'import sys; from datasets.kernels import kernels; sys.exit(not kernels())' && touch $@ || true

# Debian and Ubuntu only; elsewhere the doctor says what is missing.
system-packages:
	@command -v dpkg-query >/dev/null || exit 0; \
	missing=$$(for package in $(GL_PACKAGES); do dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || printf '%s ' $$package; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	command="apt-get install -y --no-install-recommends $$missing"; \
	if [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$command; \
	else echo "Rendering needs system packages that are missing. Run: sudo $$command"; fi

# For the loops in C. Everything works without them, so nothing ends here where a compiler cannot be had.
compiler:
	@if command -v cc >/dev/null || ! command -v apt-get >/dev/null; then exit 0; fi; \
	command="apt-get install -y --no-install-recommends $(COMPILER_PACKAGES)"; \
	if [ "$$(id -u)" != 0 ]; then echo "Label maps are read four to eight times as fast with a C compiler. Run: sudo $$command && make setup"; \
	elif ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$command; }; then echo "No C compiler could be installed: label maps will be read slowly."; fi

demo: setup
	$(BIN)/realitygap demo $(OUT)

# Two processes side by side: those of training take longer than all others together, so studies and whole runs come third.
test: setup
	@$(MAKE) --no-print-directory -j2 test-training test-others test-runs

test-training:
	$(BIN)/python -m pytest -m "not slow" tests/training --ignore-glob "*/test_study*" --ignore-glob "*/test_experiment*"

test-runs:
	$(BIN)/python -m pytest -m "not slow" tests/training/test_study*.py tests/training/test_experiment*.py

test-others:
	$(BIN)/python -m pytest -m "not slow" --ignore tests/training

test-slow: setup
	$(BIN)/python -m pytest -m slow
	$(BIN)/python -m pytest tests/rendering -m slow

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/convert.py
	$(BIN)/python benchmarks/render.py
	$(BIN)/python benchmarks/read.py
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/scale.py

# Beam's job servers: Java programs, fetched through Maven into the user's cache and proved by pipelines/checksums.
flink-jar spark-jar: $(INSTALLED)
	$(BIN)/python -m pipelines.job_servers fetch $(@:-jar=)

# Serves jobs until Ctrl-C; `realitygap ... --runner flink` finds it.
flink spark: $(INSTALLED)
	$(BIN)/python -m pipelines.job_servers serve $@

lock:
	uv pip compile --quiet setup.cfg --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock
