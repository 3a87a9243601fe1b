# The two commands: `make run` serves, `make test` tests. Each sets up all it needs; Python 3.11 is the one thing to have.

PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
DATA_DIR ?= data
EMBEDDED := $(DATA_DIR)/models/.ready

.PHONY: run test check fix bench install replay call clean

run: install
	$(BIN)/gunicorn -c gunicorn.conf.py app.wsgi:app

install: .venv/.runtime $(EMBEDDED)

test: .venv/.dev $(EMBEDDED)
	$(BIN)/python -m pytest

check: .venv/.dev $(EMBEDDED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

fix: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.dev
	$(BIN)/python -m tests.bench

replay: .venv/.runtime
	$(BIN)/python -m app replay $(CALL)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed; $(PYTHON) is another version"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements.txt requirements-embedded.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-embedded.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# The weights of the embedded engines; checked by their sha256, fetched once, with progress.
$(EMBEDDED): app/speech/embedded/weights.py .venv/.runtime
	$(BIN)/python -m app.speech.embedded.install --dir $(DATA_DIR)/models --mirror "$(MODELS_MIRROR)"
	@touch $@
