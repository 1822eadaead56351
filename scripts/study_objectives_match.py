#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The step at which a run's English completions are as toxic as those of another run at a given step: the nearest, and of equals the
first. Both runs sampled the same prompts (`xlt train --probe-prompts`).

usage: study_objectives_match.py RUN OTHER STEP
"""
import json
import pathlib
import sys


def toxicity_by_step(run):
    """{step: mean score of the sampled completions}"""
    rows = map(json.loads, (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines())
    return {row["step"]: next(iter(row["probe"]["scores"].values()))["mean"] for row in rows if "probe" in row}


def matched_step(run, other, step):
    if pathlib.Path(run) == pathlib.Path(other):
        return step
    wanted, looked_at = toxicity_by_step(other)[step], toxicity_by_step(run)
    return min(looked_at, key=lambda at: (abs(looked_at[at] - wanted), at))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print(matched_step(sys.argv[1], sys.argv[2], int(sys.argv[3])))
