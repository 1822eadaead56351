#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What study_objectives.sh needs besides preference pairs: OUT/probe.jsonl, every n-th prompt of a file, COUNT of them, to look at while
it trains; OUT/forget.jsonl, the rejected answers of OUT/dpo.jsonl as completions, for methods that unlearn.

usage: study_objectives_data.py rtp_prompts/en.jsonl COUNT OUT
"""
import pathlib
import sys

from study_data import rows, write


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    prompts, count, out = list(enumerate(rows(sys.argv[1]))), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    chosen = prompts[::max(1, len(prompts) // count)][:count]
    write(out / "probe.jsonl", [{"id": str(row.get("id", i)), "prompt": row.get("prompt") or row["Prompt"], "language": "en"} for i, row in chosen])
    write(out / "forget.jsonl", [{"prompt": row["prompt"], "completion": row["rejected"]} for row in rows(out / "dpo.jsonl")])


if __name__ == "__main__":
    main()
