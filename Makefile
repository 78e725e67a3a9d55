# One virtual environment, one command for each job. On Windows: see docs/install.md and CONTRIBUTING.md.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LOW := build/lowest
PIP := -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint unit sample wheel docs site soak test-lowest bench clean

## demo: install into $(VENV) and check three proposals on the sample plan
demo: $(VENV)/.installed
	$(BIN)/kkpr-check demo

## test: all that a change has to pass
test: lint unit sample wheel

lint: $(VENV)/.developed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/gen_docs.py --check
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/site

unit: $(VENV)/.developed
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

sample: $(VENV)/.developed
	$(BIN)/kkpr-check --quiet demo --format json > /dev/null

## wheel: build sdist and wheel twice (the same bytes), install the wheel elsewhere, run it outside the source tree without extras
wheel: $(VENV)/.developed
	rm -rf build/wheel && mkdir -p build/wheel
	$(BIN)/python -m build --outdir build/wheel > build/wheel/log.txt || { cat build/wheel/log.txt; exit 1; }
	$(BIN)/python -m build --outdir build/wheel/again > build/wheel/log.txt || { cat build/wheel/log.txt; exit 1; }
	for file in build/wheel/again/*; do cmp $$file build/wheel/$$(basename $$file) || exit 1; done
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/python $(PIP) build/wheel/kkpr_check-*.whl
	cd build/wheel/venv && bin/kkpr-check --quiet demo --format json > /dev/null && bin/kkpr-check --version

## docs: write the generated pages and pictures again
docs: $(VENV)/.developed
	$(BIN)/python scripts/gen_docs.py
	$(BIN)/python scripts/make_pictures.py
	$(BIN)/python scripts/make_museum.py

## site: the documentation as web pages, in build/site
site: $(VENV)/.developed
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/site

## soak: the corpora that `make test` runs reduced, whole; writes the figures of docs/reliability.md and docs/fuzzing.md
soak: $(VENV)/.developed
	KKPR_SOAK=1 $(BIN)/python -m pytest -q -n 2 --timeout=0
	$(BIN)/python benchmarks/load.py --write
	$(BIN)/python scripts/reliability.py --at-most 0 --write
	$(BIN)/python scripts/fuzz.py --minutes 30 --write

## test-lowest: the tests with every direct dependency at its floor in pyproject.toml
test-lowest:
	rm -rf $(LOW) && mkdir -p $(LOW)
	$(PYTHON) -m venv $(LOW)/venv
	$(LOW)/venv/bin/python $(PIP) --upgrade 'pip>=25.1'
	$(LOW)/venv/bin/python scripts/lowest.py > $(LOW)/constraints.txt
	$(LOW)/venv/bin/python $(PIP) --constraint $(LOW)/constraints.txt --editable '.[all]' --group test
	$(LOW)/venv/bin/python -m pytest -q -n 2

## bench: a cold check and --help against `import geopandas`; writes the figures into README.md
bench: $(VENV)/.developed
	$(BIN)/python benchmarks/check_cold.py --write

clean:
	rm -rf build dist $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --upgrade 'pip>=25.1'

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing kkpr-check into $(VENV): a minute or two."
	$(BIN)/python $(PIP) --editable '.[all]'
	@touch $@

$(VENV)/.developed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing kkpr-check and what its tests need into $(VENV): some minutes."
	$(BIN)/python $(PIP) --editable '.[all]' --group dev
	@touch $@ $(VENV)/.installed
