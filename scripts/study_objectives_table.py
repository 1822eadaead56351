#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What study_objectives.sh found, as JSON: changes in English and on average over the other languages, arm by arm, and the step at which
each run was evaluated. print_tables.py makes the table of it.

usage: study_objectives_table.py OUTPUT STEP      OUTPUT: study_objectives.sh's; STEP: of DPO, that others were matched to
"""
import json
import pathlib
import sys

from study_objectives_match import matched_step, toxicity_by_step

KEPT = ("arm", "benchmark", "metric", "language", "n_items", "n_languages", "base", "change", "ci95", "p_value", "p_holm")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    out, step = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    comparison = json.loads((out / "compare" / "compare.json").read_text())
    rows = [{key: row.get(key) for key in KEPT} for row in comparison["rows"] if row["language"] in ("en", "mean_others")]
    runs = []
    for run in sorted((out / "train").iterdir()):
        method, seed = run.name.rsplit("-", 1)
        at = matched_step(run, out / "train" / f"dpo-{seed}", step)
        runs.append({"arm": method, "seed": int(seed), "step": at, "probe_toxicity": toxicity_by_step(run)[at]})
    print(json.dumps({"rows": rows, "runs": runs}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
