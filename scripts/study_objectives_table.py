#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What study_objectives.sh found, as JSON: changes in English and on average over the other languages, arm by arm, and the step at which
each arm was evaluated. print_tables.py makes the table of it.

usage: study_objectives_table.py OUTPUT STEP      OUTPUT: study_objectives.sh's; STEP: of DPO, that others were matched to
"""
import collections
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
    by_method = collections.defaultdict(list)
    for run in sorted((out / "train").iterdir()):
        by_method[run.name.rsplit("-", 1)[0]].append(run)
    arms = []
    for method, runs in by_method.items():
        probed = toxicity_by_step(runs)
        arms.append({"arm": method, "step": matched_step(runs, by_method["dpo"], step), "probe_toxicity": probed})
    print(json.dumps({"rows": rows, "arms": arms}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
