# Wardroom. `make` alone lists what there is.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first Python here that is new enough; PYTHON=... chooses another.
PYTHON := $(or $(PYTHON),$(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done))
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input --no-color

PORT ?= 8080
WARDROOM_HOME ?= ./var
# More test processes than cores: much of what they do is waiting, less of it in a thorough run.
CORES := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
JOBS ?= $(shell echo $$(( $(CORES) + $(if $(WARDROOM_THOROUGH),1,2) )))
# The packages of the sandbox hospital's CI server, shared by all test runs of this folder.
test bench: export WARDROOM_SANDBOX_VENV ?= $(CURDIR)/.venv-sandbox

# The tests start many processes; compiling the same modules in each is a third of their work.
test test-unit cover check-house: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test test-thorough test-unit test-plain test-all cover check $(CHECKS) format bench lock clean

help:  ## list what there is
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

run: $(VENV)/.run  ## start Wardroom with the sandbox hospital (PORT=8080, WARDROOM_HOME=./var)
	@test -n "$$WARDROOM_SANDBOX_VENV" || test ! -e .venv-sandbox/installed \
		|| export WARDROOM_SANDBOX_VENV="$(CURDIR)/.venv-sandbox"; \
	exec $(PY) -m sandbox.hospital --home "$(WARDROOM_HOME)" --port "$(PORT)" \
		-- $(PY) -m bot serve --config "$(WARDROOM_HOME)/wardroom.yaml" --prompt

test: $(VENV)/.dev  ## run the tests; ARGS="-k word" selects
	@$(PY) -m sandbox.venv "$(WARDROOM_SANDBOX_VENV)"
	@$(PY) -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

test-thorough:  ## run every test, with every example of every property, as CI does
	@WARDROOM_THOROUGH=1 $(MAKE) test

PLAIN := not hospital and not browser and not postgres and not crash
UNIT := tests/dispatch tests/integrations tests/render \
	$(wildcard tests/audit/test_query.py tests/audit/test_record.py tests/audit/test_tree.py \
	tests/test_catalogue.py tests/test_directory.py tests/test_settings*.py)

# These only compute, and each process imports everything first: no more of them than cores.
test-unit: $(VENV)/.dev  ## run the quick part: rules, values and drawing, with no store and no process
	@$(PY) -m pytest -n $(CORES) --dist loadgroup -m "$(PLAIN)" $(UNIT) $(ARGS)

test-plain: $(VENV)/.dev  ## run the tests that need nothing but Python
	@$(PY) -m pytest -n $(JOBS) --dist loadgroup -m "$(PLAIN)" $(ARGS)

test-all:  ## run test-plain on every Python here (3.11, 3.12, 3.13)
	@for version in 3.11 3.12 3.13; do \
		python$$version --version >/dev/null 2>&1 || { echo "python$$version is not here: skipped"; continue; }; \
		echo "Python $$version"; \
		$(MAKE) test-plain PYTHON=python$$version VENV=.venv-$$version || exit 1; \
	done

cover: $(VENV)/.dev  ## run every test and say which lines none of them reached
	@$(PY) -m sandbox.venv "$(CURDIR)/.venv-sandbox"
	@WARDROOM_SANDBOX_VENV="$(CURDIR)/.venv-sandbox" $(PY) -m pytest -n $(JOBS) --dist loadgroup --cov --cov-report= $(ARGS)
	@$(PY) -m coverage report --include 'bot/dispatch/*,bot/audit/*,commands/*' --fail-under 100
	@$(PY) -m coverage report

CHECKS := check-types check-house check-imports check-lint check-format
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync)

check: $(VENV)/.dev  ## formatting, lint, types, import contracts and house rules
	@$(MAKE) -k -j2 $(SYNC) $(CHECKS)

check-types:
	@$(PY) -m mypy --no-error-summary

check-house:
	@$(PY) -m pytest tests/house_rules

check-imports:
	@$(VENV)/bin/lint-imports --no-logo >$(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }

check-lint:
	@$(PY) -m ruff check --quiet .

check-format:
	@$(PY) -m ruff format --check --quiet .

format: $(VENV)/.dev  ## format the code and mend what can be mended
	@$(PY) -m ruff check --quiet --fix-only .
	@$(PY) -m ruff format --quiet .

bench: $(VENV)/.dev  ## measure, and print the ratios
	@$(PY) -m sandbox.venv "$(WARDROOM_SANDBOX_VENV)"
	@$(PY) -m benchmarks $(ARGS)

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --exclude-newer $(COOL)
# A week's cool-down: a release that is taken back is taken back within days.
COOL ?= $(shell $(PYTHON) -c 'import datetime as d; print(d.date.today() - d.timedelta(days=7))')

lock:  ## resolve the dependencies again, none younger than a week (needs uv)
	@$(LOCK) pyproject.toml -o requirements.lock
	@$(LOCK) --extra dev --constraints requirements.lock pyproject.toml -o requirements-dev.lock

clean:  ## remove what was installed and generated, not the data
	@rm -rf .venv .venv-3.* .venv-sandbox .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

# --- the virtual environment, made again when a lock changes -------------------------------------

$(VENV)/.run: requirements.lock pyproject.toml
	@$(call install,requirements.lock,$@)

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@$(call install,requirements-dev.lock,$@)

# $(1) is the lock, $(2) the mark that says it is installed.
define install
	test -n "$(PYTHON)" || { \
		echo "Wardroom needs Python 3.11 or newer, and none is on the PATH:"; \
		echo "install one (on Debian 12: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3"; \
		exit 1; } >&2; \
	if ! $(PY) -m pip --version >/dev/null 2>&1; then \
		echo "Making $(VENV) with $$($(PYTHON) --version)"; \
		rm -rf $(VENV); \
		$(PYTHON) -m venv $(VENV) || { \
			echo "This Python cannot make a virtual environment: install its venv package (Debian: apt install python3-venv)."; \
			exit 1; } >&2; \
	fi; \
	total=$$(grep -c '^[a-z].*==' $(1)); \
	echo "Installing $$total packages into $(VENV), once: about a minute"; \
	rm -f $(VENV)/failed; \
	{ $(PIP) install --no-deps --require-hashes --progress-bar off -r $(1) \
		&& $(PIP) install --quiet --no-deps --no-build-isolation -e . || touch $(VENV)/failed; } 2>&1 \
		| tee $(VENV)/install.log \
		| awk -v total=$$total '/^(Collecting|Processing) / { n++; if (n % 10 == 0) { print "  " n " of " total; fflush() } }'; \
	if test -e $(VENV)/failed; then \
		tail -n 3 $(VENV)/install.log; \
		echo "The packages could not be installed: check the disk and the way to your package index, then run make again."; \
		exit 1; \
	fi >&2; \
	touch $(2)
endef
