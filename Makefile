# Everything starts from a bare machine: python3, make and git. See bootstrap.sh for what it installs.
BIN := .venv/bin
TRAIN_CPU_SECONDS := 1800 # of each training: none of those shipped asks for more
SOURCES := pyproject.toml constraints.txt bootstrap.sh

# As `heldout` sets it for itself: threads for small products cost more than they bring.
export OPENBLAS_NUM_THREADS := 1

.PHONY: help demo demo-full train-references test thorough check bench soak format clean

help:
	@echo "make demo    a whole course in demo-course/, graded, its board printed and written as a page"
	@echo "make demo-full         the same with every method that is shipped"
	@echo "make train-references  train all reference solutions anew, and write their table; ONLY=vae/conv_vae: some"
	@echo "make test    the tests, without those that are thorough: under ten minutes"
	@echo "make thorough          the thorough ones: a quarter of an hour"
	@echo "make check   format, lint, types, tests, the thorough ones too: what CI runs"
	@echo "make bench   speed, as ratios against named alternatives; benchmarks/results.json keeps them"
	@echo "make soak    the long tests: hundreds of submissions and of kills, thousands in a rush"
	@echo "make format  rewrite the sources as the formatter wants them"
	@echo "make clean   remove what the others made, the demo's course included; references-course stays"

.venv/.ready: $(SOURCES)
	@sh bootstrap.sh

demo: .venv/.ready
	@sh demo/run.sh

demo-full: .venv/.ready
	@FULL=1 sh demo/run.sh

# All of them took 68 minutes on two cores; stopped and started again it goes on. ONLY=vae, or ONLY="vae/iwae gan/dcgan":
# some; of the others the table has what judged.json keeps.
train-references: .venv/.ready
	@[ -d references-course ] || $(BIN)/heldout course init references-course --title "Reference solutions"
	@sed -i -e '/^train_cpu_seconds/d' -e 's/^\[assignments\.[^.]*\]$$/&\ntrain_cpu_seconds = $(TRAIN_CPU_SECONDS)/' \
	    references-course/course.toml
	$(BIN)/heldout baselines $(ONLY) --course references-course
	$(BIN)/heldout baselines $(ONLY) --train --course references-course
	$(BIN)/heldout solutions --kept reference_solutions/judged.json --format markdown --course references-course \
	    > reference_solutions/README.new
	@mv reference_solutions/README.new reference_solutions/README.md

test: .venv/.ready
	$(BIN)/pytest -n auto -m "not soak and not thorough"

thorough: .venv/.ready
	$(BIN)/pytest -n auto -m "thorough and not soak"

check: .venv/.ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(MAKE) test
	$(MAKE) thorough

bench: .venv/.ready
	$(BIN)/python -m benchmarks

soak: .venv/.ready
	$(BIN)/pytest -m soak -s

format: .venv/.ready
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf .venv demo-course .pytest_cache .mypy_cache .ruff_cache .hypothesis
