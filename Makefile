# Everything a checkout needs: Python 3.11-3.13, GNU make (written for 3.81 on) and a package index.
# The first target that is run makes .venv: with uv where it is on the PATH, else with venv and pip.
#   make UV= demo                      take venv and pip although uv is there
#   make PYTHON=/opt/py/python3.12 ... name the interpreter for venv and pip

UV = $(shell command -v uv 2>/dev/null)
VENV = .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.synced
LOCKED = --locked
CHOSEN = import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# Hundreds of processes start in the tests; what one of them compiles is kept for the others.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test compose drill suites notebooks browser pictures check lab bench fuzz kills crashes soak week
.PHONY: lock clean sync
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help: ## show this list
	@sed -n 's/^\([a-z][a-z]*\):[^#]*## \(.*\)/  make \1	\2/p' $(firstword $(MAKEFILE_LIST))

demo: $(STAMP) ## one hourly run on a simulated gateway, from nothing to decisions
	$(BIN)/sellkit demo

# Three workers for two cores; tests of one file stay with one worker: they share what is costly.
test: $(STAMP) ## all tests
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

compose: $(STAMP) ## hold deploy/compose.yaml against the official schema, fetched with its checker
	$(BIN)/uv tool run check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml

drill: $(STAMP) ## play the 74 numbered faults and print what came of each; ONLY=43 or ONLY=1-19
	$(BIN)/python -m tests.faults.drill "$(ONLY)"

suites: $(STAMP) ## public tests of ib_insync or ib_async on a gateway: FROM=checkout
	@$(BIN)/python -m tests.clients.suites $(FROM)

notebooks: $(STAMP) ## each notebook in every way: cell by cell, by papermill, queued on two releases of the kernel
	SELLKIT_TEST_NOTEBOOKS=all $(BIN)/python -m pytest tests/notebooks

browser: $(STAMP) ## JupyterLab in a real browser, the long tests as well
	SELLKIT_TEST_BROWSER=all $(BIN)/python -m pytest tests/browser

PICTURES = assign_light live_light chart_price runs_panel
pictures: $(STAMP) ## the pictures of the README, taken anew by the tests in a browser
	rm -rf build/pictures
	SELLKIT_TEST_BROWSER=all SELLKIT_TEST_SHOTS=build/pictures $(BIN)/python -m pytest tests/browser
	for each in $(PICTURES); do cp build/pictures/$$each.png .github/images/ || exit 1; done

check: $(STAMP) ## style, types, import rules, stripped notebooks, lock files in step
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb || \
	  { echo "notebooks carry outputs; run: $(BIN)/nbstripout --keep-id notebooks/*.ipynb" >&2; exit 1; }
	$(BIN)/uv lock --check --quiet
	@$(EXPORT) | diff requirements.lock - || \
	  { echo "requirements.lock is not what uv.lock says; run: make lock" >&2; exit 1; }

lab: $(STAMP) ## JupyterLab, on the first notebook
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
	  --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

bench: $(STAMP) ## the measured goals, with the peers that they are held against
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	$(BIN)/python -m pytest tests/bench -o python_files='bench_*.py test_*.py' -o timeout=0

FUZZ_SECONDS = 3600
KILLS = 1000
fuzz: $(STAMP) ## an hour of frames that no client would send; FUZZ_SECONDS=, FUZZ_SEED=
	$(BIN)/python -m tests.simgateway.fuzzing --seconds $(FUZZ_SECONDS) \
	  $(if $(FUZZ_SEED),--seed $(FUZZ_SEED))

# Not by way of the stamp: a lock file that lags behind is what `make lock` is called for.
kills: $(STAMP) ## kill processes that write bars or tickets, tell alerts, or keep a schedule, 1,000 times each; KILLS=, KILLS_SEED=
	$(BIN)/python -m tests.adapters.kills --kills $(KILLS) \
	  $(if $(KILLS_SEED),--seed $(KILLS_SEED))

crashes: $(STAMP) ## kill a run that sends, at every point, and let it race; KILLS=, CRASH_SEED=
	$(BIN)/python -m tests.crash --kills $(KILLS) \
	  $(if $(CRASH_SEED),--seed $(CRASH_SEED))

SOAK_MINUTES = 1440
soak: $(STAMP) ## `make crashes`, and a virtual day with a fault in each minute; SOAK_MINUTES=, SOAK_SEED=, SOAK_FROM=
	$(if $(SOAK_SEED)$(SOAK_FROM),,$(MAKE) crashes)
	$(BIN)/python -m tests.soak --minutes $(SOAK_MINUTES) \
	  $(if $(SOAK_SEED),--seed $(SOAK_SEED)) $(if $(SOAK_FROM),--first $(SOAK_FROM))

week: $(STAMP) ## a virtual week with all of sellkit running, everything killed once a day; WEEK_SEED=
	$(BIN)/python -m tests.week $(if $(WEEK_SEED),--seed $(WEEK_SEED))

lock: ## bring uv.lock and requirements.lock in step with pyproject.toml
	@[ -x $(BIN)/uv ] || $(MAKE) LOCKED=--frozen sync
	$(BIN)/uv lock
	$(EXPORT) > requirements.lock

clean: ## remove .venv, caches and the demo's data; no other data
	rm -rf $(VENV) .venv-clients data/demo build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	find sellkit tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +
	find notebooks -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +

sync: $(STAMP) ## make .venv, or bring it up to date

# The development group's uv writes and compares the exported file, whichever uv made .venv.
EXPORT = $(BIN)/uv export --frozen --quiet --no-header --no-annotate --no-hashes \
  --no-emit-project --all-extras

ifneq ($(strip $(UV)),)
$(STAMP): pyproject.toml uv.lock
	UV_PROJECT_ENVIRONMENT=$(VENV) "$(UV)" sync $(LOCKED) --all-extras
	@touch $@
else
$(STAMP): pyproject.toml requirements.lock
	@if [ -n "$(PYTHON)" ]; then set -- "$(PYTHON)"; \
	 else set -- python3 python3.13 python3.12 python3.11 python; fi; \
	 for chosen in "$$@"; do \
	   if "$$chosen" -c '$(CHOSEN)' >/dev/null 2>&1; then break; fi; chosen=; \
	 done; \
	 if [ -z "$$chosen" ]; then \
	   found=$$("$$1" -V 2>/dev/null) || found="not installed"; \
	   echo "sellkit needs Python 3.11, 3.12 or 3.13; here $$1 is $$found." \
	     "Install one, or name it: make PYTHON=/path/to/python3.12 <target>" >&2; exit 1; fi; \
	 if [ -x $(BIN)/pip ] && $(BIN)/python -c '$(CHOSEN)' 2>/dev/null; then :; \
	 else echo "$$chosen -m venv $(VENV)"; "$$chosen" -m venv --clear $(VENV); fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -e .
	@touch $@
endif
