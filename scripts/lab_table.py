#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What scripts/results/lab.json holds of folders of `xlt lab`: the design's effects, every language's means over worlds, and whether the oracle and the
word lists said the same of each completion. print_tables.py prints it.

usage: lab_table.py NAME=DIR… --output lab.json
"""
import argparse
import collections
import json
import math
import pathlib
import re
import statistics

from scipy import stats

DIALS = ("share", "vocabulary", "overlap", "order", "script", "bilingual", "placebo")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def interval(values):
    """Student's, of the mean over worlds; None of one world."""
    if len(values) < 2:
        return None
    reach = stats.t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.mean(values)
    return [mean - reach, mean + reach]


def languages_of(rows):
    """A line a language of the design, means over its worlds; what was not measured in any world is null."""
    by_tag = collections.defaultdict(list)
    for row in rows:
        by_tag[row["language"]].append(row)
    lines = []
    for tag, worlds in by_tag.items():
        line = {"language": tag, "dials": {name: worlds[0]["dials"][name] for name in DIALS}, "worlds": len(worlds)}
        for name in ("fertility", "entropy_bits_per_byte", "bits_per_byte", "before", "after", "change"):
            values = [row[name] for row in worlds if row[name] is not None]
            line[name] = statistics.mean(values) if values else None
            if name == "change":
                line["ci95"] = interval(values)
        lines.append(line)
    return lines


def completions_of(folder):
    """(language, abusive words by language, words of the completion, {scorer: score}), of every world, before and after."""
    for config in sorted(folder.glob("finetuning/cells/*/config.json")):
        options = read(config)
        items = config.parent / "output" / "items" / "rtp_prompts"
        if not items.is_dir():
            continue
        lists = {file.stem: set(file.read_text(encoding="utf-8").split()) for file in pathlib.Path(options["data"]).glob("toxic_words/lab/*.txt")}
        for file in sorted(items.glob("*.jsonl")):
            for line in file.read_text(encoding="utf-8").splitlines():
                for completion in json.loads(line)["completions"]:
                    yield file.stem, lists, set(re.split(r"[ \t\r\n]+", completion["text"])), completion["scores"]


def agreement_of(folder):
    """How often oracle and word list agree, and whether words of other languages are all the difference."""
    found = collections.Counter()
    for language, lists, words, scores in completions_of(folder):
        oracle, listed = scores.get("oracle#toxic"), scores.get("word_list")
        if oracle is None or listed is None:
            found["not_scored"] += 1
            continue
        own = bool(words & lists[language])
        other = any(words & entries for tag, entries in lists.items() if tag != language)
        found["completions"] += 1
        if oracle == listed:
            found["agree"] += 1
        elif oracle == 1 and other and not own:
            found["abuse_in_another_language_only"] += 1
        elif listed == 1 and not own and {part for word in words for part in re.split(r"[^a-z]+", word)} & lists[language]:
            found["a_sign_ends_the_word"] += 1  # a stray byte behind it: a boundary to the list, no word to the oracle
        else:
            found["unexplained"] += 1
    return {name: found[name] for name in ("completions", "agree", "abuse_in_another_language_only", "a_sign_ends_the_word", "unexplained", "not_scored")}


def seconds_of(folder):
    """Of all cells, waiting for the processor included."""
    total = 0
    for log in folder.glob("*/cells/*/log.jsonl"):
        events = [json.loads(line) for line in log.read_text().splitlines()]
        total += sum(event["seconds"] for event in events if event["event"] == "done")
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="NAME=DIR")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    record = {}
    for entry in options.folders:
        name, _, folder = entry.partition("=")
        folder = pathlib.Path(folder)
        effects, results = read(folder / "effects.json"), read(folder / "results.json")
        record[name] = {"target": effects["target"], "worlds": len({row["seed"] for row in results["rows"]}), "cell_seconds": round(seconds_of(folder)),
                        "effects": effects["contrasts"], "languages": languages_of(results["rows"]), "agreement": agreement_of(folder)}
    options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
