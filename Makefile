# On a fresh machine: `make demo`, `make check` and `make test`. Only Python 3.11, make and package indexes are needed.
PYTHON ?= python3.11
PORT ?= 3000
BIN := .venv/bin
# Debian's packages that Python's do not bring.
NEEDS := python3.11 python3.11-venv libgomp1
test: NEEDS += chromium chromium-driver nginx openssl
# One waiting OpenMP thread must not spin: measured 10 times slower when another process is busy.
export OMP_WAIT_POLICY := passive
export OPENBLAS_NUM_THREADS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export BENTOML_DO_NOT_TRACK := True
# A child process that may not write byte code imports pandas four times slower, for ever.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup machine demo check test bench soak lock clean

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: .venv/.installed ## install what the machine lacks; make .venv from requirements.lock (hashes checked, byte code compiled)

machine:
	@PYTHON="$(PYTHON)" sh deploy/machine.sh $(NEEDS)

.venv/.installed: requirements.lock pyproject.toml | machine
	$(PYTHON) -m venv .venv
	@# uv installs in seconds what takes pip minutes; where it cannot reach the index that pip is set up for, pip does it.
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-uv.lock && \
	  $(BIN)/uv pip install --python $(BIN)/python --require-hashes --compile-bytecode --requirement requirements.lock || \
	  $(BIN)/pip install --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## simulate, import, train, score and serve one district on PORT
	@$(BIN)/sanket demo --port $(PORT)

check: setup ## the gate: ruff's rules, its format, mypy's types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: setup ## the whole suite
	$(BIN)/python -m pytest -q -n 2 tests

bench: setup ## timings as ratios, side by side in one run
	@for b in benchmarks/*.py; do case $$b in */_*) ;; *) echo "== $$b"; $(BIN)/python $$b || exit 1;; esac; done

soak: setup ## what takes longer than a test may
	$(BIN)/python -m pytest -q -n 2 -m soak tests

lock: setup ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra test --extra bench --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade --output-file requirements.lock
	echo uv | $(BIN)/uv pip compile - --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade --output-file requirements-uv.lock
	echo openapi-python-client | $(BIN)/uv pip compile - --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade --output-file requirements-clients.lock

clean: ## remove .venv and what the demo made
	rm -rf .venv demo
