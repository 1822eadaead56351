#!/usr/bin/env python3
"""The table of `study.sh`, as Markdown: before, and what DPO and SFT changed, in each language.

usage: study_table.py OUT     reads OUT/{base,dpo-1,…}/*/items     SPDX-License-Identifier: Apache-2.0

A change is after − before on the same items, the mean over seeds. Its 95 % interval resamples items and, with every draw, seeds: it
covers both. With three seeds the part that is due to seeds is itself poorly known. The mean over the other languages counts each
language once and draws the same seeds for all of them; bold: the interval leaves out 0.
"""
import collections
import json
import pathlib
import random
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


def row(metric, name, results):
    """One line of the table: a result for every method."""
    known = next((result for result in results if result), None)
    first = ["0", "–"] if known is None else [str(known.n), f"{known.before * metric.scale:.{metric.decimals}f}"]
    print(f"| {name} | " + " | ".join(first + [cell(metric, result) for result in results]) + " |")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    runs = {method: sorted(out.glob(f"{method}-*")) for method in METHODS}
    for metric in METRICS:
        print(f"\n**{metric.title}**\n\n| language | n | before | " + " | ".join(f"change, {m.upper()}, {len(runs[m])} seeds" for m in METHODS) + " |")
        print("|---|---:|---:|" + "---|" * len(METHODS))
        compared = {}  # [language][method]
        for language in languages_of(out / "base", metric):
            before = load(out / "base", metric, language)
            compared[language] = {m: compare(before, [load(run, metric, language) for run in runs[m]]) for m in METHODS}
        def result(names, method):
            return change([compared[n][method] for n in names if compared[n][method]], random.Random(f"{metric.title} {' '.join(names)} {method}"))
        for language in compared:
            row(metric, language, [result([language], m) for m in METHODS])
        others = [language for language in compared if language != "en"]
        if len(others) > 1:
            row(metric, f"mean of {len(others)} others", [result(others, m) for m in METHODS])


main()
