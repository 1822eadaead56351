#!/usr/bin/env python3
"""xlt beside transformers, PEFT and TRL on the same model, data and machine, float32: one after the other, several times, medians.

usage: bench_peers.py --peers DIR --data DIR [--model DIR] [--output FILE] [--repeats N] [--work generate,score,dpo,sft]

--peers holds peer.py and make_data.py; --data holds mbbq/ and crows_pairs/. Loading is not counted on either side. Peak memory is the
resident set of the whole process. SPDX-License-Identifier: Apache-2.0
"""
import argparse
import csv
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROMPTS, PAIRS, DPO_STEPS, SFT_STEPS = 4, 40, 3, 4


def measured(command, cwd):
    """Output, error text and peak memory in MB of a process that must succeed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=err, cwd=cwd, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0), err.seek(0)
        output, error = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    if status != 0:
        sys.exit(f"bench_peers.py: this failed:\n{' '.join(map(str, command))}\n{output[-1000:]}\n{error[-3000:]}")
    return output, error, usage.ru_maxrss // 1024


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.xlt = ROOT / "build" / "release" / "xlt"
        measured([sys.executable, options.peers / "make_data.py", folder, options.data / "mbbq"], folder)
        rows = [json.loads(line) for line in open(folder / "pairs.jsonl", encoding="utf-8")]
        self.prompts = self.write("prompts.jsonl", [{"prompt": row["prompt"]} for row in rows[:PROMPTS]])
        with open(options.data / "crows_pairs" / "en_US.csv", encoding="utf-8", newline="") as file:
            pairs = list(csv.DictReader(file))[:PAIRS]
        self.sentences = self.write("sentences.jsonl", [{"text": row[side]} for row in pairs for side in ("sent_more", "sent_less")])

    def write(self, name, rows):
        file = self.folder / name
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return file

    def peer(self, work, data, count):
        output, _, memory = measured([sys.executable, self.options.peers / "peer.py", work, self.options.model, data, count], self.folder)
        result = json.loads(next(line for line in output.splitlines() if line.startswith("RESULT ")).removeprefix("RESULT "))
        seconds = result.get("gen_s") or result.get("score_s") or result["step_s"]
        return seconds, memory

    def verb(self, *arguments):
        _, error, memory = measured([self.xlt, *arguments, "--model", self.options.model, "--dtype", "float32"], self.folder)
        return float(re.search(r"tokens in ([0-9.]+) s", error).group(1)), memory

    def train(self, method, data, steps, flags):
        run = self.folder / f"run-{time.monotonic_ns()}"
        _, _, memory = measured([self.xlt, "train", "--method", method, "--model", self.options.model, "--data", data, "--output", run, "--dtype", "float32",
                                 "--max-steps", steps, "--batch-size", 4, "--lora-r", 64, "--lora-alpha", 16, "--max-length", 512, "--lr-schedule",
                                 "constant_with_warmup", "--warmup-steps", 150, "--seed", 42, "--save-steps", 0, *flags], self.folder)
        rows = [json.loads(line) for line in open(run / "metrics.jsonl", encoding="utf-8")]
        return rows[-1]["seconds"] / steps, memory

    def works(self):
        dpo = ["--optimizer", "rmsprop", "--learning-rate", "1e-5", "--weight-decay", "0.05", "--max-grad-norm", "10", "--beta", "0.1"]
        sft = ["--optimizer", "adamw", "--learning-rate", "3e-4", "--weight-decay", "0.001", "--lora-dropout", "0.1"]
        pairs, texts = self.folder / "pairs.jsonl", self.folder / "texts.jsonl"
        crows = self.options.data / "crows_pairs" / "en_US.csv"
        return {
            "generate": (f"generate {PROMPTS} prompts × 25 × 20 tokens", lambda: self.peer("generate", pairs, PROMPTS), lambda: self.verb(
                "generate", "--prompts", self.prompts, "--output", self.folder / "out.jsonl", "--num-samples", 25, "--max-new-tokens", 20, "--ignore-eos")),
            "score": (f"score {PAIRS} pairs of CrowS-Pairs en", lambda: self.peer("score", crows, PAIRS), lambda: self.verb(
                "score", "--input", self.sentences, "--output", self.folder / "out.jsonl")),
            "dpo": ("DPO step, 4 pairs, LoRA r 64", lambda: self.peer("dpo", pairs, DPO_STEPS), lambda: self.train("dpo", pairs, DPO_STEPS, dpo)),
            "sft": ("SFT step, 4 texts, LoRA r 64", lambda: self.peer("sft", texts, SFT_STEPS), lambda: self.train("sft", texts, SFT_STEPS, sft)),
        }

    def run(self, name):
        title, peer, mine = self.works()[name]
        sides = {"xlt": [], "peer": []}
        for repeat in range(self.options.repeats):
            for side, call in (("xlt", mine), ("peer", peer)) if repeat % 2 == 0 else (("peer", peer), ("xlt", mine)):
                sides[side].append(call())
                print(f"  {name} {repeat + 1}/{self.options.repeats} {side}: {sides[side][-1][0]:.2f} s, {sides[side][-1][1]} MB", file=sys.stderr, flush=True)
        median = lambda side, which: statistics.median(value[which] for value in sides[side])
        ratios = sorted(p[0] / m[0] for p, m in zip(sides["peer"], sides["xlt"]))
        return {"work": title, "xlt_seconds": median("xlt", 0), "peer_seconds": median("peer", 0), "speedup": statistics.median(ratios),
                "speedup_range": [ratios[0], ratios[-1]], "xlt_mb": median("xlt", 1), "peer_mb": median("peer", 1), "repeats": self.options.repeats}


def table(rows):
    print("| work | xlt | peer | times as fast (lowest–highest) | memory, xlt : peer |\n|---|---:|---:|---:|---:|")
    for row in rows:
        low, high = row["speedup_range"]
        print(f"| {row['work']} | {row['xlt_seconds']:.2f} s | {row['peer_seconds']:.2f} s | **{row['speedup']:.1f}** ({low:.1f}–{high:.1f}) | "
              f"{row['xlt_mb'] / 1000:.1f} : {row['peer_mb'] / 1000:.1f} GB |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=pathlib.Path, required=True, help="folder with peer.py and make_data.py")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with mbbq/ and crows_pairs/")
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "models" / "gemma-3-270m")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "runs" / "bench_peers.json")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", default="generate,score,dpo,sft")
    options = parser.parse_args()
    for name in ("peers", "data", "model"):
        setattr(options, name, getattr(options, name).resolve())
    options.output.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        for name in options.work.split(","):
            rows.append(bench.run(name))
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    record = {"date": datetime.date.today().isoformat(), "cpu": cpu, "cores": os.cpu_count(), "model": options.model.name, "rows": rows}
    temporary = options.output.with_suffix(".tmp")
    temporary.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, options.output)
    table(rows)


main()
