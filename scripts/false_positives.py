#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often a word list finds something in texts that nobody would call toxic, by list and language.

Reads DATA/udhr/{lang}.jsonl and DATA/ud_pud/{lang}.jsonl (a declaration of rights; news and encyclopaedia) and every folder of lists in
DATA/toxic_words and in the repository's own data, scores each text as a completion through `xlt eval --completions`, and writes
scripts/results/false_positives.json; `scripts/print_tables.py` makes data/README.md's table of it.

usage: false_positives.py --data DIR [--xlt build/release/xlt]
"""
import argparse
import datetime
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ("udhr", "ud_pud")


def texts_of(data, language):
    for source in SOURCES:
        file = data / source / f"{language}.jsonl"
        if file.exists():
            yield from (json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines() if line.strip())


def languages_of(folder):
    return sorted(file.stem for file in folder.iterdir() if file.suffix in (".txt", ".tsv"))


def rates(xlt, lists, data, folder):
    """{language: (texts in which the list finds something, texts)}"""
    rows = folder / "rows.jsonl"
    with rows.open("w", encoding="utf-8") as out:
        for language in languages_of(lists):
            for index, text in enumerate(texts_of(data, language)):
                row = {"id": f"{language}-{index}", "prompt": "", "completion": text, "language": language}
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
    subprocess.run([xlt, "eval", "--completions", rows, "--output", folder / "out", "--scorer", f"word_list:{lists}", "--scoring", "corrected",
                    "--bootstrap-samples", "1", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    found = {}
    for cell in json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))["cells"]:
        metric = cell["metrics"]["toxic_fraction"]
        if metric["value"] is not None:
            found[cell["language"]] = (round(metric["value"] * metric["n"]), metric["n"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--xlt", type=pathlib.Path, default=ROOT / "build" / "release" / "xlt")
    options = parser.parse_args()
    folders = {folder.name: folder for base in (options.data, ROOT / "data") for folder in sorted((base / "toxic_words").iterdir()) if folder.is_dir()}
    rows = []
    for name, lists in folders.items():
        with tempfile.TemporaryDirectory() as folder:
            for language, (found, count) in sorted(rates(options.xlt, lists, options.data, pathlib.Path(folder)).items()):
                rows.append({"list": name, "language": language, "texts": count, "found": found, "share": found / count})
    record = {"command": "scripts/false_positives.py --data DIR", "date": str(datetime.date.today()), "sources": SOURCES, "rows": rows}
    out = ROOT / "scripts" / "results" / "false_positives.json"
    out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {out}")


main()
