#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# xlt beside transformers, TRL, CTranslate2, llama.cpp and OpenVINO GenAI: installs them, makes the models and runs bench_peers.py, whose
# options it takes.
#   scripts/bench_peers.sh --peers DIR --data DIR [--openvino] [--repeats N] [--only PATTERN] [--output FILE]
# --openvino: OpenVINO GenAI too, with a torch and transformers of its own in .venv-openvino (3 GB).
set -euo pipefail
cd "$(dirname "$0")/.."
PEERS= DATA= OPENVINO=false OPTIONS=()
for ((i = 1; i <= $#; ++i)); do
  next=$((i + 1))
  case ${!i} in --peers) PEERS=${!next:-} ;; --data) DATA=${!next:-} ;; --openvino) OPENVINO=true; continue ;; esac
  OPTIONS+=("${!i}")
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
if [ "$OPENVINO" = true ]; then
  [ -x .venv-openvino/bin/optimum-cli ] || { python3 -m venv .venv-openvino && .venv-openvino/bin/pip install --quiet torch==2.11.0 openvino-genai==2026.4.1.0 \
    optimum-intel==2.2.0 transformers==5.0.0 nncf; }
  [ -e models/gemma-3-270m-openvino/openvino_tokenizer.xml ] || .venv-openvino/bin/python "$PEERS/openvino_peer.py" export models/gemma-3-270m \
    models/gemma-3-270m-openvino >/dev/null
fi
exec .venv/bin/python scripts/bench_peers.py "${OPTIONS[@]}"
