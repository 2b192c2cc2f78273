# run · test · lint · bench. Each makes its own virtual environment first; nothing else has to be installed by hand.

PYTHON ?= python3.11
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
ADDRESS ?= 127.0.0.1:8000
export TRUSTDESK_ADDRESS := $(ADDRESS)
# Many processes import the same modules; a compiled one is loaded in a fraction of the time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-fast test-browser lint types check bench clean
.DEFAULT_GOAL := run

# Every call to Atlassian is logged at INFO; at the terminal of a demo that would hide the sign-in.
run: export LOG_LEVEL ?= WARNING
run: $(VENV)/run.stamp  ## everything at once: web and worker on the embedded default
	@$(MANAGE) demo --address "$(ADDRESS)"
	@# Ctrl-C is how it ends: the shell waits for both, and make has nothing to complain about.
	@trap 'stopped=1' INT; $(MANAGE) run || [ -n "$$stopped" ]

test: test-fast test-browser  ## all tests, on the database of DATABASE_URL (SQLite without one)

# Each test has a sandbox and a directory of its own: thousands of small files, kept in memory where that is possible.
test-fast: export TMPDIR := $(shell [ -w /dev/shm ] && echo /dev/shm || echo "$${TMPDIR:-/tmp}")
test-fast: $(VENV)/dev.stamp
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

test-browser: $(VENV)/dev.stamp $(VENV)/browser.stamp
	$(BIN)/pytest -n 2 --dist worksteal --override-ini addopts="-p no:cacheprovider --strict-markers" tests/browser $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

check: $(VENV)/dev.stamp  ## migrations are complete, and the settings of production are safe
	$(MANAGE) makemigrations --check --dry-run

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp

# Playwright drives the system's Chromium; it is installed from the distribution where it is missing.
$(VENV)/browser.stamp: $(VENV)/dev.stamp
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || \
	  command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); $$SUDO apt-get update -qq && \
	    $$SUDO apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-noto-core; }
	@touch $@

clean:
	rm -rf $(VENV) var
