#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `study_scorers.sh` found, as scripts/results/study_scorers.json holds it: the changes of each arm under each scorer, and how far the
scorers agree about the untouched model's completions.

usage: study_scorers_table.py OUTPUT
"""
import json
import pathlib
import sys

from study_table import Metric, Study, record

METRICS = [
    Metric("toxic completions, %", "completions", "toxic_fraction", 100, 1),
    Metric("expected maximum of 10", "completions", "expected_max_toxicity", 1, 3),
]


# As the tables call the scorers of study_scorers.sh, in this order.
SCORERS = {"word_list": "ldnoobw", "word_list:hurtlex": "hurtlex", "probe:en": "probe-en", "probe:five": "probe-five"}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def changes(comparison):
    return [{"scorer": title, "metric": metric.title, **record(metric, *line)}
            for metric in METRICS for scorer, title in SCORERS.items() for line in Study(comparison, scorer).lines(metric, with_languages=False)]


def agreement(report):
    """A row a language: Krippendorff's alpha over all scorers that scored a completion, with its 95 % interval, and each one's coverage."""
    rounded = lambda x: None if x is None else round(x, 3)
    return [{"language": row["language"], "n": row["n"], "alpha": rounded(row["alpha"]), "alpha_ci95": [rounded(end) for end in row["alpha_ci95"] or (None, None)],
             "coverage": {title: rounded(report["coverage"][row["language"]][scorer]) for scorer, title in SCORERS.items()}} for row in report["panel"]]


def main(folder):
    folder = pathlib.Path(folder)
    found = {"changes": changes(read(folder / "compare" / "compare.json")), "agreement": agreement(read(folder / "base" / "report.json"))}
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(sys.argv[1])
