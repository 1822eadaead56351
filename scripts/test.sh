#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs, builds and runs the tests: format, layers, unit tests, scenarios with the real binary, and parity with transformers,
# TRL and PEFT.
#   scripts/test.sh [--quick] [--sanitize] [--real]     --quick: no parity     --sanitize: unit tests and scenarios again under
#                                                       ASan + UBSan, and, where clang is installed, the kernels' threads under TSan
#                                                       --real: parity on more real models too, which are fetched (600 MB)
# XLT_KILLS=N: kill -9 at N random moments of each command (tests/scenarios/kills_scenario.py) instead of 3; XLT_KILLS_SEED=N: others.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\033[1m[test %4ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }
for argument in "$@"; do
  case $argument in --quick | --sanitize | --real) ;; *) echo "test.sh: unknown option $argument; expected: [--quick] [--sanitize] [--real]" >&2; exit 2 ;; esac
done
has() { local wanted=$1 argument; shift; for argument in "$@"; do [ "$argument" = "$wanted" ] && return; done; return 1; }

# Of the last run of ctest in a build folder, by name: unittest puts a docstring's first line between a test's name and what became
# of it, and GoogleTest says why above its line.
list_skipped() {
  awk '/^test_[A-Za-z0-9_]+ \(/ { name = $1 " " $2 }
       / \.\.\. skipped / { sub(/^.* \.\.\. skipped /, ""); print "skipped: " name ": " $0 }
       /^\[ RUN      \]/ { why = "" }
       /: Skipped$/ { if ((getline line) > 0) why = ": " line }
       /^\[  SKIPPED \] .* ms\)$/ { print "skipped: " $4 why }' "$1/Testing/Temporary/LastTest.log"
}

if has --quick "$@"; then scripts/setup.sh; else scripts/setup.sh --parity; fi

# One version for every distribution: others break lines elsewhere.
if [ -x .venv/bin/clang-format ]; then
  say "format of sources"
  git ls-files -z 'src/*.cpp' 'src/*.h' 'src/*.cu' 'src/*.cuh' 'include/*.h' 'tests/*.cpp' 'tests/*.h' | xargs -0 .venv/bin/clang-format --dry-run --Werror
else
  say "SKIPPED: format of sources (.venv has no clang-format; run scripts/test.sh without --quick once)"
fi

say "tables of scripts/README.md"
python3 scripts/print_tables.py --check

say "unit tests, layers, scenarios"
ctest --test-dir build/release --output-on-failure -j 2
list_skipped build/release

if ! has --quick "$@"; then
  if has --real "$@"; then export XLT_REAL=1; fi
  say "parity with transformers, TRL and PEFT"
  ctest --test-dir build/release -C parity -L parity --output-on-failure -j 2
  list_skipped build/release
fi
if has --sanitize "$@"; then
  say "AddressSanitizer and UndefinedBehaviorSanitizer: unit tests"
  cmake --preset asan >/dev/null
  cmake --build build/asan -j "${XLT_JOBS:-2}" --target unit_tests xlt >/dev/null
  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ctest --test-dir build/asan -L unit --output-on-failure
  say "AddressSanitizer and UndefinedBehaviorSanitizer: scenarios"
  rm -f build/asan/reports/*
  ctest --test-dir build/asan -L scenario --output-on-failure -j 2
  list_skipped build/asan
  reports=(build/asan/reports/*)
  [ ! -e "${reports[0]}" ] || { cat "${reports[@]}" >&2; echo "test.sh: the sanitizers found something: ${reports[*]}" >&2; exit 1; }
  if command -v clang++ >/dev/null; then
    say "ThreadSanitizer"
    cmake --preset tsan >/dev/null
    cmake --build build/tsan -j "${XLT_JOBS:-2}" --target thread_tests >/dev/null
    ctest --test-dir build/tsan -L threads --output-on-failure
  else
    say "SKIPPED: ThreadSanitizer (clang++ is not installed; Debian and Ubuntu: apt-get install clang libomp-dev)"
  fi
fi
say "all tests passed"
