#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that needs a GPU, on a machine that has one and little else: builds the ops and their tests with nothing but libtorch, CMake
# and nvcc, runs every op test on CUDA, compute-sanitizer over them, the ops' speed beside the card's own rates, and, where the whole of
# xlt is built, whether it says the same there as on the CPU (gpu_agreement.py), and a tiny model trained and evaluated there. Writes one
# JSON. A part that cannot run is named with its reason. Beside transformers, PEFT and TRL the whole is timed by gpu_bench.py.
#   scripts/gpu_check.sh [--output FILE]          FILE: build/gpu/gpu_check.json
# The tests need GoogleTest: the one that CMake finds (-DGTest_DIR in XLT_CMAKE_FLAGS helps), else it is downloaded.
# libtorch with CUDA: XLT_TORCH_PREFIX, else the wheel in .venv, which is made if it is not there.
set -euo pipefail
FROM=$PWD
cd "$(dirname "$0")/.."
OUTPUT=$PWD/build/gpu/gpu_check.json
case ${1:-} in
  '') ;;
  --output) OUTPUT=${2:?gpu_check.sh: --output needs a file}; case $OUTPUT in /*) ;; *) OUTPUT=$FROM/$OUTPUT ;; esac ;;
  *) echo "gpu_check.sh: unknown option $1; expected: [--output FILE]" >&2; exit 2 ;;
esac
say() { printf '\033[1m[gpu %4ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }

command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1 || { echo "gpu_check.sh: no NVIDIA GPU here (nvidia-smi finds none)" >&2; exit 3; }
NVCC=$(command -v nvcc || ls "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" 2>/dev/null || true)
[ -n "$NVCC" ] || { echo "gpu_check.sh: nvcc is neither on PATH nor in \$CUDA_HOME/bin" >&2; exit 3; }
ARCHITECTURE=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | sed -n 1p | tr -d .)
BUILD=build/gpu
mkdir -p "$BUILD/results"

if [ -z "${XLT_TORCH_PREFIX:-}" ] && ! ls .venv/lib/python3*/site-packages/torch >/dev/null 2>&1; then
  say "installing the torch wheel in .venv"
  python3 -m venv .venv
  .venv/bin/python -m pip install --disable-pip-version-check --quiet torch==2.11.0 numpy
fi
say "building ops and their tests for sm_$ARCHITECTURE"
cmake -S . -B "$BUILD" -DCMAKE_BUILD_TYPE=Release -DXLT_OPS_ONLY=ON -DXLT_CUDA=ON -DXLT_CUDA_ARCHITECTURES="$ARCHITECTURE" \
  -DXLT_TORCH_PREFIX="${XLT_TORCH_PREFIX:-}" ${XLT_CMAKE_FLAGS:-} >"$BUILD/configure.log" 2>&1 || { cat "$BUILD/configure.log" >&2; exit 1; }
cmake --build "$BUILD" -j "${XLT_JOBS:-$(nproc)}" --target ops_test ops_bench >"$BUILD/build.log" 2>&1 || { tail -n 40 "$BUILD/build.log" >&2; exit 1; }

FAILED=0
rm -f "$BUILD"/results/*
say "op tests on CUDA"
"$BUILD/ops_test" --gtest_filter='OnCuda.*:*/cuda_*' --gtest_output="json:$BUILD/results/tests.json" >"$BUILD/results/tests.log" 2>&1 || { FAILED=1; tail -n 40 "$BUILD/results/tests.log" >&2; }

SANITIZER=$(command -v compute-sanitizer || ls "$(dirname "$NVCC")/compute-sanitizer" 2>/dev/null || true)
if [ -n "$SANITIZER" ]; then
  for tool in memcheck racecheck; do
    say "compute-sanitizer: $tool"
    timeout 150 "$SANITIZER" --tool "$tool" --error-exitcode 9 "$BUILD/ops_test" --gtest_filter='OnCuda.*:*/cuda_*' >"$BUILD/results/sanitizer-$tool.log" 2>&1 && status=0 || status=$?
    echo "$status" >"$BUILD/results/sanitizer-$tool.status"
    [ "$status" -eq 0 ] || FAILED=1
  done
fi

say "speed of the ops"
timeout 120 "$BUILD/ops_bench" cuda 5 >"$BUILD/results/bench.tsv" || FAILED=1

# Tiny random models of several families are made by transformers, where that is at hand.
PYTHON=$(for python in .venv/bin/python python3; do "$python" -c 'import torch, transformers' 2>/dev/null && { echo "$python"; break; }; done || true)
if [ -x ./xlt ] && [ -n "$PYTHON" ]; then
  say "the same results on both devices"
  { [ -e "$BUILD/models/qwen2-tiny/config.json" ] || "$PYTHON" tests/parity/make_tiny_models.py "$BUILD/models" 7; } >"$BUILD/results/models.log" 2>&1 &&
    MODELS=$(printf "$BUILD/models/%s-tiny\n" llama31 gemma3 gemma2 qwen2 qwen3 cohere gpt2 bloom xglm | xargs ls -d 2>/dev/null | paste -sd,) &&
    timeout 400 python3 scripts/gpu_agreement.py --models "$MODELS" --output "$BUILD/results/agreement.json" >"$BUILD/results/agreement.log" 2>&1 || {
    FAILED=1; grep -v '^ok' "$BUILD/results/agreement.log" "$BUILD/results/models.log" >&2 || true; }
fi

rm -rf "$BUILD/tiny"
if [ -x ./xlt ]; then
  say "a tiny model, trained and evaluated on the GPU"
  timeout 240 scripts/quickstart.sh --tiny "$BUILD/tiny" >"$BUILD/results/tiny.log" 2>&1 || { FAILED=1; tail -n 20 "$BUILD/results/tiny.log" >&2; }
fi

python3 scripts/gpu_report.py "$BUILD" "$SECONDS" "$OUTPUT" || FAILED=1
exit "$FAILED"
