# `make help` lists the targets. Every target installs what it needs; the only requirements are Python 3.11+ and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready
CHROMIUM := /usr/bin/chromium-headless-shell

.PHONY: help demo up browser test test-any-day torture check format lock bench docs clean
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Meguri needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)  ## run a sample company of 120 people with a cycle, on separate real servers, until Ctrl-C
	@$(BIN)/meguri demo $(DEMO_ARGS)

up: $(READY)  ## run the servers and a worker, without the sample company, until Ctrl-C
	@$(BIN)/meguri up

browser:  ## install the browser of the passkey tests, as root on Debian; without it these tests are skipped
	@test -x $(CHROMIUM) || { test "$$(id -u)" = 0 && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium-headless-shell >/dev/null; } \
		|| echo "No browser, so the tests that need one are skipped. Install it as root: apt-get install chromium-headless-shell"

test: $(READY) browser  ## run all tests, two modules at a time; they start the servers that they need
	$(BIN)/python tests/run.py --numprocesses 2 --dist loadfile

test-any-day: $(READY)  ## run the tests that depend on dates, and the demo, as of twelve other days
	@$(BIN)/python -m tests.as_of.any_day $(DAYS)

torture: $(READY)  ## commands at random for ten minutes, while servers are killed; then all stores are compared
	@$(BIN)/python -m tests.torture $(TORTURE_ARGS)

check: $(READY)  ## check format, lint, types, layers, and the documents that are generated from the code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python -m docs.print --check

format: $(READY)  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)  ## generate the documents that come from the code
	$(BIN)/python -m docs.print

lock: $(READY)  ## update the lock files: versions and hashes, no index address
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --constraints requirements.lock pyproject.toml -o requirements.run.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --constraints requirements.lock --extra bench pyproject.toml -o requirements.bench.lock

$(BENCH_READY): $(READY) requirements.bench.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.bench.lock
	@touch $(BENCH_READY)

bench: $(BENCH_READY)  ## measure the cost of Meguri, bare Temporal and DBOS in one run, as ratios
	$(BIN)/python -m tests.bench.bench

clean:  ## remove all build output; keep the data in var/
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
