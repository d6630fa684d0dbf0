# Needs Python >= 3.10 and a package index; everything is installed into .venv.
#
#   make demo       train FCN-32s, 16s and 8s on the embedded data set and compare them
#   make test       run the tests              (make test ARGS="-k conv" runs some of them)
#   make stand-in   run those of all that computes on a strict stand-in for CuPy
#   make chaos      train under every fault of disk, machine and process, for about ten minutes
#   make fuzz       read a thousand damaged files of every format (ten minutes)
#   make chromium   fetch a browser for the tests of pages, where the system has none
#   make lint       check style and types
#   make figures    draw the pictures of docs/ anew (ARGS="im2col" draws one of them)
#   make readme     run every command of the README, at a small size
#   make docs       build the site, build/site/index.html; any warning is an error
#   make clean      remove .venv, what was built, and caches

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

.PHONY: demo test stand-in chaos fuzz chromium lint figures readme docs clean

demo: .venv/installed
	$(BIN)/python -m minifcn.demo $(ARGS)

test: .venv/installed-dev
	$(BIN)/python -m pytest --durations=10 $(ARGS)

stand-in: .venv/installed-dev
	$(BIN)/python -m pytest --stand-in $(ARGS)

chaos: .venv/installed-dev
	PYTHONPATH=tests OPENBLAS_NUM_THREADS=1 $(BIN)/python -m chaos.campaign $(ARGS)

fuzz: .venv/installed-dev
	PYTHONPATH=tests $(BIN)/python -m fuzz.campaign $(ARGS)

chromium: .venv/installed-dev
	$(BIN)/python -m playwright install --only-shell chromium

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

figures: .venv/installed
	$(BIN)/python docs/figures $(ARGS)

readme: .venv/installed-dev
	$(BIN)/python tests/run_readme.py

docs: .venv/installed-docs
	$(BIN)/python docs/site/prepare.py
	PYTHONPATH=docs/site NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --config-file build/mkdocs.yml

clean:
	rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

# Made anew only when pyproject.toml changes.
.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and \
		"minifcn needs Python 3.10 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(INSTALL) .
	@touch $@

.venv/installed-dev: .venv/installed
	$(INSTALL) '.[dev]'
	-$(INSTALL) '.[distributed]'  # its tests are skipped where MPI cannot be installed
	-$(INSTALL) '.[cuda-check]'   # so are those that compile the CUDA kernels
	-$(INSTALL) '.[browser]'      # and those that drive a browser
	@touch $@

.venv/installed-docs: .venv/installed
	$(INSTALL) '.[docs]'
	@touch $@
