# Two commands do it all on a machine with Python (3.11 or newer) and make: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
YEAR ?= 2020-2021

.PHONY: run test test-postgres ui bench lint audit attacks lock docs clean

# Many short processes import the same modules: compiled ones are kept even where the machine says not to.
export PYTHONDONTWRITEBYTECODE :=

# The stamp holds the lock it was made from, so a changed lock installs again and an unchanged one costs nothing.
$(VENV)/.runtime: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

run: $(VENV)/.runtime  ## the main job on the generated sample, SQLite
	$(BIN)/oko sample --if-missing
	$(BIN)/oko run $(YEAR)

test: $(VENV)/.dev  ## lint, types, architecture, tests
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n auto -q

test-postgres: $(VENV)/.dev  ## the tests that use a database, once more on a PostgreSQL server of their own; ARGS go to pytest
	$(BIN)/python -m pytest -n auto -q --database=postgresql $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/basedpyright --level error
	$(BIN)/bandit -q -ll -c pyproject.toml -r oko_pipeline assets checks resources
	$(BIN)/dagster definitions validate -w workspace.yaml

audit: $(VENV)/.dev  ## the locks against known vulnerabilities; says what could not be looked up (ARGS=--strict)
	$(BIN)/python bench/audit.py $(ARGS)

attacks: $(VENV)/.dev  ## the table of hostile inputs: how many were refused
	$(BIN)/python bench/attacks.py $(ARGS)

ui: $(VENV)/.runtime  ## Dagster UI on http://127.0.0.1:3000
	$(BIN)/oko ui

bench: $(VENV)/.dev  ## speed beside a naive script and the physical floor; options: make bench ARGS="--only b,e"
	$(BIN)/python bench/bench.py $(ARGS)

docs: $(VENV)/.runtime  ## regenerate the pages and sections that are made of the code
	$(BIN)/python -m oko_pipeline.orchestration.docs_pages

lock:  ## re-resolve the locks (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras --no-emit-find-links pyproject.toml --extra build -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras --no-emit-find-links pyproject.toml --extra build --extra dev -c requirements.txt -o requirements-dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras --no-emit-find-links pyproject.toml --extra build --extra cluster --extra kubernetes --extra postgres --extra remote -c requirements.txt -o deploy/kubernetes/requirements.txt

clean:
	rm -rf $(VENV) var build
