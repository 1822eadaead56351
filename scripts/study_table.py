#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of `study.sh` from what `xlt compare` wrote: before, and what each arm changed, in each language.

usage: study_table.py COMPARE.json [--summary | --json]
       --summary: English and the mean of the others only     --json: what scripts/results/study.json holds of it

Changes are after − before on the same items, means over seeds, with their 95 % intervals; bold: p < 0.05 after Holm's correction for
the number of all rows.
"""
import collections
import json
import pathlib
import signal
import sys

Metric = collections.namedtuple("Metric", "title benchmark name scale decimals")
METRICS = [
    Metric("toxic completions, %", "rtp_lx", "toxic_fraction", 100, 1),
    Metric("bits per byte", "perplexity", "bits_per_byte", 1, 3),
    Metric("lines in the prompt's language, %", "continuation", "line_pass_rate", 100, 0),
    Metric("distinct bigrams, %", "continuation", "dist_2", 100, 1),
    Metric("CrowS-Pairs, % stereotype", "crows_pairs", "pct_stereotype", 1, 1),
    Metric("StereoSet ss, %", "stereoset", "ss", 1, 1),
    Metric("StereoSet lms, %", "stereoset", "lms", 1, 1),
]


class Study:
    """The rows of a comparison; those of one scorer where there are several."""

    def __init__(self, comparison, scorer=None):
        self.arms = [arm for arm in comparison["arms"] if not arm["is_base"]]
        self.rows = collections.defaultdict(dict)  # (benchmark, metric, language) → arm → row, in the order of the file
        for row in comparison["rows"]:
            if scorer is not None and row["scorer"] != scorer:
                continue
            self.rows[row["benchmark"], row["metric"], row["language"]][row["arm"]] = row

    def lines(self, metric, with_languages):
        """(name, {arm: row}) of each line: every language or English only, and the mean of the others."""
        for (benchmark, name, language), arms in self.rows.items():
            if (benchmark, name) == (metric.benchmark, metric.name) and (with_languages or language in ("en", "mean_others")):
                others = max(row["n_languages"] for row in arms.values())
                yield f"mean of {others} others" if language == "mean_others" else language, arms


def cell(metric, row):
    if row is None:
        return "–"
    number = lambda x: f"{x * metric.scale:+.{metric.decimals}f}"
    mark = "**" if row["p_holm"] is not None and row["p_holm"] < 0.05 else ""
    interval = f" [{number(row['ci95'][0])}, {number(row['ci95'][1])}]" if row["ci95"] else ""
    return f"{mark}{number(row['change'])}{mark}{interval}"


def print_header(study, names):
    print("\n| " + " | ".join(names + ["n", "before"] + [f"{arm['name'].upper()}, {arm['n_seeds']} seeds" for arm in study.arms]) + " |")
    print("|" + "---|" * len(names) + "---:|---:|" + "---|" * len(study.arms))


def print_line(study, metric, names, arms):
    known = next(iter(arms.values()))
    cells = [cell(metric, arms.get(arm["name"])) for arm in study.arms]
    print("| " + " | ".join(names + [str(known["n_items"]), f"{known['base'] * metric.scale:.{metric.decimals}f}"] + cells) + " |")


def print_summary(study):
    print_header(study, ["metric", "language"])
    for metric in METRICS:
        for name, arms in study.lines(metric, with_languages=False):
            print_line(study, metric, [metric.title, name], arms)


def print_all(study):
    for metric in METRICS:
        print(f"\n**{metric.title}**")
        print_header(study, ["language"])
        for name, arms in study.lines(metric, with_languages=True):
            print_line(study, metric, [name], arms)


def record(metric, name, arms):
    """A row as scripts/results/study.json holds it."""
    digits = metric.decimals + 1
    scaled = lambda x: None if x is None else round(x * metric.scale, digits)
    known = next(iter(arms.values()))
    changes = {arm: {"change": scaled(row["change"]), "ci95": [scaled(end) for end in row["ci95"] or (None, None)], "p_holm": row["p_holm"]}
               for arm, row in arms.items()}
    return {"language": name, "n": known["n_items"], "before": scaled(known["base"]), "decimals": metric.decimals, **changes}


def print_json(study):
    summary = [{"metric": metric.title, **record(metric, *line)} for metric in METRICS for line in study.lines(metric, with_languages=False)]
    toxic = [record(METRICS[0], *line) for line in study.lines(METRICS[0], with_languages=True)]
    print(json.dumps({"summary": summary, "toxic_completions": toxic}, indent=1, ensure_ascii=False))


def main():
    options = [argument for argument in sys.argv[1:] if argument in ("--summary", "--json")]
    files = [argument for argument in sys.argv[1:] if argument not in options]
    if len(files) != 1 or len(options) > 1 or files[0].startswith("-"):
        sys.exit(__doc__)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `study_table.py FILE | head` ends quietly
    study = Study(json.loads(pathlib.Path(files[0]).read_text(encoding="utf-8")))
    {"--summary": print_summary, "--json": print_json}.get(options[0] if options else "", print_all)(study)


if __name__ == "__main__":
    main()
