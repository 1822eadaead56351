#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What scripts/results/probe.json holds of a finished `probe_study.sh`: figures alone, no texts.

usage: probe_study_table.py OUT > probe.json
"""
import json
import pathlib
import statistics
import sys

OUT = pathlib.Path(sys.argv[1])
SETS = ["labelled", "rtp_lx", "hatecheck", "second"]
FIELDS = ["n", "n_scored", "n_positive", "seen", "auc", "auc_ci95", "accuracy", "f1", "brier", "ece", "spearman", "positive_rate_on_benign", "unscored"]


def read(file):
    return json.loads(file.read_text(encoding="utf-8"))


def probe(folder):
    record = read(folder / "probe.json")
    keys = ["layer", "num_layers", "hidden_size", "calibration", "l2", "model_hash", "dtype", "languages", "held_out", "layers", "seed"]
    return {key: record[key] for key in keys}


def rounded(value):
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return {k: rounded(v) for k, v in value.items()} if isinstance(value, dict) else value


result = {"probes": {folder.name: probe(folder) for folder in sorted((OUT / "probes").iterdir())}}
for name in SETS:
    cards = {file.name.split(".")[0]: read(file) for file in sorted((OUT / "cards").glob(f"*.{name}.json"))}
    result[name] = []
    for language in sorted({language for card in cards.values() for language in card["languages"]}, key=lambda tag: (tag != "en", tag)):
        row = {"language": language}
        for scorer, card in cards.items():
            own = card["languages"].get(language)
            if own is None:
                continue
            row[scorer] = {field: own[field] for field in FIELDS}
            if "benign" in own:
                row[scorer]["benign"] = {key: own["benign"][key] for key in ("n_scored", "positive_rate", "positive_rate_ci95")}
        result[name].append(row)
    # The mean over the languages that neither probe was trained in, and where every scorer has a figure.
    known = set(result["probes"]["five"]["languages"])
    for group, asks in (("mean of unseen", lambda tag: tag.split("-")[0] not in known), ("mean of the four", lambda tag: tag in known - {"en"})):
        rows = [row for row in result[name] if asks(row["language"])]
        mean = {"language": group, "languages": [row["language"] for row in rows]}
        for scorer in cards:
            areas = [row[scorer]["auc"] for row in rows if scorer in row and row[scorer]["auc"] is not None]
            mean[scorer] = {"n_languages": len(areas), "auc": statistics.mean(areas) if areas else None, "auc_ci95": None}
        if len(rows) > 1:
            result[name].append(mean)
json.dump(rounded(result), sys.stdout, indent=1, ensure_ascii=False)
print()
