#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes everything that reads files from strangers, with libFuzzer under AddressSanitizer and UBSan; needs clang (Debian: clang).
#   scripts/fuzz.sh [SECONDS] [TARGET]…     seconds a target (default 60); targets: those of tests/fuzz, all by default
# What it finds lies in build/fuzz/found, and the same command goes on with the corpus that it has grown in build/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\033[1m[fuzz %4ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }

TIME=60
case ${1:-} in
  '' ) ;;
  [0-9]*) TIME=$1; shift ;;
  -*) sed -n '3,6p' "$0" >&2; exit 2 ;;
esac
mapfile -t ALL < <(cd tests/fuzz && ls ./*_fuzz.cpp | sed 's|^./||; s|_fuzz.cpp$||')
[ $# -gt 0 ] || set -- "${ALL[@]}"
for target in "$@"; do
  [ -e "tests/fuzz/${target}_fuzz.cpp" ] || { echo "fuzz.sh: no target $target; there are: ${ALL[*]}" >&2; exit 2; }
done
command -v clang++ >/dev/null || { echo "fuzz.sh: clang++ is not installed; Debian and Ubuntu: apt-get install clang" >&2; exit 3; }

say "building"
cmake --preset fuzz >/dev/null
cmake --build build/fuzz -j "${XLT_JOBS:-2}" --target "${@/%/_fuzz}" >build/fuzz/build.log ||
  { grep -E -A5 'FAILED|error:' build/fuzz/build.log >&2; echo "fuzz.sh: it does not build: build/fuzz/build.log" >&2; exit 1; }
python3 tests/fuzz/make_seeds.py build/fuzz/seeds

# Memory, time for one input and its length are bounded: a reader that grows or hangs is a finding.
failed=()
mkdir -p build/fuzz/found
# Every input is written to a file: in memory, where there is such a file system.
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm
for target in "$@"; do
  mkdir -p "build/fuzz/corpus/$target"
  say "$target"
  if ! ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    "build/fuzz/${target}_fuzz" -max_total_time="$TIME" -rss_limit_mb=2048 -malloc_limit_mb=1024 -timeout=10 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$target-" "build/fuzz/corpus/$target" "build/fuzz/seeds/$target" >"build/fuzz/$target.log" 2>&1; then
    failed+=("$target")
    grep -E 'ERROR|SUMMARY|Test unit written' "build/fuzz/$target.log" >&2 || tail -5 "build/fuzz/$target.log" >&2
  fi
  awk -v target="$target" '/stat::number_of_executed_units/ {n = $2} /stat::peak_rss_mb/ {m = $2} END {printf "%s: %d inputs, %d MB at most\n", target, n, m}' "build/fuzz/$target.log"
done
[ ${#failed[@]} -eq 0 ] || { echo "fuzz.sh: found something in: ${failed[*]} (build/fuzz/found, build/fuzz/TARGET.log)" >&2; exit 1; }
