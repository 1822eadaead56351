#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetches published data sets into a folder that `xlt train --recipe` and `xlt eval --data` read (data/README.md). Each set's licence is
# printed before it is fetched; the sets are not ours to give on. What is there already is left alone.
#   scripts/fetch_data.sh [--to DIR] NAME…     DIR: data/published
#   scripts/fetch_data.sh --list               names, licences, what each set is for
set -euo pipefail
cd "$(dirname "$0")/.."
TO=data/published

# name | licence | used as | where from
SETS='panda|MIT (its card)|recipe sft_panda|Hugging Face facebook/panda
jigsaw|CC0-1.0; a Kaggle login and the rules of the competition|recipe sft_jigsaw|Kaggle jigsaw-unintended-bias-in-toxicity-classification
biasdpo|Apache-2.0|recipes dpo_biasdpo, sft_biasdpo|Hugging Face ahmedallam/BiasDPO
detoxdpo|not stated (its code: MIT)|recipes dpo_detoxdpo, sft_detoxdpo|the Google Drive folder toxicity_pairwise that github.com/ajyl/dpo_toxic links to
crows_pairs|CC BY-SA 4.0|benchmark crows_pairs|gitlab.inria.fr/corpus4ethics/multilingualcrowspairs
stereoset|CC BY-SA 4.0|benchmark stereoset, English|Hugging Face McGill-NLP/stereoset
mbbq|not stated; its authors ask that nothing be trained on it|benchmark mbbq|github.com/Veranep/MBBQ
rtp_lx|MIT, with parts under CC BY-NC 4.0 and Apache-2.0 (its NOTICE)|benchmark rtp_lx|github.com/microsoft/RTP-LX
rtp_prompts|BSD-3-Clause|benchmark rtp_prompts|github.com/BatsResearch/cross-lingual-detox
tatoeba|CC BY 2.0 FR|benchmark continuation, --monitor, --retain|downloads.tatoeba.org
flores|CC BY-SA 4.0; a Hugging Face login and its terms|benchmark perplexity, --monitor|Hugging Face openlanguagedata/flores_plus
global_mmlu|Apache-2.0|benchmark global_mmlu|Hugging Face CohereLabs/Global-MMLU'

say() { printf '%s\n' "$*" >&2; }
usage() { sed -n '3,6s/^# *//p' "$0" >&2; exit 2; }
set_field() { printf '%s\n' "$SETS" | awk -F'|' -v name="$1" -v field="$2" '$1 == name { print $field }'; }
names() { printf '%s\n' "$SETS" | cut -d'|' -f1 | tr '\n' ' '; }

hub() {  # hub REPOSITORY DIR PATTERN…: files of a data set of the Hugging Face hub
  local repository=$1 folder=$2 hf arguments=() pattern
  shift 2
  hf=$(command -v hf || true)
  [ -n "$hf" ] || hf=.venv/bin/hf
  [ -x "$hf" ] || { [ -x .venv/bin/python ] || python3 -m venv .venv; .venv/bin/python -m pip install --disable-pip-version-check --quiet huggingface_hub >&2; }
  for pattern in "$@"; do arguments+=(--include "$pattern"); done
  "$hf" download "$repository" --repo-type dataset "${arguments[@]}" --local-dir "$folder" >&2
}

github() {  # github REPOSITORY DIR: a clone without history
  [ -d "$2/.git" ] || git clone --quiet --depth 1 "https://github.com/$1" "$2" >&2
}

parquet() {  # parquet FILE JSONL [COLUMN]: rows as JSON lines, or one column as text lines, by pyarrow
  .venv/bin/python -c 'import pyarrow' 2>/dev/null || { [ -x .venv/bin/python ] || python3 -m venv .venv; .venv/bin/python -m pip install --disable-pip-version-check --quiet pyarrow >&2; }
  .venv/bin/python scripts/parquet_to_jsonl.py "$@"
}

by_hand() { say "$1: cannot be fetched by a script:"; shift; printf '  %s\n' "$@" >&2; return 3; }

