# The two commands: `make run` serves, `make test` tests. Each sets up all it needs; Python 3.11 is the one thing to have.

PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

# Two at a time on two cores: a third would spare a minute and a half, and now and then a call that keeps time would come
# late. In the order of their folders, so that what a folder shares (a server, its vendors) is started once by each process.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: run test check fix bench bench-turns bench-peer soak fuzz install replay vendor call clean

run: install
	$(BIN)/gunicorn -c gunicorn.conf.py app.wsgi:app

# The embedded engines' weights are fetched only where the settings let them serve.
install: .venv/.runtime
	$(BIN)/python -m app models --if-needed

test: .venv/.dev
	$(BIN)/python -m app models
	$(PYTEST)

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m app models
	$(PYTEST)

fix: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.dev
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.console
	$(BIN)/python -m tests.bench.store

# Calls with random behaviour and faults, then an audit: `make soak SOAK="--calls 2000 --seed 7"`.
soak: .venv/.dev
	$(BIN)/python -m tests.soak $(SOAK)

# Garbage by the million, led by coverage: `make fuzz FUZZ="hebrew --runs 1000000"`.
fuzz: .venv/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-fuzz.txt
	$(BIN)/python -m tests.fuzz $(FUZZ)

# How many calls a core carries, Pipecat (in an environment of its own) and a bare loop beside ours: half an hour.
bench-peer: .venv/.dev .venv-peer/.installed
	$(BIN)/python -m tests.bench.curve --peer 5,10,20 $(CURVE)

bench-turns: .venv/.dev
	$(BIN)/python -m tests.bench_turns

replay: .venv/.runtime
	$(BIN)/python -m app replay $(CALL)

# The console's libraries, from npm, as tools/vendor.json names them; only to renew them.
vendor: .venv/.runtime
	$(BIN)/python tools/vendor.py

clean:
	rm -rf .venv .venv-peer .mypy_cache .ruff_cache .pytest_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed; $(PYTHON) is another version"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements.txt requirements-embedded.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-embedded.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.venv-peer/.installed: tests/bench/peer/requirements.txt
	$(PYTHON) -m venv .venv-peer
	.venv-peer/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@
