# make run     the main job: rural Mexico, five arms, with and without a COVID-like shock
# make test    the tests
# make lint    format, lint, types and the import contract
# make site    the pages of docs/ as a site, build/site/index.html
# make bench   the benchmarks, beside other engines (ARGS="--quick" takes a minute)
# make clean   remove the environment and what was built
#
# The environment is made once in .venv, and refreshed when pyproject.toml changes.
# Another interpreter: make run PYTHON=python3.12     Overrides: make run ARGS="case=erewhon"

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := run
.PHONY: run test lint site bench clean

run: $(READY)
	$(BIN)/resilience-sim run $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest $(ARGS)

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

site: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/resilience-sim bench $(ARGS)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "resilience-sim needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
