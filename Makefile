# Everything runs in .venv, which is made when it is needed.  PYTHON=... chooses the interpreter.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# What is compiled or recorded at installation; Python files are used where they lie.
BUILT_FROM := setup.py pyproject.toml gradc/runtime/_build.py csrc/inline/gradc/abi.h \
	$(wildcard csrc/runtime/* csrc/python/* csrc/panels/*)

EXAMPLES := mlp logistic_lbfgs gp hmc lotka_volterra rbm lstm_chars lenet autoencoder transformer \
	batchnorm

.PHONY: test demo examples test-all tiny golden bench docs mutants wheel lint types check clean

test: lint types check

demo: $(VENV)/demo
	$(BIN)/python examples/mlp.py

# All programs of examples/; their pictures go to docs/images.
examples: $(VENV)/demo
	mkdir -p docs/images
	@for name in $(EXAMPLES); do echo "== $$name"; \
		case $$name in logistic_lbfgs) picture= ;; *) picture="--picture docs/images/$$name.png" ;; esac; \
		$(BIN)/python examples/$$name.py $$picture || exit 1; done

# Two tests run at once, so numpy's BLAS gets one thread: two of each would spin on each other.
check: $(VENV)/test
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not slow"

test-all: lint types
	$(BIN)/python -m pytest -n 2 --dist worksteal -q --optimize

tiny: $(VENV)/test
	$(BIN)/python -m pytest -q tests/test_tiny.py

golden: $(VENV)/test
	$(BIN)/python -m pytest -q tests/golden --update-golden
	git diff --stat -- tests/golden

lint: $(VENV)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test
	$(BIN)/mypy

bench: $(VENV)/bench
	$(BIN)/python -m benchmarks

docs: $(VENV)/test
	$(BIN)/python docs/operations.py

# Twenty planted bugs, one by one: who notices?
mutants: $(VENV)/test
	$(BIN)/python -m tests.mutants

wheel: $(VENV)/test
	rm -rf build dist
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) build dist *.egg-info gradc/_blas gradc/runtime/*.so \
		gradc/runtime/_declarations.py

$(BIN)/pip:
	@test -n "$(PYTHON)" || { echo "gradc needs Python 3.11 or newer: make PYTHON=/path/to/it"; exit 1; }
	@command -v $${CC:-cc} >/dev/null || { echo "gradc needs a C compiler (Debian: gcc)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo: $(BIN)/pip $(BUILT_FROM)
	$(BIN)/pip install -q --disable-pip-version-check -e ".[examples]"
	@touch $@

$(VENV)/bench: $(BIN)/pip $(BUILT_FROM)
	$(BIN)/pip install -q --disable-pip-version-check -e ".[bench]"
	@touch $@

$(VENV)/test: $(BIN)/pip $(BUILT_FROM)
	$(BIN)/pip install -q --disable-pip-version-check -e ".[test,dev,examples]"
	@touch $@ $(VENV)/demo
