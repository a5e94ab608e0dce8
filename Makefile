# Timbre: two commands to know, `make demo` and `make test`.
PYTHON ?= python3.11
BIN := .venv/bin
PACKAGES := timbre studies pipelines annotation trainer evaluation db

.PHONY: setup demo test check format bench clean

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/timbre demo

test: setup
	$(BIN)/pytest
	cd annotation/server && "$$(cd ../.. && $(BIN)/timbre review install)" -m pytest

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pydoclint --quiet $(PACKAGES)
	$(BIN)/vulture
	$(BIN)/typos
	$(BIN)/pytest -q tests/test_size.py

# Each benchmark prints its table and writes it under docs/benchmarks.
bench: setup
	for script in benchmarks/*.py; do $(BIN)/python "$$script" || exit 1; done

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
