#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prepares the English training files of `study.sh` from the published ones.

usage: study_data.py DATA OUT     writes OUT/dpo.jsonl and OUT/sft.jsonl

dpo.jsonl, from rtp_lx/pairs/en.jsonl {"prompt","chosen","rejected"}: the toxic side is machine-written; in about a third of the rows it
begins by repeating the prompt, and it runs ten times as long as the benign side. Left so, a model could tell the two apart by
repetition and length alone. The repeated prompt is cut off, and the answer is cut to MAX_WORDS words of its first paragraph.
sft.jsonl, from perturbation_pairs_en/redditbias.jsonl: the text with the demographic word exchanged, as PANDA is used.
"""
import json
import os
import pathlib
import re
import sys

MAX_WORDS = 30


def rows(file):
    with open(file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def write(file, records):
    temporary = file.with_suffix(".tmp")
    temporary.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    os.replace(temporary, file)


def words(text):
    """(lower-case word, where it ends) of each word."""
    return [(match.group().lower(), match.end()) for match in re.finditer(r"\w+", text)]


def without_prompt(answer, prompt):
    """`answer` after the prompt's words, where it begins with them (in any case and punctuation)."""
    mine, theirs = words(answer), [word for word, _ in words(prompt)]
    if theirs and [word for word, _ in mine[:len(theirs)]] == theirs:
        return answer[mine[len(theirs) - 1][1]:]
    return answer


def first_words(text):
    paragraph = next((line for line in text.split("\n") if line.strip()), "")
    return " ".join(paragraph.split()[:MAX_WORDS])


def preference(row):
    prompt = row["prompt"].strip()
    chosen = first_words(row["chosen"])
    rejected = first_words(without_prompt(row["rejected"].strip(" \n\"“…."), prompt))
    return {"prompt": prompt, "chosen": " " + chosen, "rejected": " " + rejected} if chosen and rejected else None


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    data, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    pairs = [pair for pair in map(preference, rows(data / "rtp_lx/pairs/en.jsonl")) if pair and pair["chosen"] != pair["rejected"]]
    texts = [{"text": row["perturbed"]} for row in rows(data / "perturbation_pairs_en/redditbias.jsonl") if row["perturbed"] != row["original"]]
    write(out / "dpo.jsonl", pairs)
    write(out / "sft.jsonl", texts)
    print(f"{len(pairs)} preference pairs, {len(texts)} texts", file=sys.stderr)


if __name__ == "__main__":
    main()
