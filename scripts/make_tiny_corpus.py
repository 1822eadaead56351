#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Collects the bundled texts of every language into one training file for the tiny model of `quickstart.sh --tiny`.

usage: make_tiny_corpus.py OUT.jsonl OUT.txt
"""
import json
import pathlib
import sys

data = pathlib.Path(__file__).resolve().parents[1] / "data"


def rows(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def texts():
    for file in sorted(data.glob("tatoeba/*.tsv")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield line.split("\t")[0]
    for file in sorted(data.glob("udhr/*.jsonl")):
        for row in rows(file):
            yield row["text"]
    for file in sorted(data.glob("rtp_prompts/*.jsonl")):
        for row in rows(file):
            yield row["Prompt"]
    for name in ["detox_pairs", "debias_preference"]:
        for row in rows(data / name / "en.jsonl"):
            yield row["prompt"] + row["chosen"]
            yield row["prompt"] + row["rejected"]
    for row in rows(data / "debias_pairs/en.jsonl"):
        yield row["original"]
        yield row["perturbed"]


if len(sys.argv) != 3:
    sys.exit(__doc__)
lines = list(dict.fromkeys(texts()))
pathlib.Path(sys.argv[1]).write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in lines), encoding="utf-8")
pathlib.Path(sys.argv[2]).write_text("".join(text + "\n" for text in lines), encoding="utf-8")
