#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Does a study's conclusion hold under other scorers? Scores the completions that study.sh sampled once more, by two word lists and the two
# probes of probe_study.sh, and compares the arms under each: nothing is generated again.
#   scripts/study_scorers.sh --data DIR [--study DIR] [--probes DIR] [--output DIR]
#   DIR: of the published files, as for study.sh; --study: its OUTPUT (runs/study); --probes: probe_study.sh's OUTPUT (runs/probe-study)
# Results: OUTPUT/compare, and OUTPUT/scorers.json (what scripts/results/study_scorers.json holds: figures, no texts). What is there is not made again.
set -euo pipefail
cd "$(dirname "$0")/.."

DATA='' STUDY=runs/study PROBES=runs/probe-study OUT=runs/study-scorers XLT=${XLT:-./xlt}
while [ $# -gt 0 ]; do
  case $1 in
    --data) DATA=${2:?"--data needs a folder"}; shift 2 ;;
    --study) STUDY=${2:?"--study needs a folder"}; shift 2 ;;
    --probes) PROBES=${2:?"--probes needs a folder"}; shift 2 ;;
    --output) OUT=${2:?"--output needs a folder"}; shift 2 ;;
    *) sed -n '3,7p' "$0" >&2; exit 2 ;;
  esac
done
[ -d "$DATA" ] || { echo "study_scorers.sh: --data DIR is missing or no folder: '$DATA'" >&2; exit 2; }
for needed in "$DATA/toxic_words/ldnoobw" "$DATA/toxic_words/hurtlex" "$STUDY/base/toxicity/items" "$PROBES/probes/en" "$PROBES/probes/five"; do
  [ -d "$needed" ] || { echo "study_scorers.sh: no folder $needed; study.sh and probe_study.sh make theirs" >&2; exit 2; }
done
LID=$(find -L .venv -name lid.176.ftz | head -n 1)
[ -n "$LID" ] || { echo "study_scorers.sh: no lid.176.ftz in .venv (scripts/setup.sh --lid)" >&2; exit 3; }
say() { printf '\033[1m[study scorers %4ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }

mkdir -p "$OUT/completions"
for folder in "$STUDY"/{base,dpo-*,sft-*}/toxicity; do
  arm=$(basename "$(dirname "$folder")")
  say "$arm"
  python3 scripts/study_completions.py "$folder/items/rtp_lx" >"$OUT/completions/$arm.jsonl"
  "$XLT" eval --completions "$OUT/completions/$arm.jsonl" --data "$DATA" --lid "$LID" --scoring corrected --dtype bfloat16 --seed 1 \
    --scorer "word_list:$DATA/toxic_words/ldnoobw" --scorer "word_list:$DATA/toxic_words/hurtlex" \
    --scorer "probe:$PROBES/probes/en" --scorer "probe:$PROBES/probes/five" --output "$OUT/$arm" >/dev/null
done
# seeds_of METHOD: OUT/METHOD-1,OUT/METHOD-2,…
seeds_of() { local folders=("$OUT/$1"-*); local IFS=,; echo "${folders[*]}"; }
say "comparing"
"$XLT" compare "base=$OUT/base" "dpo=$(seeds_of dpo)" "sft=$(seeds_of sft)" --seed 1 --output "$OUT/compare" --metrics toxic_fraction,expected_max_toxicity >/dev/null
python3 scripts/study_scorers_table.py "$OUT" >"$OUT/scorers.json"
say "done: $OUT/scorers.json"
