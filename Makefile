# Verbs of this repository. Each does its own set-up; a second run takes seconds.
.PHONY: help setup preview test test-quick check bench format lock engine
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# The first python that is new enough; what is missing is said by the set-up.
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$each" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$each" && break; done)

help:
	@echo "make preview     plan the example company with the real engine, in a rehearsal"
	@echo "make test        every test"
	@echo "make test-quick  those that need no engine, browser or other process"
	@echo "make check       ruff, types, import-linter"
	@echo "make setup       only the set-up: .venv here, the engine in the user's cache"
	@echo "make bench       speed and memory, as ratios"
	@echo "make format      let ruff format and mend what it can"
	@echo "make lock        renew the locks from pyproject.toml"

# The engine may take minutes to build: the other packages are not kept waiting.
setup:
	@$(MAKE) --no-print-directory -j2 $(VENV)/dev engine

preview: engine
	@$(BIN)/infra-apply rehearse preview

# What is compiled is kept, whatever the environment says of it: the tests start many interpreters.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n auto

# In their order: files with few tests take longest, and would be left for the end.
test: setup
	@$(PYTEST) --dist loadfile --no-loadscope-reorder

test-quick: $(VENV)/dev
	@$(PYTEST) -m "not engine and not process and not browser"

check: $(VENV)/dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/dev
	@$(BIN)/python -m tests.bench
	@$(BIN)/python -m tests.bench_map

format: $(VENV)/dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

engine: $(VENV)/program
	@$(BIN)/infra-apply engine install >/dev/null

# What runs the program, and nothing else: `make preview` waits for no more than this.
$(VENV)/program: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "set-up: python3 >= 3.11 with venv is needed (PYTHON=...)" >&2; exit 1; }
	@echo "set-up: the program's packages into $(VENV) ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/program
	@echo "set-up: the packages of checks and tests into $(VENV) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Versions and hashes only; the locks name no addresses.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header --allow-unsafe --extra build pyproject.toml
lock: $(VENV)/dev
	@$(LOCK) -o requirements.lock
	@$(LOCK) --extra dev -c requirements.lock -o requirements-dev.lock
