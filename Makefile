# make data:    sets up, generates the specification's dataset, prints a summary.
# make check:   sets up, runs what takes seconds: style, types, imports, the quick tests.
# make test:    sets up, runs every check.
# make release: builds what is published, and uses it in a clean environment.

# The first of these that is 3.11 or newer; make PYTHON=... names another.
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
NO_PYTHON := fleetsynth needs Python 3.11 or newer, and none was found as python3 or python3.11: \
	install one, or name it, such as make PYTHON=/opt/python/bin/python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The newest supported Python that runs here; pyenv keeps its own away from the path.
NEWEST ?= $(shell for python in python3.14 python3.13 \
	"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.14*/bin/python \
	"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13*/bin/python; do \
	"$$python" -c '' 2>/dev/null && echo "$$python" && break; done)
NEWEST_VENV := .venv-newest
NEWEST_READY := $(NEWEST_VENV)/.ready
OLDEST := .venv-oldest
OLDEST_READY := $(OLDEST)/.ready
RELEASE := .venv-release
JOBS ?= 2
WITH ?=
IN_TURN := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
# Bytecode is made of what is imported, and not of all that is installed.
INSTALL := pip install --quiet --no-compile --disable-pip-version-check

.PHONY: data check test style imports types lint unit chromium postgresql prometheus oldest newest on-newest docs bench release clean
.DEFAULT_GOAL := data

data: $(READY)
	$(BIN)/fleetsynth generate --overwrite

# The second time takes seconds: mypy remembers what it has seen.
check: lint
	$(BIN)/python -m pytest --quiet -n $(JOBS) -m "not slow" tests/unit

# What uses one processor runs side by side; then the tests, which use them all. WITH=newest runs
# that beside the others.
test:
	$(MAKE) --no-print-directory --jobs=$(JOBS) $(IN_TURN) lint oldest $(WITH)
	$(MAKE) --no-print-directory unit

style: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

imports: $(READY)
	$(BIN)/lint-imports --no-logo

types: $(READY)
	$(BIN)/mypy

lint: style imports types

unit: $(READY) chromium postgresql prometheus
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

# The browser tests need Chromium. Root installs it where apt-get can; without it those tests are
# skipped, with the reason, or fail in continuous integration.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } \
	|| echo "no Chromium: the browser tests are skipped; apt-get install chromium"

# The tests of `export` start a PostgreSQL of their own from its programs. Root installs them where
# apt-get can; elsewhere those tests are skipped, with the reason.
postgresql:
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends postgresql postgresql-client >/dev/null; } \
	|| echo "no PostgreSQL: its tests are skipped; apt-get install postgresql"

# So do the tests of `serve` with the servers that ask it.
prometheus:
	@{ command -v prometheus && command -v victoria-metrics; } >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends prometheus victoria-metrics >/dev/null; } \
	|| echo "no Prometheus or VictoriaMetrics: tests that ask them are skipped; apt-get install both"

# The golden digests once more, on the oldest supported versions.
oldest: $(OLDEST_READY)
	$(OLDEST)/bin/python -m pytest tests/golden

# And on the newest supported Python, where there is one, with tests of types, names and times.
SMOKE := $(addprefix tests/unit/test_,columns.py numeric.py scenario.py shown.py)
newest:
	@if test -n "$(NEWEST)"; then $(MAKE) --no-print-directory on-newest; \
	else echo "no Python newer than 3.12: nothing is checked on one"; fi

on-newest: $(NEWEST_READY)
	$(NEWEST_VENV)/bin/python -m pytest --quiet tests/golden $(SMOKE)

docs: $(READY)
	$(BIN)/python -m docs.build

bench: $(READY)
	$(BIN)/python -m bench.classic

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "$(NO_PYTHON)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(INSTALL) --constraint constraints.txt --editable '.[dev]'
	touch $@

$(OLDEST_READY): pyproject.toml constraints-oldest.txt
	@test -n "$(PYTHON)" || { echo "$(NO_PYTHON)" >&2; exit 1; }
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/$(INSTALL) --constraint constraints-oldest.txt --editable . pytest
	touch $@

$(NEWEST_READY): pyproject.toml constraints.txt
	"$(NEWEST)" -m venv $(NEWEST_VENV)
	$(NEWEST_VENV)/bin/$(INSTALL) --constraint constraints.txt --editable . pytest
	touch $@

# The tutorial runs from the wheel alone: nothing of src/ can be imported there.
release: $(READY)
	rm -rf dist $(RELEASE)
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/pip install --quiet --constraint constraints.txt "$$(echo dist/*.whl)[plot]"
	$(RELEASE)/bin/python -m tests.docs.from_wheel

clean:
	rm -rf .venv* .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
