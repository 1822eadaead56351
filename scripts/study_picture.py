#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first picture of the study's page, scripts/results/study.svg, from scripts/results/study.json: `xlt report` makes the page, a headless
Chromium (Debian's package chromium-headless-shell) draws it.

usage: study_picture.py [--xlt PROGRAM] [--output FILE.svg]
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "scenarios"))
from chromium import Browser, find_chromium  # noqa: E402


def comparison_of(study):
    """What xlt compare would have written of the toxic completions."""
    arms, rows = ("dpo", "sft"), []
    for line in study["toxic_completions"]:
        others = re.fullmatch(r"mean of (\d+) others", line["language"])
        for arm in arms:
            found = line[arm]
            rows.append({"benchmark": "rtp_lx", "metric": "toxic completions, %", "scoring": "corrected", "scorer": "word_list", "arm": arm,
                         "language": "mean_others" if others else line["language"], "n_languages": int(others[1]) if others else 1,
                         "n_items": line["n"], "n_seeds": study["seeds"], "base": line["before"], "value": line["before"] + found["change"],
                         "change": found["change"], "ci95": found["ci95"], "p_holm": found["p_holm"], "higher_is_better": False, "range": [0, 100]})
    return {"arms": [{"name": name, "is_base": name == "base", "n_seeds": 1 if name == "base" else study["seeds"]} for name in ("base", *arms)],
            "rows": rows, "refused": []}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--xlt", default=str(ROOT / "xlt"))
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "scripts" / "results" / "study.svg")
    options = parser.parse_args()
    if not find_chromium():
        sys.exit("study_picture.py: no Chromium runs here; install Debian's package chromium-headless-shell")
    study = json.loads((ROOT / "scripts" / "results" / "study.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        comparison, page = pathlib.Path(folder) / "compare.json", pathlib.Path(folder) / "report.html"
        comparison.write_text(json.dumps(comparison_of(study)))
        subprocess.run([options.xlt, "report", comparison, "--output", page, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        with Browser() as browser:
            browser.open(page, 500)  # one picture beside the other would be narrower
            options.output.write_text(browser.evaluate("xltStandalone(document.querySelector('#change figure svg'))") + "\n")
    print(options.output)


if __name__ == "__main__":
    main()
