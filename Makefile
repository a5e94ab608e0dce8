# Timbre: two commands to know, `make demo` and `make test`.
PYTHON ?= python3.11
BIN := .venv/bin
SERVER := annotation/server
PACKAGES := timbre studies pipelines annotation trainer evaluation db

.PHONY: setup demo test check format bench clean env backup restore audit sbom

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/timbre demo

# Argilla's server pins libraries that cannot live with ours: it is tested in an environment apart.
$(SERVER)/.venv/.installed: $(SERVER)/pyproject.toml $(SERVER)/constraints.txt
	test -x $(SERVER)/.venv/bin/python || $(PYTHON) -m venv $(SERVER)/.venv
	$(SERVER)/.venv/bin/pip install --quiet --constraint $(SERVER)/constraints.txt \
		--editable '$(SERVER)[dev]'
	touch $@

test: setup $(SERVER)/.venv/.installed
	$(BIN)/pytest
	cd $(SERVER) && .venv/bin/python -m pytest

check: setup $(SERVER)/.venv/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd $(SERVER) && .venv/bin/python -m mypy
	$(BIN)/lint-imports
	$(BIN)/pydoclint --quiet $(PACKAGES)
	$(BIN)/vulture
	$(BIN)/typos
	$(BIN)/pytest -q tests/test_size.py

# Each benchmark prints its figures; most put them into their page under docs/benchmarks.
bench: setup
	for script in $(basename $(notdir $(wildcard benchmarks/*.py))) \
			$(patsubst benchmarks/%/__main__.py,%,$(wildcard benchmarks/*/__main__.py)); do \
		$(BIN)/python -m "benchmarks.$$script" || exit 1; done

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The stack of docker-compose.yml; docs/guides/stack.md tells more.
env:
	@docker/make-env

backup:
	@docker/backup

restore:
	@docker/restore

# What is known against the libraries; “not checked” where no advisories can be reached.
audit: setup
	$(BIN)/python docker/audit

# What an installation is made of, as the images carry it too.
sbom: setup
	mkdir -p dist
	$(BIN)/cyclonedx-py environment --output-reproducible --of JSON -o dist/timbre.cdx.json $(BIN)/python
