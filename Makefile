# `make help` lists what there is. Every target sets up what it needs: the only wants are Python 3.11+ and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready

.PHONY: help demo up test test-any-day check format lock bench docs clean
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Meguri needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)  ## a company of 120 people and its cycle, on real servers of its own, until Ctrl-C
	@$(BIN)/meguri demo $(DEMO_ARGS)

up: $(READY)  ## the servers and a worker, without the sample company, until Ctrl-C
	@$(BIN)/meguri up

test: $(READY)  ## all tests; they start the servers they need
	$(BIN)/python tests/run.py

test-any-day: $(READY)  ## the tests that depend on dates, and the demo, as of twelve other days
	@$(BIN)/python -m tests.as_of.any_day $(DAYS)

check: $(READY)  ## format, lint, types, layers, and docs that are printed from the code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python -m docs.print --check

format: $(READY)  ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)  ## print the documents that come from the code
	$(BIN)/python -m docs.print

lock: $(READY)  ## choose versions anew; hashes, no addresses
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --constraints requirements.lock pyproject.toml -o requirements.run.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --constraints requirements.lock --extra bench pyproject.toml -o requirements.bench.lock

$(BENCH_READY): $(READY) requirements.bench.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.bench.lock
	@touch $(BENCH_READY)

bench: $(BENCH_READY)  ## what Meguri costs over bare Temporal and beside DBOS, as ratios measured in one run
	$(BIN)/python -m tests.bench.bench

clean:  ## remove what the build made; data in var/ stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
