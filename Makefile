# The words for people and for CI: `make demo`, `make test`, `make check`. Each sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One more than there are cores: a test that waits for a server or a death leaves its core to another.
WORKERS := $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))')
READY := $(VENV)/ready
# What is needed to run Stocktake, without what tests and checks need.
RUNTIME := $(VENV)/ready-to-run
LINTED := $(VENV)/sql-linted
# Of its own: it needs an older pandas than our programs of docs/bi/python.md.
ENGINES := $(VENV)/engines
# The whole of Spark, for its programs only: half a gigabyte.
SPARK := $(VENV)/spark
# Spark 3.5 with Stocktake beside it, whose process is the driver, and Iceberg.
SPARK_CLASSIC := $(VENV)/spark-classic
# Airflow and Dagster, each with Stocktake beside it, as docs/schedules says.
SCHEDULERS := airflow dagster

# Every process of the tests would compile all modules anew: half of what it takes a worker to begin.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-all test-engines test-spark-cluster test-schedules bench bench-quick bench-bounds simulate soak mutants pictures docs dbt dbt-docs check types style sandbox constraints clean

help: ## What there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## Ten simulated days of five systems, and the reports; no credentials
	@echo "Ten days of make-believe stock: loaded day by day, then built and published. A minute or two."
	@$(BIN)/stocktake demo

# tests/conftest.py says what is shared out as one.
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

test: $(READY) ## The fast tests, of every module, offline: some minutes on two cores
	$(PYTEST) -m "not slow"

test-slow: $(READY) ## The others: loads, builds, deaths
	$(PYTEST) -m slow

test-all: test test-slow ## Every test, each once

test-engines: $(ENGINES)/ready ## The models on Spark, by Sail: every published table equals DuckDB's; six minutes
	$(ENGINES)/bin/python -m pytest tests/engines

test-schedules: $(READY) $(SCHEDULERS:%=$(VENV)/%/ready) ## The files of docs/schedules in Airflow 3 and Dagster, and loads by each; some minutes
	STOCKTAKE_AIRFLOW=$(CURDIR)/$(VENV)/airflow/bin/python STOCKTAKE_DAGSTER=$(CURDIR)/$(VENV)/dagster/bin/python \
		$(BIN)/python -m pytest tests/pipelines/test_schedules.py tests/schedules

test-spark-cluster: $(ENGINES)/ready $(SPARK)/ready $(SPARK_CLASSIC)/ready ## The models on Spark 4.3, and on 3.5 with Iceberg: a master and two workers, of which one is killed; needs Java 17; 40 minutes
	@command -v java >/dev/null || { echo "Spark needs Java 17: on Debian and Ubuntu, apt-get install openjdk-17-jre-headless" >&2; exit 2; }
	STOCKTAKE_SPARK_HOME=$$(ls -d $(CURDIR)/$(SPARK)/lib/python3*/site-packages/pyspark) \
		$(ENGINES)/bin/python -m pytest tests/engines/test_cluster.py
	STOCKTAKE_SPARK_HOME=$$(ls -d $(CURDIR)/$(SPARK_CLASSIC)/lib/python3*/site-packages/pyspark) \
		$(SPARK_CLASSIC)/bin/python -m pytest tests/engines

bench: $(READY) ## What everything costs, beside the same by hand; writes benchmarks/README.md, takes an hour
	$(BIN)/python -m benchmarks

bench-quick: $(READY) ## The same with less data, in two minutes; fails where a cost has more than doubled
	$(BIN)/python -m benchmarks --quick

bench-bounds: $(READY) ## Of that, what has a bound, in a minute
	$(BIN)/python -m benchmarks --bounds

SCHEDULES ?= 200
SEED ?= 1
STEPS ?= 8

soak: $(READY) ## Schedules of changes, runs, storms and deaths by chance: SCHEDULES=200 SEED=1 STEPS=8
	$(BIN)/python -m tests.soak --schedules $(SCHEDULES) --seed $(SEED) --steps $(STEPS)

simulate: SCHEDULES = 100000
simulate: $(READY) ## The same of reading alone, in one process, thousands a minute: SCHEDULES=100000 SEED=1 STEPS=8
	$(BIN)/python -m tests.simulation --schedules $(SCHEDULES) --seed $(SEED) --steps $(STEPS)

mutants: $(READY) ## Takes out each guard against a loss: a test has to fail and name the loss
	$(BIN)/python -m tests.mutants
	$(BIN)/python -m tests.simulation.planted

pictures: $(READY) ## The dashboard's pictures in docs/img, of ten make-believe days; needs Chromium
	$(BIN)/python -m tests.dashboard.pictures

docs: $(READY) ## Writes the tables of the docs that repeat what the code says
	$(BIN)/python -m tests.docs_tables

# Types are checked by one core alone, so the others' checks go on beside.
check: $(READY) ## Format, lint, types, SQL, dependencies that fit, and who may import whom
	@$(MAKE) --no-print-directory -j2 types style $(LINTED)

