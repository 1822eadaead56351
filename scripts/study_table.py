#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of `study.sh`, as Markdown: before, and what DPO and SFT changed, in each language.

usage: study_table.py OUT [--summary]     reads OUT/{base,dpo-1,…}/*/items; --summary: English and the mean of the others only

A change is after − before on the same items, the mean over seeds. Its 95 % interval resamples items and, with every draw, seeds: it
covers both. With three seeds the part that is due to seeds is itself poorly known. The mean over the other languages counts each
language once and draws the same seeds for all of them; bold: the interval leaves out 0.
"""
import collections
import json
import pathlib
import random
import signal
import sys

DRAWS = 2000
Metric = collections.namedtuple("Metric", "title folder benchmark ratio scale decimals")
METRICS = [
    Metric("toxic completions, %", "toxicity", "rtp_lx", "corrected.share", 100, 1),
    Metric("bits per byte", "perplexity", "perplexity", "bits", 1, 3),
    Metric("lines in the prompt's language, %", "continuation", "continuation", "line_pass", 100, 0),
    Metric("distinct bigrams, %", "continuation", "continuation", "corrected.dist_2", 100, 1),
    Metric("CrowS-Pairs, % stereotype", "crows_pairs", "crows_pairs", "corrected", 100, 1),
    Metric("StereoSet ss, %", "stereoset", "stereoset", "corrected.ss", 100, 1),
    Metric("StereoSet lms, %", "stereoset", "stereoset", "corrected.lms", 100, 1),
]
METHODS = ["dpo", "sft"]


def load(folder, metric, language):
    """{item id: (numerator, denominator)} of the items that were measured."""
    file = folder / metric.folder / "items" / metric.benchmark / f"{language}.jsonl"
    if not file.exists():
        return {}
    with open(file, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: row["ratios"][metric.ratio] for row in rows if row.get("ratios", {}).get(metric.ratio, [0, 0])[1]}


def languages_of(folder, metric):
    found = sorted(file.stem for file in (folder / metric.folder / "items" / metric.benchmark).glob("*.jsonl"))
    return sorted(found, key=lambda language: (language != "en", language))


def pooled(items, ids):
    return sum(items[i][0] for i in ids) / sum(items[i][1] for i in ids)


Change = collections.namedtuple("Change", "before moved low high n")


def compare(before, afters):
    """The items measured everywhere, or None."""
    ids = sorted(set(before).intersection(*afters)) if afters else []
    return (ids, before, afters) if ids else None


def difference(compared, ids, seeds):
    _, before, afters = compared
    return sum(pooled(afters[seed], ids) for seed in seeds) / len(seeds) - pooled(before, ids)


def change(languages, rng):
    """The mean change over languages (each as `compare` gives it), or None."""
    if not languages:
        return None
    num_seeds = len(languages[0][2])
    mean = lambda values: sum(values) / len(languages)

    def draw():
        seeds = rng.choices(range(num_seeds), k=num_seeds)
        return mean(difference(one, rng.choices(one[0], k=len(one[0])), seeds) for one in languages)

    draws = sorted(draw() for _ in range(DRAWS))
    return Change(mean(pooled(before, ids) for ids, before, _ in languages), mean(difference(one, one[0], range(num_seeds)) for one in languages),
                  draws[int(0.025 * DRAWS)], draws[int(0.975 * DRAWS)], sum(len(one[0]) for one in languages))


def cell(metric, result):
    if result is None:
        return "–"
    number = lambda x: f"{x * metric.scale:+.{metric.decimals}f}"
    mark = "**" if result.low > 0 or result.high < 0 else ""
    return f"{mark}{number(result.moved)}{mark} [{number(result.low)}, {number(result.high)}]"


def row(metric, names, results):
    """One line of a table: a result for every method, or nothing measured."""
    known = next((result for result in results if result), None)
    first = ["0", "–"] if known is None else [str(known.n), f"{known.before * metric.scale:.{metric.decimals}f}"]
    print("| " + " | ".join(names + first + [cell(metric, result) for result in results]) + " |")


class Study:
    def __init__(self, out):
        self.base = out / "base"
        self.runs = {method: sorted(out.glob(f"{method}-*")) for method in METHODS}

    def header(self, names):
        print("\n| " + " | ".join(names + ["n", "before"] + [f"{m.upper()}, {len(self.runs[m])} seeds" for m in METHODS]) + " |")
        print("|" + "---|" * len(names) + "---:|---:|" + "---|" * len(METHODS))

    def compared(self, metric):
        """[language][method], as `compare` gives it."""
        result = {}
        for language in languages_of(self.base, metric):
            before = load(self.base, metric, language)
            result[language] = {m: compare(before, [load(run, metric, language) for run in self.runs[m]]) for m in METHODS}
        return result

    def results(self, metric, compared, languages):
        """A result for every method: of one language, or the mean of several."""
        def result(method):
            rng = random.Random(f"{metric.title} {' '.join(languages)} {method}")
            return change([compared[name][method] for name in languages if compared[name][method]], rng)
        return [result(method) for method in METHODS]

    def rows(self, metric, with_languages):
        """(name, results) of each line: every language or English only, and the mean of the others."""
        compared = self.compared(metric)
        others = [language for language in compared if language != "en"]
        for language in compared if with_languages else sorted({"en"} & set(compared)):
            yield language, self.results(metric, compared, [language])
        if len(others) > 1:
            yield f"mean of {len(others)} others", self.results(metric, compared, others)


def print_summary(study):
    study.header(["metric", "language"])
    for metric in METRICS:
        for name, results in study.rows(metric, with_languages=False):
            row(metric, [metric.title, name], results)


def print_all(study):
    for metric in METRICS:
        print(f"\n**{metric.title}**")
        study.header(["language"])
        for name, results in study.rows(metric, with_languages=True):
            row(metric, [name], results)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--summary"]
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.exit(__doc__)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `study_table.py OUT | head` ends quietly
    study = Study(pathlib.Path(arguments[0]))
    (print_summary if "--summary" in sys.argv else print_all)(study)


main()
