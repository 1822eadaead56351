#!/usr/bin/env python3
"""The table of `study.sh`, as Markdown: before, and what DPO and SFT changed, in each language.

usage: study_table.py OUT     reads OUT/{base,dpo-1,…}/*/items     SPDX-License-Identifier: Apache-2.0

A change is after − before on the same items, the item's mean over seeds. Its 95 % interval resamples items and, with every draw,
seeds: it covers both. With three seeds the part that is due to seeds is itself poorly known.
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


def change(before, afters, rng):
    """(before, change, low, high, n) over the items measured everywhere, or None."""
    ids = sorted(set(before).intersection(*afters))
    if not ids or not afters:
        return None
    def difference(ids, seeds):
        return sum(pooled(afters[seed], ids) for seed in seeds) / len(seeds) - pooled(before, ids)
    draws = sorted(difference(rng.choices(ids, k=len(ids)), rng.choices(range(len(afters)), k=len(afters))) for _ in range(DRAWS))
    return pooled(before, ids), difference(ids, range(len(afters))), draws[int(0.025 * DRAWS)], draws[int(0.975 * DRAWS)], len(ids)


def cell(metric, result):
    if result is None:
        return "–"
    _, moved, low, high, _ = result
    number = lambda x: f"{x * metric.scale:+.{metric.decimals}f}"
    mark = "**" if low > 0 or high < 0 else ""
    return f"{mark}{number(moved)}{mark} [{number(low)}, {number(high)}]"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    runs = {method: sorted(out.glob(f"{method}-*")) for method in METHODS}
    for metric in METRICS:
        print(f"\n**{metric.title}**\n\n| language | n | before | " + " | ".join(f"change, {m.upper()}, {len(runs[m])} seeds" for m in METHODS) + " |")
        print("|---|---:|---:|" + "---|" * len(METHODS))
        for language in languages_of(out / "base", metric):
            before = load(out / "base", metric, language)
            results = [change(before, [load(run, metric, language) for run in runs[m]], random.Random(f"{metric.title} {language} {m}"))
                       for m in METHODS]
            known = next((r for r in results if r), None)
            if known is None:
                print(f"| {language} | 0 | – |" + " – |" * len(METHODS))
                continue
            print(f"| {language} | {known[4]} | {known[0] * metric.scale:.{metric.decimals}f} | " + " | ".join(cell(metric, r) for r in results) + " |")


main()
