#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# xlt beside transformers, TRL, CTranslate2 and llama.cpp: installs them, makes the two models and runs bench_peers.py, whose options it takes.
#   scripts/bench_peers.sh --peers DIR --data DIR [--repeats N] [--only TEXT] [--output FILE]
set -euo pipefail
cd "$(dirname "$0")/.."
PEERS= DATA=
for ((i = 1; i <= $#; ++i)); do
  next=$((i + 1))
  case ${!i} in --peers) PEERS=${!next:-} ;; --data) DATA=${!next:-} ;; esac
done
[ -d "$PEERS" ] && [ -d "$DATA" ] || { echo "bench_peers.sh: --peers DIR and --data DIR must name folders" >&2; exit 2; }

scripts/setup.sh --peers
scripts/demo_model.sh models/gemma-3-270m
# A model is there once its config.json is; the makers write several, of which one is kept.
if [ ! -e models/bench/llama-40m/config.json ]; then
  rm -rf models/bench.tmp && mkdir -p models/bench.tmp models/bench
  .venv/bin/python "$PEERS/make_models.py" models/bench.tmp "$DATA/mbbq" --big >/dev/null
  rm -rf models/bench/llama-40m && mv models/bench.tmp/llama-40m models/bench/llama-40m && rm -rf models/bench.tmp
fi
for model in models/gemma-3-270m models/bench/llama-40m; do
  [ -e "$model-ct2/config.json" ] || .venv/bin/ct2-transformers-converter --model "$model" --output_dir "$model-ct2" --force >/dev/null
done
exec .venv/bin/python scripts/bench_peers.py "$@"
