# Reservei. `make help` lists what there is. Needs Python 3.11+ and nothing else; everything goes into .venv.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
PYTEST := $(BIN)/pytest -n auto
# Arguments for the program behind a target: make up ARGS="--port 4000", make test ARGS="-k search"
ARGS ?=
export PYTHON

RESERVEI_TEST_DATABASE_URL ?= postgresql://postgres@127.0.0.1:5432/postgres
RESERVEI_TEST_REDIS_URL ?= redis://127.0.0.1:6379
RESERVEI_TEST_BROKER_URL ?= amqp://guest:guest@127.0.0.1:5672/

##@ Run

.PHONY: up
up: runtime ## Start everything, load demo data the first time, show URLs and logs; Ctrl-C stops it
	@$(BIN)/reservei up $(ARGS)

.PHONY: seed
seed: runtime ## Load the demo market into the databases
	@$(BIN)/reservei seed $(ARGS)

##@ Check

.PHONY: test
test: dev ## Run every test against embedded servers
	@$(PYTEST) $(ARGS)

.PHONY: test-servers
test-servers: test-servers-domains test-servers-system ## Run the same tests against servers at RESERVEI_TEST_*_URL

# One worker, and the whole system by itself: a server as installed takes a hundred connections. The router has none.
.PHONY: test-servers-domains test-servers-system
test-servers-domains: dev
	@$(ON_SERVERS) $(BIN)/pytest -n 1 shared subgraphs reservei $(ARGS)
test-servers-system: dev
	@$(ON_SERVERS) $(BIN)/pytest -n 1 tests $(ARGS)
ON_SERVERS = RESERVEI_TEST_DATABASE_URL="$(RESERVEI_TEST_DATABASE_URL)" \
	RESERVEI_TEST_REDIS_URL="$(RESERVEI_TEST_REDIS_URL)" RESERVEI_TEST_BROKER_URL="$(RESERVEI_TEST_BROKER_URL)"

.PHONY: test-faults
test-faults: dev ## Kill every part at every step of a sale, sell the last rooms to everybody, replay 10,000 events; 10 minutes
	@RESERVEI_FAULTS=1 $(BIN)/pytest tests/faults -n 1 $(ARGS)
	@RESERVEI_FAULTS=1 $(BIN)/pytest subgraphs/gamification/tests/test_missions.py -k replayed $(ARGS)

.PHONY: lint
lint: dev ## Style, formatting and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

.PHONY: types
types: dev ## Type check, strictly
	@$(BIN)/mypy

.PHONY: schema-check
schema-check: dev ## Fail when schema/ differs from the code, does not compose, or breaks the published schema
	@$(BIN)/reservei schema check

.PHONY: check
check: lint types schema-check test ## All of the above that needs no server

.PHONY: bench
bench: dev ## Measure queries, bookings, events, subscriptions and reports, each next to a floor in the same run; a quarter of an hour
	@cd bench && for what in supergraph bookings events subscriptions analytics_ingest analytics_reports; do \
		echo "== $$what"; ../$(BIN)/python $$what.py || exit 1; done

##@ Develop

.PHONY: format
format: dev ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

.PHONY: schema
schema: dev ## Write schema/ anew from the code: each subgraph's SDL and the composed supergraph
	@$(BIN)/reservei schema compose

.PHONY: lock
lock: dev ## Write requirements/*.txt anew from pyproject.toml; ARGS="--upgrade" takes newer versions
	@$(BIN)/uv pip compile pyproject.toml $(LOCK) --output-file requirements/runtime.txt
	@$(BIN)/uv pip compile pyproject.toml --group dev --constraints requirements/runtime.txt $(LOCK) \
		--output-file requirements/dev.txt
	@$(BIN)/uv pip compile requirements/build.in --constraints requirements/dev.txt $(LOCK) \
		--output-file requirements/build.txt
LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(ARGS)
lock: export UV_SYSTEM_CERTS ?= true

.PHONY: clean
clean: ## Remove .venv and the tools' caches; data in .reservei stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	@find . -name __pycache__ -type d -not -path './.reservei/*' -prune -exec rm -rf {} +

##@ Set up (done by the targets above)

.PHONY: runtime
runtime: ## Bring .venv to what running needs
	@tools/bootstrap.sh runtime

.PHONY: dev
dev: ## Bring .venv to what developing needs
	@tools/bootstrap.sh dev

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
