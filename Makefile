# Everything runs in .venv, which the first target that needs it makes from requirements.lock.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
INTEROP := $(VENV)/.interop
# One thread a test process, and threads that sleep while they wait where a test wants two. Bytecode
# is kept, since every process else compiles all tests again.
# Each process takes a run of files, so that what a file or a folder shares is made in one of them.
TESTING := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive PYTHONDONTWRITEBYTECODE=

# Tests that start whole stacks, which use every core themselves, so they run one after the other.
STACKS := tests/deploy tests/e2e tests/tracing $(addprefix tests/service/pages/,test_whole.py test_optuna_dashboard.py)

.DEFAULT_GOAL := help
.PHONY: help install install-interop demo up test test-slow test-numerics test-gpu test-all check format lock clean

help: ## Show this help.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

install: $(STAMP) ## Make .venv and install what requirements.lock pins.

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON): not found; give one with make PYTHON=/path/to/python3.11" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

install-interop: $(INTEROP) ## Add what tests/interop trains with, as requirements-interop.lock pins.

$(INTEROP): requirements-interop.lock $(STAMP)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --requirement requirements-interop.lock
	@touch $(INTEROP)

demo: $(STAMP) ## Run the digits study from start to end: table, report.html, addresses.
	@$(BIN)/gofau demo

up: $(STAMP) ## Serve the studies of this folder until Ctrl-C.
	@$(BIN)/gofau up

test: $(STAMP) ## Run the fast tests, one process a core.
	$(TESTING) $(BIN)/python -m pytest -p tests.pace --numprocesses auto --dist worksteal

test-slow: $(STAMP) ## Run the tests with real processes and long runs.
	$(TESTING) $(BIN)/python -m pytest -m slow --numprocesses auto --dist worksteal $(STACKS:%=--ignore=%)
	$(TESTING) $(BIN)/python -m pytest -m slow $(STACKS)

test-numerics: $(STAMP) ## Run the laws of packs under other libraries' modes and threads; SETTINGS=NAMES picks.
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m tests.numerics $(SETTINGS)

test-gpu: $(STAMP) ## Run the tests that need a CUDA device, on one.
	$(BIN)/python -m pytest -m gpu

test-all: $(STAMP) ## Run all tests that need no GPU.
	$(TESTING) $(BIN)/python -m pytest -m "not gpu"

check: $(STAMP) ## Lint, formatting, types, import rules, fast tests.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: $(STAMP) ## Format the sources.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

COMPILE = $(BIN)/python -m piptools compile --strip-extras --allow-unsafe --upgrade \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate --quiet

# What is installed beside the first lock is resolved under it, and only what it adds is kept.
lock: ## Pin the newest allowed versions; PIP_CONSTRAINT=FILE caps them further.
	test -x $(BIN)/pip-compile || $(MAKE) install
	$(COMPILE) --extra all --extra dev $(if $(PIP_CONSTRAINT),--constraint $(PIP_CONSTRAINT)) \
	  --output-file requirements.lock pyproject.toml
	sed -i.bak '/^gofau @ /d' requirements.lock && rm requirements.lock.bak  # itself, by this folder's path
	$(COMPILE) --extra interop --constraint requirements.lock --output-file requirements-interop.all pyproject.toml
	grep -vxF -e '' -f requirements.lock requirements-interop.all | grep -v '^gofau @ ' > requirements-interop.lock
	rm requirements-interop.all

clean: ## Remove .venv and caches; studies in .gofau stay.
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
