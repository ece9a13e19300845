PYTHON ?= python3
BIN := .venv/bin
TESTS ?=

.PHONY: help demo test lab lint format types layers notebooks browser pictures bench wheel check clean
.DEFAULT_GOAL := help

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/lab.done  ## run the quickstart notebook on the sandbox, and print the frame it got
	@$(BIN)/python notebooks/run.py notebooks/quickstart.ipynb

test: .venv/dev.done  ## run the tests
	$(BIN)/python -m pytest $(TESTS)

lab: .venv/lab.done  ## open the quickstart in JupyterLab
	$(BIN)/jupyter lab notebooks/quickstart.ipynb

lint: .venv/dev.done  ## check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: .venv/dev.done  ## put style and format right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: .venv/dev.done  ## check types
	$(BIN)/mypy

layers: .venv/dev.done  ## check that imports point one way
	$(BIN)/lint-imports

browser: .venv/dev.done  ## drive JupyterLab in Chromium (Debian: apt-get install chromium)
	$(BIN)/python -m pytest -m browser

pictures: .venv/dev.done  ## take the README's pictures of the login panel anew
	SALESMATE_NB_SHOTS=build/pictures $(BIN)/python -m pytest -m browser tests/browser/test_panel.py
	cp build/pictures/sign-in.png build/pictures/sign-in-dark.png .github/
	cp build/pictures/connected.png build/pictures/connected-dark.png .github/

bench: .venv/dev.done  ## measure speed and memory, as ratios of one run
	$(BIN)/python -m tests.benchmarks

wheel: .venv/dev.done  ## build the wheel, and try it in an empty environment
	$(BIN)/python -m pytest -m wheel

check: lint types layers test  ## lint, types, layers and tests

clean:  ## remove the environment and what tools left
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/lab.done: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[lab]' nbclient
	@touch $@

.venv/dev.done: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ .venv/lab.done
