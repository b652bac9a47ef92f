# A fresh machine needs Python 3.11+ and make, nothing else: every target sets up .venv by itself.
PYTHON ?= python3
BIN := .venv/bin

# One worker for each of two cores; tests that share a server or fixtures stay together (tests/conftest.py).
PYTEST := $(BIN)/pytest -n 2 --dist loadgroup
# How long `make explore` goes on, in seconds; inf: until you stop it.
SECONDS := 600

.PHONY: demo check test explore lint bench clean

.venv/base: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("kolgraph needs Python 3.11 or newer; found " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --quiet -c constraints.txt -e .
	@touch $@

.venv/test: .venv/base
	$(BIN)/python -m pip install --quiet -c constraints.txt --group test
	@touch $@

.venv/bench: .venv/base
	$(BIN)/python -m pip install --quiet -c constraints.txt --group bench
	@touch $@

demo: .venv/base
	$(BIN)/kolgraph demo demo

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# While you work: lint, types and the tests that need no server, no browser and no patience.
check: lint
	$(PYTEST) -m "not neo4j and not browser and not slow"

# Everything, with the same examples every time.
test: lint
	$(PYTEST)

# The property tests on new examples, more of them, round after round, until one fails or time is up. What failed is
# printed with the line (@reproduce_failure) that repeats it. `make explore SECONDS=inf` goes on for ever.
explore: .venv/test
	$(BIN)/python -m tests.explore --seconds $(SECONDS)

bench: .venv/bench
	$(BIN)/python -m tests.bench

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
