# Timbre: the two commands to know are `make demo` and `make test`.
# The newest supported Python on this machine, unless PYTHON names one.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11; do \
	$$p --version >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
SERVER := annotation/server
PACKAGES := timbre studies pipelines annotation trainer evaluation db recipes

.PHONY: setup demo test check format bench clean env backup restore audit sbom

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/timbre demo

# Argilla's server pins libraries that conflict with ours, so it has its own environment.
$(SERVER)/.venv/.installed: $(SERVER)/pyproject.toml $(SERVER)/constraints.txt
	test -x $(SERVER)/.venv/bin/python || $(PYTHON) -m venv $(SERVER)/.venv
	$(SERVER)/.venv/bin/pip install --quiet --constraint $(SERVER)/constraints.txt \
		--editable '$(SERVER)[dev]'
	touch $@

# Tests run in parallel, one process per core; each process computes in one thread.
test: setup $(SERVER)/.venv/.installed
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist worksteal
	cd $(SERVER) && .venv/bin/python -m pytest --numprocesses auto

check: setup $(SERVER)/.venv/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd $(SERVER) && .venv/bin/python -m mypy
	$(BIN)/lint-imports
	$(BIN)/pydoclint --quiet $(PACKAGES)
	$(BIN)/vulture
	$(BIN)/typos
	$(BIN)/deptry .
	$(BIN)/pytest -q tests/test_size.py tests/test_vocabulary.py tests/test_names.py
	for version in 3.11 3.12 3.13; do \
		$(BIN)/uv pip compile --quiet --python-version $$version --constraint constraints.txt \
			--extra dev pyproject.toml --output-file /dev/null && \
		$(BIN)/uv pip compile --quiet --python-version $$version \
			--constraint $(SERVER)/constraints.txt --extra dev $(SERVER)/pyproject.toml \
			--output-file /dev/null || exit 1; done

# Each benchmark prints its figures; most also write their page under docs/benchmarks.
bench: setup
	for script in $(basename $(notdir $(wildcard benchmarks/*.py))) \
			$(patsubst benchmarks/%/__main__.py,%,$(wildcard benchmarks/*/__main__.py)); do \
		$(BIN)/python -m "benchmarks.$$script" || exit 1; done

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The stack of docker-compose.yml; see docs/guides/stack.md.
env:
	@docker/make-env

backup:
	@docker/backup

restore:
	@docker/restore

# Known vulnerabilities of the libraries; “not checked” if no advisories can be reached.
audit: setup
	$(BIN)/python docker/audit

# The software bill of materials of an installation, which the images carry too.
sbom: setup
	mkdir -p dist
	$(BIN)/cyclonedx-py environment --output-reproducible --of JSON -o dist/timbre.cdx.json $(BIN)/python
