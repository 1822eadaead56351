#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches models from the Hugging Face hub into the local cache, with the hub's own command line; `xlt … --model ORG/NAME` finds them there.
#   scripts/fetch_models.sh ORG/NAME[@REVISION]…          weights as safetensors, config, tokenizer
#   scripts/fetch_models.sh ORG/NAME[@REVISION]:FILE…     one file, such as a GGUF; its path is printed
# Models behind a licence need a token: `hf auth login`, or HF_TOKEN. The cache is HF_HUB_CACHE, or hub in HF_HOME (~/.cache/huggingface).
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] && [ "${1#-}" = "$1" ] || { sed -n '3,6s/^# *//p' "$0" >&2; exit 2; }

HF=$(command -v hf || true)
[ -n "$HF" ] || HF=.venv/bin/hf
if [ ! -x "$HF" ]; then
  [ -x .venv/bin/python ] || python3 -m venv .venv
  .venv/bin/python -m pip install --disable-pip-version-check --quiet --progress-bar off huggingface_hub >&2
fi

for model in "$@"; do
  file=; case $model in *:*) file=${model##*:}; model=${model%:*} ;; esac
  revision=; case $model in *@*) revision=${model##*@}; model=${model%@*} ;; esac
  arguments=("$model")
  if [ -n "$file" ]; then
    arguments+=("$file")
  else
    for pattern in '*.json' '*.safetensors' '*.model' '*.txt' '*.jinja'; do arguments+=(--include "$pattern"); done
    arguments+=(--exclude 'original/*' --exclude 'consolidated*')
  fi
  [ -z "$revision" ] || arguments+=(--revision "$revision")
  "$HF" download "${arguments[@]}"
done
