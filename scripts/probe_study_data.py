#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prepares the rows of `probe_study.sh` from published files: {"text", "language", "label"}, labels 0 … 1.

usage: probe_study_data.py DATA OUT [ROWS]     ROWS: at most so many of a language and file in a test (default 200)

OUT/train-en.jsonl         English: ParaDetox, HASOC 2019, and RTP-LX with its human ratings
OUT/train-five.jsonl       the same English rows, and labelled texts and RTP-LX of German, Spanish, Russian and Chinese
OUT/labelled.jsonl         one labelled set a language (toxicity_labeled)       OUT/hatecheck.jsonl   functional tests of hate speech
OUT/rtp_lx.jsonl           RTP-LX, graded: (mean rating of toxicity − 1) / 4    OUT/benign.jsonl      human rights and news
OUT/second.jsonl           further labelled sets: Arabic and English of MLMA, English tweets of HASOC (as "en-GB")

No text and no translation of it is on both sides: a row's side is decided by a hash of what its file calls it (of both texts of a pair,
of a prompt in every language).
"""
import hashlib
import json
import os
import pathlib
import re
import sys

DATA, OUT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
ROWS = int(sys.argv[3]) if len(sys.argv) > 3 else 200
LABELLED = {"ar": "ar_offenseval2020", "de": "de_germeval2018", "en": "en_paradetox", "es": "es_textdetox", "fr": "fr_mlma", "hi": "hi_textdetox",
            "id": "id_ibrohim", "ja": "ja_inspection_ai", "ko": "ko_kocohub", "pt": "pt_told_br", "ru": "ru_russe_detox_dev", "tr": "tr_offenseval2020", "zh": "zh_cold"}
TRAINED = ["de", "es", "ru", "zh"]  # beside English


def rows(file):
    with open(DATA / file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def place(name):
    """0 … 1, by the name alone."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32


def pair_of(row):
    return re.sub(r"-[nt]$", "", str(row["id"]))


def labelled(name, language):
    """(place, row) of a file of toxicity_labeled, in order of places."""
    return sorted(((place(name + pair_of(row)), {"text": row["text"], "language": language, "label": row["label"]})
                   for row in rows(f"toxicity_labeled/{name}.jsonl")), key=lambda entry: (entry[0], entry[1]["label"]))


def rated(language):
    file = DATA / "rtp_lx" / "prompts" / f"{language}.jsonl"
    return sorted(((place(f"rtp_lx{row['Index']}"), {"text": row["Prompt"], "language": language, "label": (row["Annotations"]["Toxicity"] - 1) / 4})
                   for row in rows(file) if row["Prompt"].strip()), key=lambda entry: entry[0])


def side(entries, train, count):
    """Training rows lie below 0.5, test rows above."""
    return [row for where, row in entries if (where < 0.5) == train and row["text"].strip()][:count]


def write(name, records):
    OUT.mkdir(parents=True, exist_ok=True)
    file = OUT / f"{name}.jsonl"
    temporary = file.with_suffix(".tmp")
    temporary.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    os.replace(temporary, file)
    print(f"{file}: {len(records)} rows", file=sys.stderr)


english = side(labelled("en_paradetox", "en"), True, 1000) + side(labelled("en_hasoc2019", "en"), True, 400) + side(rated("en"), True, 400)
write("train-en", english)
write("train-five", english + [row for language in TRAINED
                               for row in side(labelled(LABELLED[language], language), True, 500) + side(rated(language), True, 250)])

write("labelled", [row for language, name in LABELLED.items() for row in side(labelled(name, language), False, ROWS)])
prompts = sorted(file.stem for file in (DATA / "rtp_lx" / "prompts").glob("*.jsonl"))
write("rtp_lx", [row for language in prompts for row in side(rated(language), False, ROWS * 2 // 3)])
write("hatecheck", [{"text": row["text"], "language": file.stem, "label": row["label"]} for file in sorted((DATA / "hatecheck").glob("*.jsonl"))
                    for row in sorted(rows(file), key=lambda row: place(f"{file.stem}{row['id']}"))[:ROWS * 2 // 3]])
write("second", [row for name, language in (("ar_mlma", "ar"), ("en_mlma", "en"), ("en_hasoc2019", "en-GB"))
                 for row in side(labelled(name, language), False, ROWS)])

benign = []
for language in sorted(set(LABELLED) | set(prompts)):
    for source, count in (("udhr", 30), ("ud_pud", 60)):
        if (DATA / source / f"{language}.jsonl").exists():
            benign += [{"text": row["text"], "language": language} for row in rows(f"{source}/{language}.jsonl")[:count]]
write("benign", benign)
