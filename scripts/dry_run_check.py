#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `xlt train --dry-run` foretells beside what the same command then takes: seconds, and the process's memory at its highest.

usage: dry_run_check.py --output results/dry_run.json MODEL=FOLDER…      runs of a few minutes each, on data/detox_pairs and data/debias_pairs
"""
import argparse
import datetime
import json
import os
import pathlib
import tempfile

from measuring import cpu_name, measured

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAIRS, TEXTS = ROOT / "data" / "detox_pairs" / "en.jsonl", ROOT / "data" / "debias_pairs" / "en.jsonl"
RUNS = {  # name: options; as many steps as make a minute or two
    "dpo, LoRA, float32": ["--method", "dpo", "--data", PAIRS, "--max-steps", 30, "--batch-size", 4],
    "dpo, LoRA, bfloat16": ["--method", "dpo", "--data", PAIRS, "--max-steps", 40, "--batch-size", 4, "--dtype", "bfloat16"],
    "dpo, QLoRA": ["--method", "dpo", "--data", PAIRS, "--max-steps", 20, "--batch-size", 4, "--adapter", "qlora"],
    "sft, all weights": ["--method", "sft", "--data", TEXTS, "--max-steps", 20, "--batch-size", 8, "--adapter", "none"],
}


def compare(xlt, model, options, folder):
    command = [xlt, "train", "--model", model, *options, "--output", folder]
    foretold = json.loads(measured([*command, "--dry-run"]).output)
    run = measured(command)
    seconds = json.loads(run.output.splitlines()[-1])["seconds"]
    return {"foretold_seconds": foretold["seconds"], "seconds": seconds, "foretold_bytes": foretold["memory_bytes"]["total"], "bytes": run.bytes}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xlt", default=ROOT / "build" / "release" / "xlt")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("models", nargs="+", metavar="MODEL=FOLDER")
    args = parser.parse_args()
    rows = []
    for name, model in (pair.split("=", 1) for pair in args.models):
        for run_name, options in RUNS.items():
            with tempfile.TemporaryDirectory() as folder:
                row = {"model": name, "run": run_name, **compare(args.xlt, model, options, pathlib.Path(folder) / "run")}
            rows.append(row)
            print(json.dumps(row), flush=True)
    args.output.write_text(json.dumps({"machine": {"cpu": cpu_name(), "threads": os.cpu_count()}, "date": str(datetime.date.today()),
                                       "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
