# Everything is done through a virtual environment of its own in .venv, made on first use.
# All a fresh machine needs is make and Python 3.11 or newer: `make PYTHON=python3.12 test` names another one.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test chaos check format bench clean FORCE

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY)  ## Crawl the metadata of the installed packages and write a report (no internet needed)
	@$(BIN)/python examples/package-census/run_demo.py

test: $(READY)  ## Run all tests, or those in TESTS
	$(BIN)/pytest -n 2 $(TESTS)

# CHAOS_SEED=n repeats a course of events, as far as the machine lets it.
CHAOS_SECONDS ?= 300
chaos: $(READY)  ## Kill, freeze and cut off three real nodes and their PostgreSQL for five minutes
	MAESTRALE_CHAOS_SECONDS=$(CHAOS_SECONDS) MAESTRALE_CHAOS_SEED=$(CHAOS_SEED) $(BIN)/pytest -s tests/chaos

check: $(READY)  ## Look at style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict
	$(BIN)/mypy --strict examples/package-census
	$(BIN)/lint-imports

format: $(READY)  ## Put the sources into the house's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY)  ## Run the benchmarks
	$(BIN)/python -m benchmarks

clean:  ## Remove the virtual environment and everything that was built
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is newer than pyproject.toml when the package and its tools are installed as that file says.
$(READY): $(VENV)/pyvenv.cfg pyproject.toml
	@echo "Installing maestrale and its development tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(VENV)/pyvenv.cfg:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "There is no \`$(PYTHON)\` here. Install Python 3.11 or newer, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "\`$(PYTHON)\` is $$("$(PYTHON)" --version 2>&1), but Maestrale needs Python 3.11 or newer." >&2; \
	  echo "Install one, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "\`$(PYTHON)\` cannot make virtual environments: its venv module is not installed." >&2; \
	  echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV)

# A system upgrade can take away the Python that the environment links to: then it is made anew.
ifneq ($(shell test -x $(BIN)/python && echo usable),usable)
$(VENV)/pyvenv.cfg: FORCE
endif
FORCE:
