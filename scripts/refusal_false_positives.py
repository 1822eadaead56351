#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often the phrases of configs/refusals are found in texts that refuse nothing; writes it into each of its files, as "false_positives".

Reads DATA/udhr/{lang}.jsonl and DATA/ud_pud/{lang}.jsonl (a declaration of rights; news and encyclopaedia) and judges each text as an answer, through
`xlt eval --completions`. The phrases are built into the program: build it after changing them, and again after this script.

usage: refusal_false_positives.py --data DIR [--xlt build/release/xlt]
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ("udhr", "ud_pud")


def texts_of(data, language):
    """{source: texts}, of those that are there"""
    files = {source: data / source / f"{language}.jsonl" for source in SOURCES}
    return {source: [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
            for source, file in files.items() if file.exists()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--xlt", type=pathlib.Path, default=ROOT / "build" / "release" / "xlt")
    options = parser.parse_args()
    files = {file.stem: file for file in sorted((ROOT / "configs" / "refusals").glob("*.json"))}
    texts = {language: texts_of(options.data, language) for language in files}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with (folder / "rows.jsonl").open("w", encoding="utf-8") as out:
            for language, by_source in texts.items():
                for index, text in enumerate(text for source in by_source.values() for text in source):
                    out.write(json.dumps({"id": str(index), "prompt": "", "completion": text, "language": language}, ensure_ascii=False) + "\n")
        subprocess.run([options.xlt, "eval", "--completions", folder / "rows.jsonl", "--output", folder / "out", "--scoring", "corrected", "--num-samples",
                        "1", "--bootstrap-samples", "1", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        cells = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))["cells"]
    rates = {cell["language"]: cell["metrics"]["refusal_rate"] for cell in cells}
    for language, file in files.items():
        config = json.loads(file.read_text(encoding="utf-8"))
        rate = rates.get(language)
        config["false_positives"] = rate and {
            "found": round(rate["value"] * rate["n"]), "texts": rate["n"], "sources": list(texts[language])}
        file.write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(language, config["false_positives"])


main()
