# Each target is a plain command that you could type yourself; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup run test check audit bench soak lock
SHELL := /bin/sh
BIN := .venv/bin
PIP_AUDIT := 2.10.1
# Nothing that depends on where the packages came from may get into the lock.
COMPILE := $(BIN)/uv pip compile pyproject.toml --group test --group build --group bench --generate-hashes --no-header \
	--universal -p 3.11 --no-emit-index-url --no-emit-find-links --quiet

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed ## Make .venv with everything the lock names; a second call does nothing

run: .venv/.installed ## Migrate, load the catalogue and its history, serve, print the address and tokens
	$(BIN)/ledger demo

test: .venv/.installed ## Run every test but the long ones
	$(BIN)/pytest -n 2

check: .venv/.installed ## Format, lint, types, import contracts, migrations equal tables, lock is current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && export LEDGER_DATABASE_URL="sqlite:///$$scratch/check.db" \
		&& $(BIN)/alembic upgrade head && $(BIN)/alembic check
	scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && cp requirements.lock "$$scratch/requirements.lock" \
		&& $(COMPILE) -o "$$scratch/requirements.lock" && diff -u requirements.lock "$$scratch/requirements.lock"

audit: .venv/.installed ## Ask for known vulnerabilities of everything in the lock; passes where nobody can be asked
	found=$$(mktemp) && trap 'rm -f "$$found"' EXIT; \
	$(BIN)/uv tool run --quiet pip-audit==$(PIP_AUDIT) -r requirements.lock --require-hashes --disable-pip --timeout 15 \
		--progress-spinner off --format json --output "$$found" 2>"$$found.said" || test -s "$$found" || cat "$$found.said"; \
	rm -f "$$found.said"; \
	if test -s "$$found"; then .ci/audit <"$$found"; \
	else echo "not audited: nobody could be asked; every package is pinned by its hash"; fi

bench: .venv/.installed ## Measure, one process
	$(BIN)/pytest -m bench -s

soak: .venv/.installed ## Long random runs
	$(BIN)/pytest -m soak

lock: .venv/.installed ## Resolve pyproject.toml into requirements.lock; newer versions with UPGRADE=--upgrade
	$(COMPILE) $(UPGRADE) -o requirements.lock

.venv/.locked: requirements.lock
	python3 -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	touch $@

.venv/.installed: .venv/.locked pyproject.toml
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	touch $@
