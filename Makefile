PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
TESTS ?=
PYTEST := $(BIN)/python -m pytest
PARALLEL := -n logical --dist worksteal
INCLUDED := test lint types browser docs release# the groups that the group dev includes

.PHONY: help demo dev test slow coverage lab lint format types layers browser docs pictures notebooks bench wheel check clean
.DEFAULT_GOAL := help
.SECONDARY:

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Some of the tests:  make test TESTS='tests/auth -k token'"
	@echo "  One, in a debugger: $(BIN)/python -m pytest --pdb tests/auth/test_flow.py::test_redirect_is_received"

demo: .venv/lab.done  ## run the quickstart notebook on the sandbox, and print the frame it got
	@$(BIN)/python notebooks/run.py notebooks/quickstart.ipynb

test: .venv/test.done  ## run the fast tests, on all cores; TESTS='tests/auth -k token' selects some
	$(PYTEST) $(PARALLEL) $(TESTS)

slow: .venv/test.done  ## run the slow tests: notebooks, memory, slow servers, long properties; TESTS= as above
	$(PYTEST) $(PARALLEL) -m "slow and not load" $(TESTS)

coverage: .venv/test.done  ## run the fast and the slow tests, and measure the branches they take, at least 97 %
	$(PYTEST) $(PARALLEL) -m "not browser and not wheel and not load" --cov --cov-report=term

dev: .venv/dev.done  ## install every tool, and check style, types and layers at each commit
	$(BIN)/pre-commit install

lab: .venv/lab.done  ## open the quickstart in JupyterLab
	$(BIN)/jupyter lab notebooks/quickstart.ipynb

lint: .venv/lint.done  ## check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: .venv/lint.done  ## correct style and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: .venv/types.done  ## check types: the package with mypy, what users write with mypy and pyright
	$(BIN)/mypy
	$(BIN)/mypy tests/typing/api.py
	$(BIN)/pyright --pythonpath $(BIN)/python

layers: .venv/lint.done  ## check that imports point one way
	$(BIN)/lint-imports

browser: .venv/browser.done  ## run the browser tests: JupyterLab in Chromium (Debian: apt-get install chromium)
	$(PYTEST) -m browser

docs: .venv/docs.done  ## build the documentation in build/docs, strictly and offline, and check its links
	$(BIN)/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going docs build/docs
	$(BIN)/python docs/check.py build/docs

pictures: .venv/browser.done  ## take the README's pictures again: the login panel, and a notebook
	SALESMATE_NB_SHOTS=build/pictures $(PYTEST) -m browser tests/browser/test_key_panel.py -k pictures
	cp build/pictures/sign-in.png build/pictures/sign-in-dark.png .github/
	cp build/pictures/notebook.png build/pictures/notebook-dark.png .github/

notebooks: .venv/test.done  ## run the notebooks in fresh kernels, and save their outputs
	$(BIN)/python notebooks/run.py --save notebooks/*.ipynb

bench: .venv/test.done  ## measure speed and memory, and write docs/explanation/benchmarks.txt
	$(BIN)/python -m tests.benchmarks

wheel: .venv/release.done  ## build the wheel, and try it in an empty environment
	$(PYTEST) -m wheel

check: lint types layers test  ## run lint, types, layers and the fast tests

clean:  ## remove the environment and what tools left
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

.venv/pip.done: | .venv/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'  # the first that reads dependency groups
	@touch $@

.venv/lab.done: pyproject.toml | .venv/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --editable '.[lab]' nbclient
	@touch $@

.venv/%.done: pyproject.toml | .venv/pip.done
	$(BIN)/python -m pip install --quiet --editable '.[excel,keyring,sandbox]' --group $*
	@touch $@ $(if $(filter dev,$*),$(INCLUDED:%=.venv/%.done))
