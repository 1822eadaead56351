#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The step at which a method's English completions are as toxic as those of another at a given step, on average over its seeds: the
nearest, and of equals the first. All runs sampled the same prompts (`xlt train --probe-prompts`).

usage: study_objectives_match.py RUN,… OTHER,… STEP      runs of one method, one a seed; runs of the other
"""
import collections
import json
import pathlib
import sys


def toxicity_by_step(runs):
    """{step: mean score of the sampled completions of all runs together}"""
    sums, counts = collections.Counter(), collections.Counter()
    for run in runs:
        for row in map(json.loads, (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines()):
            if "probe" in row:
                of_scorer = next(iter(row["probe"]["scores"].values()))
                sums[row["step"]] += of_scorer["mean"] * of_scorer["n"]
                counts[row["step"]] += of_scorer["n"]
    return {step: sums[step] / counts[step] for step in sorted(counts)}


def matched_step(runs, others, step):
    if runs == others:
        return step
    wanted, looked_at = toxicity_by_step(others)[step], toxicity_by_step(runs)
    return min(looked_at, key=lambda at: (abs(looked_at[at] - wanted), at))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print(matched_step(sys.argv[1].split(","), sys.argv[2].split(","), int(sys.argv[3])))