types:
	$(BIN)/mypy

style:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m pip check  # versions that fit; known holes are looked up online, which nothing here does
	$(BIN)/python -m pytest tests/test_rooms.py tests/test_house.py

# The SQL that changed since it was last without fault; all of it where the linter or its rules changed.
SQL := $(shell find dbt_models/models dbt_models/tests -name '*.sql' -not -path '*/generic/*')
SQL_RULES := dbt_models/.sqlfluff $(READY)

$(LINTED): $(SQL) $(SQL_RULES)
	@echo "sqlfluff lint: $(words $(if $(filter $(SQL_RULES),$?),$(SQL),$?)) files"
	@printf '%s\n' $(if $(filter $(SQL_RULES),$?),$(SQL),$?) | xargs -n 65 -P 2 $(BIN)/sqlfluff lint
	@touch $@

ARGS ?= build
DEMO_DBT = STOCKTAKE_WORKING_DATABASE=$(CURDIR)/demo/warehouse/working.duckdb $(BIN)/$(1) --project-dir dbt_models \
	--profiles-dir dbt_models --target-path $(CURDIR)/demo/dbt --log-path $(CURDIR)/demo/dbt

dbt: $(READY) ## dbt on the demo's warehouse: make dbt ARGS="build -s rpt_low_stock+"
	@test -f demo/warehouse/working.duckdb || { echo "There is no demo warehouse yet: run make demo first." >&2; exit 2; }
	$(call DEMO_DBT,dbt $(ARGS))

dbt-docs: $(READY) ## dbt's documentation of the models, of the demo's warehouse, as one file to open
	@test -f demo/warehouse/working.duckdb || { echo "There is no demo warehouse yet: run make demo first." >&2; exit 2; }
	$(call DEMO_DBT,python -m tests.docs_site)
	@echo "Open demo/dbt/static_index.html in a browser."

sandbox: $(RUNTIME) ## The providers' APIs on localhost, with make-believe stock
	$(BIN)/stocktake sandbox

constraints: ## Renew constraints.txt from what pyproject.toml resolves to today
	rm -rf build/fresh
	$(PYTHON) -m venv build/fresh
	build/fresh/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	grep '^#' constraints.txt > build/constraints.txt
	build/fresh/bin/python -m pip freeze --exclude-editable | tr 'A-Z_' 'a-z-' | LC_ALL=C sort >> build/constraints.txt
	mv build/constraints.txt constraints.txt
	rm -rf build/fresh

clean: ## Remove what was made here: environment, demo, caches
	rm -rf $(VENV) build demo dbt_models/target dbt_models/logs logs *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable
# One line for each package that pip takes up, and pip's own exit code.
TELL := awk '/^exit / { code = $$2; next } /^Collecting / { split($$2, of, /[^A-Za-z0-9._-]/); printf "  %s\n", of[1]; fflush() } END { exit code }'

# Made anew when what is to be installed changes; otherwise it costs nothing.
$(READY): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Stocktake and what tests and checks need into $(VENV), once; some minutes:"
	@{ $(PIP_INSTALL) '.[dev]'; echo "exit $$?"; } | $(TELL)
	@touch $(RUNTIME) $@

$(ENGINES)/ready: EXTRA := test-engines
$(SPARK_CLASSIC)/ready: EXTRA := test-spark-classic
$(ENGINES)/ready $(SPARK_CLASSIC)/ready: %/ready: pyproject.toml constraints.txt
	rm -rf $*
	$(PYTHON) -m venv $*
	grep -v '^pandas==' constraints.txt > $*/constraints.txt
	@echo "Installing what the models on Spark need, once:"
	@{ $*/bin/python -m pip install --disable-pip-version-check --constraint $*/constraints.txt \
		--editable '.[$(EXTRA)]'; echo "exit $$?"; } | $(TELL)
	@touch $@

$(SCHEDULERS:%=$(VENV)/%/ready): $(VENV)/%/ready: pyproject.toml constraints.txt
	rm -rf $(VENV)/$*
	$(PYTHON) -m venv $(VENV)/$*
	@echo "Installing Stocktake beside $*, once:"
	@{ $(VENV)/$*/bin/python -m pip install --disable-pip-version-check --constraint constraints.txt \
		--editable '.[$*]'; echo "exit $$?"; } | $(TELL)
	@touch $@

$(SPARK)/ready:
	rm -rf $(SPARK)
	$(PYTHON) -m venv $(SPARK)
	@echo "Downloading Spark, once:"
	@$(SPARK)/bin/python -m pip install --quiet --disable-pip-version-check 'pyspark>=4.3,<4.4'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Stocktake needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; \
		exit 2; }
	@echo "Making an environment of its own in $(VENV)."
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Stocktake and the packages it stands on into $(VENV), once; a minute or two:"
	@{ $(PIP_INSTALL) .; echo "exit $$?"; } | $(TELL)
	@touch $@
