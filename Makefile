# What a person types: make run, make test, make demo-data, make lint. Everything installs itself from the hash locks.
# Variables: PYTHON (an interpreter to use), PORT and the other settings of README.md; ARGS goes to pytest.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The portal's processes, and those of its tests, import the same files again and again.
unexport PYTHONDONTWRITEBYTECODE

# A command that only looks gets a data folder of its own, which goes away with it.
SPARE_DATA = set -e; export HEXENROLL_DATA=$$(mktemp -d); trap 'rm -rf "$$HEXENROLL_DATA"' EXIT

.PHONY: run test test-portals test-once test-both-sqlite test-both-postgresql test-sqlite test-postgresql lint format browser screenshots demo-data lock bench clean

run: $(VENV)/run.stamp
	@exec $(BIN)/python -P hexenroll/leash.py - TERM $(BIN)/python manage.py up

demo-data: $(VENV)/run.stamp
	@$(BIN)/python manage.py seed_demo

# Side by side, each printing at its end: what no database has a part in, and the rest on each database. Three at a
# time on two processors: what runs portals waits as long as it computes.
RUNS_PORTALS := tests/faults tests/journeys tests/hexenroll
test: lint browser
	@echo "Testing; this prints after some minutes."
	@$(MAKE) --no-print-directory --jobs=3 --keep-going --output-sync=target \
	  test-portals test-both-sqlite test-both-postgresql test-once

test-portals: $(VENV)/test.stamp
	$(BIN)/python -m pytest --database sqlite -m once $(RUNS_PORTALS)

test-once: $(VENV)/test.stamp
	$(BIN)/python -m pytest --database sqlite -m once $(RUNS_PORTALS:%=--ignore=%)

test-both-sqlite test-both-postgresql: test-both-%: $(VENV)/test.stamp
	$(BIN)/python -m pytest --database $* -m "not once"

# One file or test, on one database: make test-sqlite ARGS="tests/devices -k mapping"
test-sqlite: $(VENV)/test.stamp
	$(BIN)/python -m pytest --database sqlite $(ARGS)

test-postgresql: $(VENV)/test.stamp
	$(BIN)/python -m pytest --database postgresql $(ARGS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(SPARE_DATA); $(BIN)/python manage.py makemigrations --check --dry-run
	@$(SPARE_DATA); PUBLIC_URL=https://portal.example.com $(BIN)/python manage.py check --deploy --fail-level WARNING

format: $(VENV)/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Chromium for the browser tests.
browser: $(VENV)/test.stamp
	@tests/browser/find-browser

# The pictures of the docs. Every page in every state, and what is wrong with it: ARGS="--all /tmp/pictures"
screenshots: $(VENV)/test.stamp browser
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

# A stamp holds the lock that was installed: nothing is installed while the lock is the same.
$(VENV)/run.stamp: requirements/run.lock requirements/install
	@requirements/install run

$(VENV)/test.stamp: requirements/test.lock requirements/install
	@requirements/install test

# The tables of README, section Figures; the better part of an hour, alone on the machine. Less:
# make bench ARGS="--rows 10000 --pages 0" ENROLL_ARGS="--devices 10000 --rounds 1"
bench: $(VENV)/test.stamp
	@$(BIN)/python -m tests.bench.import_rate $(ARGS)
	@$(BIN)/python -m tests.bench.invitation_rate $(INVITATION_ARGS)
	@$(BIN)/python -m tests.bench.enroll_rate $(ENROLL_ARGS)
	@$(BIN)/python -m tests.bench.credential_timing
	@$(BIN)/python -m tests.bench.ade_rate $(ADE_ARGS)

# Needs uv (any version of 2025 or later).
lock:
	cd requirements && for name in run test; do \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    $$name.in --output-file $$name.lock --quiet || exit 1; done

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
