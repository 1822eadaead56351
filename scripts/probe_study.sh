#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How far can a scorer of toxicity be trusted, language by language? Trains two probes on Gemma 3 270M (English alone; five languages) and
# makes cards of them and of word lists, on labelled texts, human ratings and functional tests.
#   scripts/probe_study.sh --data DIR [--model DIR] [--output DIR] [--rows N] [--dtype T]
#   DIR: the published files: toxicity_labeled, rtp_lx/prompts, hatecheck, toxic_words/{ldnoobw,hurtlex}, udhr, ud_pud
# Results: OUTPUT/cards/*.json and OUTPUT/probe.json (what scripts/results/probe.json holds: figures, no texts). What is there is not made again.
set -euo pipefail
cd "$(dirname "$0")/.."

DATA='' MODEL=models/gemma-3-270m OUT=runs/probe-study ROWS=200 DTYPE=float32 XLT=${XLT:-./xlt}
while [ $# -gt 0 ]; do
  case $1 in
    --data) DATA=${2:?"--data needs a folder"}; shift 2 ;;
    --model) MODEL=${2:?"--model needs a folder"}; shift 2 ;;
    --output) OUT=${2:?"--output needs a folder"}; shift 2 ;;
    --rows) ROWS=${2:?"--rows needs a number"}; shift 2 ;;
    --dtype) DTYPE=${2:?"--dtype needs a name"}; shift 2 ;;
    *) sed -n '2,7p' "$0" >&2; exit 2 ;;
  esac
done
[ -d "$DATA" ] || { echo "probe_study.sh: --data DIR is missing or no folder: '$DATA'" >&2; exit 2; }
for needed in toxicity_labeled rtp_lx/prompts hatecheck toxic_words; do
  [ -d "$DATA/$needed" ] || { echo "probe_study.sh: no $needed in $DATA" >&2; exit 2; }
done
say() { printf '\033[1m[probe study %4ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }

mkdir -p "$OUT/cards"
python3 scripts/probe_study_data.py "$DATA" "$OUT/data" "$ROWS"
for probe in en five; do
  [ -e "$OUT/probes/$probe/probe.json" ] && continue
  say "training the probe $probe"
  "$XLT" probe --dtype "$DTYPE" --model "$MODEL" --data "$OUT/data/train-$probe.jsonl" --output "$OUT/probes/$probe" --seed 1
done
# card NAME SCORER SET [options]: OUT/cards/NAME.SET.json
card() {
  local name=$1 scorer=$2 set=$3; shift 3
  [ -e "$OUT/cards/$name.$set.json" ] && return
  say "card of $name on $set"
  "$XLT" card --dtype "$DTYPE" --scorer "$scorer" --data "$OUT/data/$set.jsonl" --output "$OUT/cards/$name.$set.json" "$@"
}
for set in labelled rtp_lx hatecheck second; do
  benign=(); [ "$set" = labelled ] && benign=(--benign "$OUT/data/benign.jsonl")
  for probe in en five; do card "probe-$probe" "probe:$OUT/probes/$probe" "$set" "${benign[@]}"; done
  for list in ldnoobw hurtlex; do
    [ -d "$DATA/toxic_words/$list" ] && card "$list" "word_list:$DATA/toxic_words/$list" "$set" "${benign[@]}"
  done
done
python3 scripts/probe_study_table.py "$OUT" >"$OUT/probe.json"
say "done: $OUT/probe.json"
