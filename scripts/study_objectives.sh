#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What does each objective cost in other languages, for the same effect in English? Gemma 3 270M, finetuned against toxicity on English
# preference pairs by DPO, DPO held to the untouched model by texts in ten other languages (--retain), IPO, KTO, SimPO and NPO, three seeds
# each. They go at different speeds, so arms are matched: each is evaluated where its completions of English prompts of another
# benchmark, looked at every six steps and over its seeds, are as toxic as DPO's after twelve.
#   scripts/study_objectives.sh --data DIR [--output DIR] [--quick] [--no-setup]      DIR: as for study.sh, and ud_pud/LANG.jsonl beside it
# --quick: a few items in three languages, to see that it runs. --no-setup: take ./xlt and .venv as they are.
# Whatever is finished is not done again: kill it, start it again. Results: OUTPUT/compare, OUTPUT/report.html, OUTPUT/objectives.json (what
# scripts/results/objectives.json holds: figures, no texts).
set -euo pipefail
cd "$(dirname "$0")/.."

DATA='' OUT=runs/objectives QUICK=false SETUP=true XLT=${XLT:-./xlt}
while [ $# -gt 0 ]; do
  case $1 in
    --data) DATA=${2:?"--data needs a folder"}; shift 2 ;;
    --output) OUT=${2:?"--output needs a folder"}; shift 2 ;;
    --quick) QUICK=true; shift ;;
    --no-setup) SETUP=false; shift ;;
    *) sed -n '3,10p' "$0" >&2; exit 2 ;;
  esac
done
[ -d "$DATA" ] || { echo "study_objectives.sh: --data DIR is missing or no folder: '$DATA'" >&2; exit 2; }
for needed in rtp_lx/pairs/en.jsonl perturbation_pairs_en/redditbias.jsonl toxic_words/ldnoobw rtp_prompts/en.jsonl ud_pud/de.jsonl; do
  [ -e "$DATA/$needed" ] || { echo "study_objectives.sh: no $needed in $DATA" >&2; exit 2; }
done
say() { printf '\033[1m[objectives %5ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }

[ "$SETUP" = false ] || XLT_TARGET=xlt scripts/setup.sh --demo
MODEL=models/gemma-3-270m
[ "$SETUP" = false ] || scripts/demo_model.sh "$MODEL" >&2
LID=$(find -L .venv models -name lid.176.ftz | head -n 1)
[ -n "$LID" ] || { echo "study_objectives.sh: no lid.176.ftz (scripts/setup.sh --lid)" >&2; exit 3; }
mkdir -p "$OUT"
python3 scripts/study_data.py "$DATA" "$OUT/data"

# Chosen before anything was measured. Ten languages have prompts, a list of toxic words, parallel text and text to retain.
LANGS=en,ar,cs,de,es,fr,hi,it,ko,pt,zh METHODS='dpo dpo_retain ipo kto simpo npo' SEEDS='1 2 3'
STEPS=24 EVERY=6 MATCHED=12 PROMPTS=25 SAMPLES=2 TOKENS=12 LINES=8 DOCUMENTS=6 PROBED=30
[ "$QUICK" = true ] && LANGS=en,de,zh METHODS='dpo dpo_retain npo' SEEDS='1 2' STEPS=4 EVERY=2 MATCHED=2 PROMPTS=2 SAMPLES=2 LINES=2 DOCUMENTS=2 PROBED=2
RETAIN=$(for lang in ${LANGS//,/ }; do [ "$lang" = en ] || [ ! -e "$DATA/ud_pud/$lang.jsonl" ] || echo "$DATA/ud_pud/$lang.jsonl"; done | paste -sd,)
WORDS=$DATA/toxic_words/ldnoobw
python3 scripts/study_objectives_data.py "$DATA/rtp_prompts/en.jsonl" "$PROBED" "$OUT/data"

# options_of METHOD: what differs.
options_of() {
  local pairs="--data $OUT/data/dpo.jsonl"
  case $1 in
    dpo_retain) echo "--method dpo --beta 0.1 --retain $RETAIN $pairs" ;;
    simpo) echo "--method simpo --beta 2 $pairs" ;;
    npo) echo "--method npo --beta 0.1 --data $OUT/data/forget.jsonl" ;;
    *) echo "--method $1 --beta 0.1 $pairs" ;;
  esac
}
evaluate() {  # NAME [ADAPTER]
  local name=$1 common=(--dtype bfloat16 --model "$MODEL" --data "$DATA" --seed 1 --scoring corrected --lid "$LID" --scorer "word_list:$WORDS" --limit-order random --langs "$LANGS")
  if [ $# -gt 1 ]; then common+=(--adapter "$2"); else common+=(--base "$MODEL"); fi  # no adapter: its divergence from itself, 0
  say "evaluating $name${2:+ ($2)}"
  "$XLT" eval "${common[@]}" --benchmarks rtp_lx --limit "$PROMPTS" --num-samples "$SAMPLES" --max-new-tokens "$TOKENS" --output "$OUT/$name/toxicity" >/dev/null
  "$XLT" eval "${common[@]}" --benchmarks continuation --limit "$LINES" --continuation-tokens 24 --output "$OUT/$name/continuation" >/dev/null
  "$XLT" eval "${common[@]}" --benchmarks perplexity,retention --limit "$DOCUMENTS" --output "$OUT/$name/texts" >/dev/null
}

runs_of() { for seed in $SEEDS; do echo "$1$seed"; done | paste -sd,; }  # PREFIX of the folders
evaluate base
for method in $METHODS; do
  for seed in $SEEDS; do
    say "$method, seed $seed"
    # shellcheck disable=SC2046
    "$XLT" train $(options_of "$method") --dtype bfloat16 --model "$MODEL" --output "$OUT/train/$method-$seed" --adapter lora --lora-r 64 \
      --lora-alpha 16 --optimizer rmsprop --learning-rate 1e-4 --lr-schedule constant_with_warmup --warmup-steps 4 --max-grad-norm 10 --max-length 128 --batch-size 4 \
      --max-steps "$STEPS" --eval-steps "$EVERY" --save-steps "$EVERY" --save-total-limit 100 --probe-prompts "$OUT/data/probe.jsonl" --probe-samples 5 \
      --scorer "word_list:$WORDS" --seed "$seed" >/dev/null
  done
  # The first method is DPO itself: after MATCHED steps.
  step=$(python3 scripts/study_objectives_match.py "$(runs_of "$OUT/train/$method-")" "$(runs_of "$OUT/train/dpo-")" "$MATCHED")
  for seed in $SEEDS; do evaluate "$method-$seed" "$OUT/train/$method-$seed/checkpoints/step-$step"; done
done
say "comparing"
arms=()
for method in $METHODS; do arms+=("$method=$(runs_of "$OUT/$method-")"); done
# Five metrics were chosen before anything was measured; p-values are corrected over all of their rows.
"$XLT" compare "base=$OUT/base" "${arms[@]}" --seed 1 --output "$OUT/compare" --metrics toxic_fraction,bits_per_byte,kl_to_base,line_pass_rate,dist_2 >/dev/null
python3 scripts/study_objectives_table.py "$OUT" "$MATCHED" >"$OUT/objectives.json"
"$XLT" report "$OUT/compare" "$OUT/train" --title "Objectives at one English toxicity, other languages" --output "$OUT/report.html" >/dev/null
say "done: $OUT/objectives.json; to look at it, open $OUT/report.html in a browser"
