# Two commands: `make demo` shows what torchdrop does, `make test` checks all of it.
# Everything lives in .venv; `make clean` removes it.

PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2

.PHONY: demo test format picture clean

demo: .venv/ready
	$(BIN)/torchdrop tune digits --out runs/demo --force

test: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pydoclint --quiet src
	$(BIN)/pytest -n $(JOBS)

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

picture: .venv/ready
	$(BIN)/python docs/make_picture.py runs/demo docs/images

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	touch .venv/ready

clean:
	rm -rf .venv
