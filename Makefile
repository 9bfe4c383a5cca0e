# Two commands: `make demo` shows what torchdrop does, `make test` checks all of it.
# Everything lives in .venv; `make clean` removes it.

PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2

.PHONY: demo test format picture rules sanitize cross phases calls check-fallback statistics clean

demo: .venv/ready
	$(BIN)/torchdrop tune digits --out runs/demo --force

test: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pydoclint --quiet src
	OMP_WAIT_POLICY=passive $(BIN)/pytest -n $(JOBS)

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

statistics: .venv/ready
	$(BIN)/pytest -m slow tests/long

picture: .venv/ready
	$(BIN)/python docs/make_picture.py runs/demo docs/images

# Write the pages of the audit's rules again.
rules: .venv/ready
	$(BIN)/python -m torchdrop.audit.pages docs/rules

# Run the kernel's tests on a build with the address and undefined-behavior sanitizers.
sanitize: .venv/ready
	cmake -S . -B build/sanitize -DTORCHDROP_SANITIZE=ON -DTORCHDROP_STRICT=ON -DCMAKE_BUILD_TYPE=Debug
	cmake --build build/sanitize
	TORCHDROP_LIBRARY=build/sanitize/_native.bin ASAN_OPTIONS=detect_leaks=0 \
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	$(BIN)/pytest tests/kernels/test_native.py tests/kernels/test_activation.py tests/kernels/test_members.py \
		tests/kernels/test_parts.py tests/kernels/test_units.py tests/kernels/test_steps.py

# Compare the kernel's builds by checksum, the one for 64-bit ARM under emulation; needs Debian's
# gcc-aarch64-linux-gnu and qemu-user.
KERNEL := tests/long/cross.c $(addprefix src/torchdrop/kernels/csrc/,kernel.c steps.c torchdrop.c parts.c units.c)
CROSS := -O3 -std=c11 -Wall -Wextra -Werror -ffp-contract=off -fno-math-errno -DTORCHDROP_ISA=baseline
cross:
	mkdir -p build/cross
	gcc $(CROSS) $(KERNEL) -o build/cross/sse2
	gcc $(CROSS) -DTORCHDROP_PLAIN $(KERNEL) -o build/cross/plain
	aarch64-linux-gnu-gcc $(CROSS) -static $(KERNEL) -o build/cross/neon
	build/cross/sse2 > build/cross/sse2.txt
	build/cross/plain | diff - build/cross/sse2.txt
	qemu-aarch64 build/cross/neon | diff - build/cross/sse2.txt

# What a call on a small tensor costs, and what a node in C++ would: needs ninja for the latter.
calls: .venv/ready
	$(BIN)/python tests/long/calls.py

# What each step of the kernel costs on this processor, built for the best instruction set it has.
phases:
	mkdir -p build
	gcc -O3 -std=c11 -march=native -mprefer-vector-width=512 -ffp-contract=off -fno-math-errno \
		-Wno-unused-function tests/long/phases.c -o build/phases
	build/phases

# Without a compiler the package still installs, as a wheel for any platform.
check-fallback: .venv/ready
	rm -rf build/fallback
	CC=/no/compiler $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/fallback .
	test -f build/fallback/torchdrop-*-py3-none-any.whl

.venv/ready: pyproject.toml constraints.txt CMakeLists.txt $(wildcard src/torchdrop/kernels/csrc/*)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt pip
	CMAKE_ARGS=-DTORCHDROP_STRICT=ON \
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	touch .venv/ready

clean:
	rm -rf .venv
