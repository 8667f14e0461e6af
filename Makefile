# Everything that one can do in a checkout. The work is done by script/*; this file only lists it.
# Options go in ARGS: make test ARGS="-k nickname".

.DEFAULT_GOAL := help
.PHONY: help serve test test-fast lint fmt faults bench screenshots lock hooks
ARGS ?=

help: ## List these targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

serve: ## Run everything at http://127.0.0.1:8000/ until Ctrl-C; ARGS=--sample adds a sample list.
	script/server $(ARGS)

test: ## Run the whole test suite, on SQLite and on PostgreSQL, with a browser.
	script/test $(ARGS)

test-fast: ## Run the unit tests on SQLite, without a browser and without other processes.
	script/test --fast $(ARGS)

lint: ## Run every check that needs no tests.
	script/lint

fmt: ## Format Python, templates, scripts and styles, and fix what can be fixed automatically.
	script/lint --fix

faults: ## Trace lists while many things go wrong, and audit the results.
	script/faults $(ARGS)

bench: ## Run one measurement: make bench ARGS=exports; without ARGS, list the measurements.
	script/bench $(ARGS)

screenshots: ## Take pictures of every page, in light and dark, narrow and wide, into var/screenshots.
	script/screenshots $(ARGS)

lock: ## Write the lock files of the requirements; ARGS=--upgrade takes newer versions.
	script/lock $(ARGS)

hooks: ## Run the checks before every commit from now on.
	script/bootstrap requirements.txt requirements-dev.txt
	npm --prefix tools/js ci --silent --no-audit --no-fund
	.venv/bin/pre-commit install
