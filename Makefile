# Sets itself up: make demo and make test work on a fresh Debian machine with Python 3.11 after
#   apt install make g++ python3-dev python3-venv
# CMake and everything else come from the Python package index, pinned in constraints.txt.
# Where PyTorch's small CPU build has an index of its own:
#   make test PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
# Worker processes of the tests.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PYTEST_ARGS ?=
DEMO ?= demo-out

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt
CSRC := $(shell find csrc -type f) CMakeLists.txt setup.py

.PHONY: demo test test-slow test-csrc test-asan lint format bench clean check

demo: $(VENV)/.native
	$(BIN)/seal2real build $(DEMO) --count 24 --seed 1
	@echo "gallery: $(abspath $(DEMO))/index.html"

# The quick tests; slow ones are left out unless asked for (tests/conftest.py).
test: $(VENV)/.native $(VENV)/.test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(PYTEST_ARGS)

test-slow: $(VENV)/.native $(VENV)/.test
	$(BIN)/python -m pytest -n $(JOBS) -m slow $(PYTEST_ARGS)

# The C++ core without Python, plain and under AddressSanitizer and UndefinedBehaviorSanitizer.
test-csrc: build/csrc-plain/csrc_tests build/csrc-sanitized/csrc_tests
	build/csrc-plain/csrc_tests
	build/csrc-sanitized/csrc_tests

build/csrc-%/csrc_tests: $(VENV)/.core $(CSRC) $(shell find tests/csrc -type f)
	$(BIN)/cmake -S . -B build/csrc-$* -DSEAL2REAL_CSRC_TESTS=ON \
	  -DSEAL2REAL_SANITIZE=$(if $(findstring sanitized,$*),ON,OFF)
	$(BIN)/cmake --build build/csrc-$* -j $(JOBS)

# The native module under the sanitizers, called with arguments that nobody would send. What is
# not freed at exit is Python's.
SANITIZERS = $(foreach name,asan ubsan stdc++,$(shell $(CXX) -print-file-name=lib$(name).so))
test-asan: build/module-sanitized/_C.so
	LD_PRELOAD="$(SANITIZERS)" ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	  $(BIN)/python -m tests.native.fuzz $<

build/module-sanitized/_C.so: $(VENV)/.core $(CSRC)
	$(BIN)/cmake -S . -B build/module-sanitized -DSEAL2REAL_SANITIZE=ON \
	  -DCMAKE_LIBRARY_OUTPUT_DIRECTORY=$(abspath build/module-sanitized) \
	  -DPython_EXECUTABLE=$(abspath $(BIN)/python) \
	  -Dpybind11_DIR=$$($(BIN)/python -m pybind11 --cmakedir)
	$(BIN)/cmake --build build/module-sanitized -j $(JOBS)
	mv build/module-sanitized/_C.*.so $@

lint: $(VENV)/.native $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	git ls-files '*.cpp' '*.h' '*.inl' | xargs $(BIN)/clang-format --dry-run -Werror

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files '*.cpp' '*.h' '*.inl' | xargs $(BIN)/clang-format -i

bench: $(VENV)/.native $(VENV)/.bench
	$(BIN)/python benchmarks/throughput.py

# A build that an edit of the sources made stale is repeated; the rest of the set-up is not.
$(VENV)/.native: $(VENV)/.core $(CSRC)
	$(BIN)/python setup.py --quiet build_ext --inplace
	touch $@

$(VENV)/.core: constraints.txt pyproject.toml
	@scripts/check_prerequisites.sh $(PYTHON)
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(PIP) setuptools wheel pybind11 cmake
	$(PIP) --no-build-isolation -e .
	touch $@

# rapidocr asks for opencv-python, which wants a display library; the headless build serves.
$(VENV)/.test: $(VENV)/.core
	$(PIP) --no-build-isolation -e ".[test,labels,train]"
	$(PIP) --no-deps rapidocr-onnxruntime
	touch $@

$(VENV)/.dev: $(VENV)/.test
	$(PIP) ruff mypy clang-format
	touch $@

$(VENV)/.bench: $(VENV)/.core
	$(PIP) skia-python opencv-python-headless
	touch $@

check:
	@scripts/check_prerequisites.sh $(PYTHON)

clean:
	rm -rf build dist *.egg-info seal2real/_C*.so $(DEMO)
