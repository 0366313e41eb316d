# Two commands are enough on a fresh machine with Python >= 3.11 and make: `make demo` and `make test`.
# Both set up what they need; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
CODE := hub adapters schemas tests tools examples bench deploy/hub

# Data lives under HUB_HOME; the Kafka jars may be shared by several checkouts through HUB_CACHE.
export HUB_CACHE ?= $(abspath $(or $(HUB_HOME),var))/cache
JARS := $(HUB_CACHE)/kafka/jars/.complete

# Compiled once, and not again in every process that starts.
unexport PYTHONDONTWRITEBYTECODE

# Options of targets: make demo ARGS="--dossiers 50"; make ledger EVENTS=2000 KILLS=4 SEED=7
ARGS ?=
EVENTS ?= 20000
KILLS ?= 40
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long ledger controls check bench up down docs docs-site lock clean \
	check-lint check-format check-types check-imports check-sizes check-generated check-rules check-text check-locks

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
	    printf '  make %-10s %s\n' "$$name" "$$text"; done

setup: $(VENV)/.project $(JARS) ## Virtual environment, locked packages, Kafka jars; quick when nothing changed

demo: setup ## Run the main job and check every effect (ARGS="--dossiers N --seed N --keep")
	@$(RUN) examples.demo $(ARGS)

test: setup ## The tests, four files at a time (ARGS="-k name", ARGS="-n 0" for one after the other)
	@$(RUN) pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-long: setup ## The hostile world: outages, kills, floods, forged rows, whole sites, foreign clients, fuzzing, alerts
	@$(RUN) pytest -n 4 --dist loadfile --no-loadscope-reorder -m long $(ARGS)

ledger: setup ## The long run with kills (EVENTS, KILLS, SEED)
	@$(RUN) tests.support.ledger --events $(EVENTS) --kills $(KILLS) --seed $(SEED) $(ARGS)

controls: setup ## Break the code on purpose; the ledger must catch each
	@$(RUN) tests.controls $(ARGS)

bench: setup $(VENV)-bench/.complete ## Measure against other programs (BENCH_PYTHON has quixstreams, bytewax, DBOS)
	@BENCH_PYTHON=$(abspath $(VENV)-bench)/bin/python $(RUN) bench $(ARGS)

up: setup ## Start broker, database, the whole hub and its page; they stay up
	@$(RUN) tools.local_hub up

down: ## Stop what `make up` started; the data stays
	@if [ -x $(BIN)/python ]; then $(RUN) tools.local_hub down; fi

check: setup ## Lint, types, import contracts, sizes, generated files, texts, locks
	@$(MAKE) --no-print-directory --keep-going check-lint check-format check-types check-imports check-sizes \
	    check-generated check-rules check-text check-locks

check-lint:
	@$(BIN)/ruff check --quiet --output-format concise .

check-format:
	@$(BIN)/ruff format --quiet --check --output-format concise . || { echo "check-format: run .venv/bin/ruff format"; exit 1; }

check-types:
	@$(BIN)/mypy $(wildcard $(CODE))

check-imports:
	@$(BIN)/lint-imports --no-logo --cache-dir var/import_linter_cache

check-sizes:
	@$(RUN) tools.size_bounds

check-generated:
	@$(RUN) schemas.generate --check
	@$(RUN) tools.settings_table --check
	@$(RUN) tools.metrics_table --check
	@$(RUN) tools.rooms_picture --check
	@$(RUN) tools.errors_page --check
	@$(RUN) tools.catalogue_page --check
	@$(RUN) tools.regulation_page --check
	@$(RUN) tools.adapter_services --check

check-rules: # each rule of the regulation is taken away, and a test must see it
	@$(RUN) tests.controls.rules

check-text:
	@$(RUN) tools.forbidden_text

check-locks:
	@$(RUN) tools.locks

docs: setup ## Write the generated pages and schemas anew
	@$(RUN) schemas.generate
	@$(RUN) tools.settings_table
	@$(RUN) tools.metrics_table
	@$(RUN) tools.rooms_picture
	@$(RUN) tools.errors_page
	@$(RUN) tools.catalogue_page
	@$(RUN) tools.regulation_page
	@$(RUN) tools.adapter_services
	@$(RUN) tests.support.forms
	@$(RUN) tests.support.notice_pictures
	@$(RUN) tests.support.report_papers

docs-site: setup $(VENV)-docs/.complete ## Build the pages as a site under var/docs-site, with search, and check its links
	@$(RUN) tools.docs_site

UV_COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

lock: ## Lock the requirements anew (maintainers; needs uv)
	$(UV_COMPILE) pyproject.toml --group dev -o requirements.lock
	$(UV_COMPILE) pyproject.toml --group image --no-annotate -c requirements.lock -o requirements-run.lock
	$(UV_COMPILE) --group bench -o requirements-bench.lock
	$(UV_COMPILE) --group docs -o requirements-docs.lock

clean: down ## Stop all embedded servers; remove environments, caches and ALL data under ./var
	@if [ -x $(BIN)/python ]; then \
	    for state in var/embedded.json var/*/embedded.json; do \
	        [ ! -f "$$state" ] || $(RUN) hub.embedded down --wipe --home "$$(dirname "$$state")" || exit 2; \
	    done; fi
	rm -rf $(VENV) $(VENV)-bench $(VENV)-docs var build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/pyvenv.cfg:
	@command -v $(PYTHON) >/dev/null || { echo "setup: no $(PYTHON) on the PATH: install Python 3.11 or later" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "setup: $$($(PYTHON) --version) is too old: Python 3.11 or later is needed (make PYTHON=python3.12)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "setup: $(PYTHON) has no module venv: install it (on Debian the package python3-venv)" >&2; exit 2; }
	@echo "setup: virtual environment in $(VENV)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.requirements: requirements.lock $(VENV)/pyvenv.cfg
	@echo "setup: $$(grep -c '==' requirements.lock) locked packages, checked by SHA-256"
	@$(PIP) install --require-hashes --no-deps -r requirements.lock || { \
	    echo "setup: the packages could not be installed: network, disk or a changed package, see above" >&2; exit 2; }
	@touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.requirements
	@echo "setup: the command $(BIN)/hub"
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(JARS): hub/embedded/kafka-jars.lock | $(VENV)/.project
	@$(RUN) tools.fetch_jars
	@touch $@

$(VENV)-bench/.complete: requirements-bench.lock
	@echo "setup: $$(grep -c '==' requirements-bench.lock) locked packages of the programs that are compared"
	@$(PYTHON) -m venv $(VENV)-bench
	@$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r $<
	@touch $@

$(VENV)-docs/.complete: requirements-docs.lock
	@echo "docs-site: $$(grep -c '==' requirements-docs.lock) locked packages of the program that builds the site"
	@$(PYTHON) -m venv $(VENV)-docs
	@$(VENV)-docs/bin/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes --no-deps -r $<
	@touch $@
