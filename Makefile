# Everything starts from a bare machine: python3, make and git. See bootstrap.sh for what it installs.
BIN := .venv/bin
SOURCES := pyproject.toml constraints.txt bootstrap.sh

# As `heldout` sets it for itself: threads for small products cost more than they bring.
export OPENBLAS_NUM_THREADS := 1

.PHONY: help demo test check bench soak format clean

help:
	@echo "make demo    a whole course in demo-course/, graded, its board printed and written as a page"
	@echo "make test    the whole test suite"
	@echo "make check   format, lint, types, tests"
	@echo "make bench   speed, as ratios against named alternatives; benchmarks/results.json keeps them"
	@echo "make soak    the long tests: hundreds of submissions and of kills, thousands in a rush"
	@echo "make format  rewrite the sources as the formatter wants them"
	@echo "make clean   remove what the others made, the demo's course included"

.venv/.ready: $(SOURCES)
	@sh bootstrap.sh

demo: .venv/.ready
	@sh demo/run.sh

test: .venv/.ready
	$(BIN)/pytest -n auto

check: .venv/.ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(MAKE) test

bench: .venv/.ready
	$(BIN)/python -m benchmarks

soak: .venv/.ready
	$(BIN)/pytest -m soak -s

format: .venv/.ready
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf .venv demo-course .pytest_cache .mypy_cache .ruff_cache .hypothesis
