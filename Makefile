# Every job is one command; each can be repeated. `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
SERVE ?= 1
PORT ?= 8866
CEM = $(VENV)/bin/cem
UV_VERSION = 0.13.9

.PHONY: help setup demo test lab apps bench lint schema lock chromium java clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(VENV)/.ready  ## own virtual environment with the locked versions

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is older. Call: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing the locked packages into $(VENV) …"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --require-hashes -r requirements.lock
	@$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --no-deps -e .
	@touch $@
	@echo "Ready: $(CEM) --help"

demo: setup  ## build the demo operator, run its reports, serve the portal (SERVE=0: without serving)
	@$(CEM) demo $(if $(filter 0,$(SERVE)),--no-serve,--port $(PORT))

test: setup chromium java  ## all tests, those of the browser and of Spark included
	@$(VENV)/bin/ruff check . && $(VENV)/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

lab: setup  ## JupyterLab on the notebooks
	@$(CEM) lab

apps: setup  ## the portal with every app
	@$(CEM) apps --port $(PORT)

bench: setup  ## benchmarks (never part of the tests)
	@$(VENV)/bin/python -m tests.bench

lint: setup  ## style and stripped notebooks
	@$(VENV)/bin/ruff check . && $(VENV)/bin/nbstripout --verify --extra-keys 'metadata.papermill cell.metadata.papermill' notebooks/*.ipynb notebooks/tutorials/*.ipynb

schema: setup  ## write the schema page in CONTRIBUTING.md anew
	@$(VENV)/bin/python -c 'from pathlib import Path; from cemlib.schema.page import write_schema_page; write_schema_page(Path("CONTRIBUTING.md"))'

lock:  ## resolve the versions anew into requirements.lock
	@$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --no-emit-find-links --output-file requirements.lock --upgrade pyproject.toml

chromium:
	@$(SHELL) tests/browser/find_chromium.sh

java:
	@$(SHELL) tests/spark/find_java.sh

clean:  ## remove what was generated: lake, demo files, reports, environment (the key file stays)
	rm -rf $(VENV) data/lake data/fits data/incoming out build
