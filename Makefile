# make data: sets up, generates the specification's dataset, prints a summary.
# make test: sets up, runs every check.

# The first of these that is 3.11 or newer; make PYTHON=... names another.
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
NO_PYTHON := fleetsynth needs Python 3.11 or newer, and none was found as python3 or python3.11: \
	install one, or name it, such as make PYTHON=/opt/python/bin/python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NEWEST ?= python3.13
OLDEST := .venv-oldest
OLDEST_READY := $(OLDEST)/.ready
JOBS ?= 2

.PHONY: data test lint unit chromium oldest newest docs bench clean
.DEFAULT_GOAL := data

data: $(READY)
	$(BIN)/fleetsynth generate --overwrite

test: lint unit oldest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

unit: $(READY) chromium
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

# The browser tests need Chromium. Root installs it where apt-get can; without it those tests are
# skipped, with the reason, or fail in continuous integration.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } \
	|| echo "no Chromium: the browser tests are skipped; apt-get install chromium"

# The golden digests once more, on the oldest supported versions.
oldest: $(OLDEST_READY)
	$(OLDEST)/bin/python -m pytest tests/golden

# The same on the newest supported Python, where there is one.
newest:
	$(MAKE) lint unit PYTHON=$(NEWEST) VENV=.venv-newest

docs: $(READY)
	$(BIN)/python -m docs.build

bench: $(READY)
	$(BIN)/python -m bench.classic

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "$(NO_PYTHON)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

$(OLDEST_READY): pyproject.toml constraints-oldest.txt
	@test -n "$(PYTHON)" || { echo "$(NO_PYTHON)" >&2; exit 1; }
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip install --quiet --constraint constraints-oldest.txt --editable . pytest
	touch $@

clean:
	rm -rf .venv* .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
