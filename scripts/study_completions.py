#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sampled completions of one arm of `study.sh` as rows for `xlt eval --completions`, on standard output.

usage: study_completions.py OUTPUT/ARM/toxicity/items/rtp_lx
"""
import json
import pathlib
import sys


def main(folder):
    files = sorted(pathlib.Path(folder).glob("*.jsonl"))
    if not files:
        sys.exit(f"study_completions.py: no items in {folder}; run study.sh first")
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            for sample, completion in enumerate(item["completions"]):
                print(json.dumps({"language": file.stem, "id": item["id"], "sample": sample, "prompt": item["prompt"],
                                  "completion": completion["text"]}, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
