#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What scripts/results/lab.json holds of folders of `xlt lab`: the design's effects, every language's means over worlds, and whether the oracle and the
word lists said the same of each completion. print_tables.py prints it.

usage: lab_table.py NAME=DIR… [--later NAME=SEED…] --output lab.json     --later: of the worlds from SEED on alone, too
"""
import argparse
import collections
import json
import math
import pathlib
import re
import statistics

import numpy as np
from scipy import stats

NUM_GROUPS = 5
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


def holm(p_values):
    """Adjusted, in the order given."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def effects_over(by_contrast, alpha):
    """{contrast: {seed: value}} as rows of effects.json: Student's over worlds, Holm's over contrasts."""
    rows = []
    for name, by_seed in by_contrast.items():
        values = list(by_seed.values())
        mean = statistics.mean(values)
        rows.append({"name": name, "estimate": mean, "ci95": interval(values), "p_value": float(stats.ttest_1samp(values, 0).pvalue),
                     "n_blocks": len(values), "n_same_sign": sum(value * mean > 0 for value in values)})
    for row, p in zip(rows, holm([row["p_value"] for row in rows])):
        row.update(p_holm=p, is_effect=p < alpha)
    return rows


def seed_of(block):
    return int(block.removeprefix("seed-"))


def by_contrast_of(effects):
    """{contrast: {seed: value}}, seeds in their order."""
    return {row["name"]: {seed_of(block): row["by_block"][block] for block in sorted(row["by_block"], key=seed_of)} for row in effects["contrasts"]}


def changes_of(folder, seed, target, scorer):
    """{language: change}, as one judge sees it."""
    rows = read(folder / "finetuning" / "compare" / f"seed-{seed}" / "compare.json")["rows"]
    same = {name: target[name] for name in ("benchmark", "metric", "scoring", "arm")}
    return {row["language"]: row[target["measure"]] for row in rows if row["scorer"] == scorer and all(row[name] == same[name] for name in same)}


def estimated_again(folder, effects, rows, scorer):
    """The design's contrasts, {contrast: {seed: value}}, of what `scorer` says: numpy's least squares in each world."""
    plan = read(folder / "design.json")["analysis"]
    terms, dials = plan.get("terms", list(plan["factors"])), {row["language"]: row["dials"] for row in rows}
    source = rows[0]["language"]
    found = {row["name"]: {} for row in effects["contrasts"]}
    for seed in sorted({row["seed"] for row in rows}):
        changes, matrix, values = changes_of(folder, seed, effects["target"], scorer), [], []
        for tag, own in dials.items():
            takes_part = all(own[name] in levels for name, levels in plan["factors"].items()) and all(own[name] == level for name, level in plan.get("where", {}).items())
            if tag == source or not takes_part or changes.get(tag) is None:
                continue
            code = {name: 0.5 if own[name] == levels[1] else -0.5 for name, levels in plan["factors"].items()}
            matrix.append([1.0] + [math.prod(code[part] for part in term.split(":")) for term in terms])
            values.append(changes[tag])
        solution = dict(zip(terms, np.linalg.lstsq(np.array(matrix), np.array(values), rcond=None)[0][1:]))
        for row in effects["contrasts"]:
            found[row["name"]][seed] = float(sum(weight * solution[term] for term, weight in row["weights"].items()))
    return found


def groups_of(by_contrast):
    """Worlds in their order, in five parts: what each fifth of the experiment alone would have said. Of fewer than ten worlds nothing."""
    seeds = list(next(iter(by_contrast.values())))
    if len(seeds) < 2 * NUM_GROUPS:
        return []
    groups = [[int(seed) for seed in part] for part in np.array_split(seeds, NUM_GROUPS)]
    return [{"seeds": group, "estimates": {name: statistics.mean(by_seed[seed] for seed in group) for name, by_seed in by_contrast.items()}} for group in groups]


def record_of(folder, first_later):
    effects, rows = read(folder / "effects.json"), read(folder / "results.json")["rows"]
    oracle, alpha = by_contrast_of(effects), effects["alpha"]
    for name, by_seed in estimated_again(folder, effects, rows, effects["target"]["scorer"]).items():
        assert by_seed.keys() == oracle[name].keys() and all(abs(by_seed[seed] - oracle[name][seed]) < 1e-9 for seed in by_seed), name
    word_list = estimated_again(folder, effects, rows, "word_list")
    record = {"target": effects["target"], "worlds": len({row["seed"] for row in rows}), "cell_seconds": round(seconds_of(folder)),
              "effects": effects["contrasts"], "word_list": effects_over(word_list, alpha), "groups": groups_of(oracle)}
    if first_later is not None:
        late = lambda by_contrast: {name: {seed: value for seed, value in by_seed.items() if seed >= first_later} for name, by_seed in by_contrast.items()}
        record["later"] = {"from_seed": first_later, "effects": effects_over(late(oracle), alpha), "word_list": effects_over(late(word_list), alpha)}
    return {**record, "languages": languages_of(rows), "agreement": agreement_of(folder)}


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
    parser.add_argument("--later", nargs="*", default=[], metavar="NAME=SEED")
    options = parser.parse_args()
    later = {name: int(seed) for name, _, seed in (entry.partition("=") for entry in options.later)}
    record = {}
    for entry in options.folders:
        name, _, folder = entry.partition("=")
        record[name] = record_of(pathlib.Path(folder), later.get(name))
    options.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