fetch_panda() { hub facebook/panda "$TO/panda" train.jsonl valid.jsonl; }
fetch_biasdpo() { hub ahmedallam/BiasDPO "$TO/biasdpo" dataset.jsonl; }
fetch_jigsaw() {
  local competition=jigsaw-unintended-bias-in-toxicity-classification kaggle file
  kaggle=$(command -v kaggle || true)
  [ -n "$kaggle" ] || by_hand jigsaw "pip install kaggle; make an API token at kaggle.com/settings and put it at ~/.kaggle/kaggle.json;" \
    "accept the rules at kaggle.com/c/$competition; then run this again." \
    "Or download train.csv and test_private_expanded.csv there by hand, to $TO/jigsaw/." || return
  for file in train.csv test_private_expanded.csv; do
    "$kaggle" competitions download --competition "$competition" --file "$file" --path "$TO/jigsaw" >&2 || return
    if [ -f "$TO/jigsaw/$file.zip" ]; then (cd "$TO/jigsaw" && python3 -m zipfile -e "$file.zip" . && rm "$file.zip"); fi
  done
}
fetch_detoxdpo() {
  by_hand detoxdpo "open github.com/ajyl/dpo_toxic, follow the link to its data on Google Drive, and put" \
    "toxicity_pairwise/split_0.jsonl … split_5.jsonl into $TO/detoxdpo/."
}
fetch_crows_pairs() {
  local clone=$TO/.sources/crows_pairs row pair
  [ -d "$clone/.git" ] || git clone --quiet --depth 1 https://gitlab.inria.fr/corpus4ethics/multilingualcrowspairs "$clone" >&2
  # Its names are long ("catalan_spain_crowspairs.csv"); which is which is told by their first words.
  for pair in arabic:ar_DZ catalan:ca_ES chinese:zh_CN maltese:mt_MT italian:it_IT french:fr_FR spanish:es_AR english:en_US german:de_DE; do
    row=$(find "$clone" -iname "*${pair%%:*}*.csv" | head -n 1)
    if [ -n "$row" ]; then cp "$row" "$TO/crows_pairs/${pair##*:}.csv"; else say "crows_pairs: no file of ${pair%%:*} there; that language is left out"; fi
  done
}
fetch_stereoset() {
  hub McGill-NLP/stereoset "$TO/.sources/stereoset" 'intrasentence/*.parquet'
  parquet "$TO/.sources/stereoset/intrasentence/validation-00000-of-00001.parquet" "$TO/stereoset/en.jsonl" --stereoset
}
fetch_mbbq() { github Veranep/MBBQ "$TO/.sources/mbbq"; cp "$TO"/.sources/mbbq/data/*.jsonl "$TO/mbbq/"; }
fetch_rtp_lx() {
  github microsoft/RTP-LX "$TO/.sources/rtp_lx"
  [ -n "${RTP_LX_PASSWORD:-}" ] || by_hand rtp_lx "RTP-LX.zip is locked; its README, $TO/.sources/rtp_lx/README.md, says how its password is made." \
    "Then: RTP_LX_PASSWORD=… scripts/fetch_data.sh rtp_lx" || return
  python3 - "$TO/.sources/rtp_lx/RTP-LX/RTP-LX.zip" "$TO/rtp_lx" "$RTP_LX_PASSWORD" <<'PYTHON'
import pathlib, sys, zipfile
archive, folder, password = sys.argv[1:]
with zipfile.ZipFile(archive) as files:
    for name in files.namelist():
        if name.endswith(".json"):
            (pathlib.Path(folder) / pathlib.Path(name).name).write_bytes(files.read(name, pwd=password.encode()))
PYTHON
}
fetch_rtp_prompts() {
  local file language
  github BatsResearch/cross-lingual-detox "$TO/.sources/cross-lingual-detox"
  for file in "$TO"/.sources/cross-lingual-detox/assets/translated_pairwise_data/dpo_toxicity_pairwise_*_200.jsonl; do
    language=${file##*pairwise_}
    cp "$file" "$TO/rtp_prompts/${language%_200.jsonl}.jsonl"
  done
}
fetch_tatoeba() {
  local pair
  # Per-language exports (id, language, text): the first 2,000 sentences. The study's own exports are dated and no longer there.
  for pair in ar:ara cs:ces de:deu en:eng es:spa fr:fra hi:hin id:ind it:ita ja:jpn ko:kor nl:nld pl:pol pt:por ru:rus sv:swe sw:swh tr:tur zh:cmn; do
    [ -s "$TO/tatoeba/${pair%%:*}.tsv" ] || curl -fsSL "https://downloads.tatoeba.org/exports/per_language/${pair##*:}/${pair##*:}_sentences.tsv.bz2" |
      python3 -c 'import bz2, itertools, sys; sys.stdout.buffer.writelines(itertools.islice(bz2.open(sys.stdin.buffer), 2000))' >"$TO/tatoeba/${pair%%:*}.tsv" || return
  done
}
fetch_flores() {
  local file
  hub openlanguagedata/flores_plus "$TO/.sources/flores" 'devtest/*.parquet' ||
    by_hand flores "accept the terms at huggingface.co/datasets/openlanguagedata/flores_plus, then: hf auth login" || return
  for file in "$TO"/.sources/flores/devtest/*.parquet; do parquet "$file" "$TO/flores/$(basename "$file" .parquet).txt" --text text || return; done
}
fetch_global_mmlu() {
  local folder split
  hub CohereLabs/Global-MMLU "$TO/.sources/global_mmlu" '*/*.parquet' || return
  for folder in "$TO"/.sources/global_mmlu/*/; do
    for split in dev test; do
      mkdir -p "$TO/global_mmlu/$(basename "$folder")"
      parquet "$folder/$split-00000-of-00001.parquet" "$TO/global_mmlu/$(basename "$folder")/$split.jsonl" || return
    done
  done
}

wanted=()
while [ $# -gt 0 ]; do
  case $1 in
    --to) [ $# -gt 1 ] || usage; TO=$2; shift ;;
    --list) printf '%s\n' "$SETS" | awk -F'|' '{ printf "%-12s %s\n%-12s   licence: %s\n%-12s   from: %s\n", $1, $3, "", $2, "", $4 }'; exit ;;
    -*) usage ;;
    *) [ -n "$(set_field "$1" 1)" ] || { say "fetch_data.sh: no set \"$1\"; there are: $(names)"; exit 2; }; wanted+=("$1") ;;
  esac
  shift
done
[ ${#wanted[@]} -gt 0 ] || usage

status=0
for name in "${wanted[@]}"; do
  say "$name: $(set_field "$name" 3); from $(set_field "$name" 4); licence: $(set_field "$name" 2)"
  if [ -f "$TO/$name/.complete" ]; then say "  is there: $TO/$name"; continue; fi
  mkdir -p "$TO/$name"
  if "fetch_$name"; then touch "$TO/$name/.complete"; say "  $TO/$name"; else status=3; rmdir "$TO/$name" 2>/dev/null || true; fi
done
exit $status
