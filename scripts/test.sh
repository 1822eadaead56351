#!/usr/bin/env bash
# Installs, builds and runs every test: format, layers, unit tests, scenarios with the real binary, parity with
# transformers, TRL and PEFT, and the unit tests again under AddressSanitizer + UBSan.
#   scripts/test.sh [--quick]      --quick: neither parity nor sanitizers
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")/.."
quick=${1:-}
say() { printf '\033[1m[test %4ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }

if [ "$quick" = --quick ]; then scripts/setup.sh; else scripts/setup.sh --python-tools; fi

say "format"
git ls-files -z '*.h' '*.cpp' '*.cu' '*.cuh' | xargs -0 -r clang-format --dry-run --Werror

say "unit tests, layers, scenarios"
ctest --test-dir build/release --output-on-failure -j 2

if [ "$quick" != --quick ]; then
  say "parity with transformers, TRL and PEFT"
  .venv/bin/python -m unittest discover -s tests/parity -p '*_parity.py' -v
  say "AddressSanitizer and UndefinedBehaviorSanitizer"
  cmake --preset asan >/dev/null
  cmake --build build/asan -j "${XLT_JOBS:-2}" --target unit_tests >/dev/null
  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    ctest --test-dir build/asan -L unit --output-on-failure -j 2
fi
say "all tests passed"
