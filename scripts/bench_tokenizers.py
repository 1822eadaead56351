#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`xlt tokenize` beside the `tokenizers` wheel on one thread: the same tokenizer.json, the same texts, in turns, CPU seconds, medians.

usage: bench_tokenizers.py --data DIR [--repeats N] [--copies N] [--xlt FILE] [--output FILE] NAME=FOLDER …

Every FOLDER holds a tokenizer.json; --data holds udhr/*.jsonl and tatoeba/*.tsv, all texts of which are encoded. Where a few languages are
asked for by --langs en,de,… only theirs are. xlt's time is a process's that reads and writes JSON lines, less that of the same with one
text, which counts as loading; the wheel's is that of encode_batch_fast alone, in a process that keeps to one thread. A run whose ids
differ is no result.
"""
import argparse
import datetime
import importlib.metadata
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

from measuring import cpu_name, measured

ROOT = pathlib.Path(__file__).resolve().parents[1]
PEER = """
import json, sys, time
from tokenizers import Tokenizer
texts = [json.loads(line)["text"] for line in open(sys.argv[2], encoding="utf-8")]
begin = time.process_time()
tokenizer = Tokenizer.from_file(sys.argv[1])
tokenizer.no_truncation(), tokenizer.no_padding()
loaded = time.process_time()
encodings = tokenizer.encode_batch_fast(texts)
done = time.process_time()
with open(sys.argv[3], "w") as file:
    for encoding in encodings:
        file.write(json.dumps({"input_ids": encoding.ids}) + "\\n")
print(json.dumps({"load": loaded - begin, "encode": done - loaded}))
"""


def texts_of(data, languages):
    texts = []
    for file in sorted(data.glob("udhr/*.jsonl")) + sorted(data.glob("tatoeba/*.tsv")):
        if languages and file.stem not in languages:
            continue
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line]
        texts += [json.loads(line)["text"] if file.suffix == ".jsonl" else line.split("\t")[0] for line in lines]
    return texts


class Bench:
    def __init__(self, options, scratch):
        self.options, self.scratch = options, scratch
        texts = texts_of(options.data, options.langs)
        self.num_texts, self.num_bytes = len(texts), sum(len(text.encode()) for text in texts)
        self.all, self.one = self.write("texts.jsonl", texts * options.copies), self.write("one.jsonl", texts[:1])

    def write(self, name, texts):
        file = self.scratch / name
        file.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts), encoding="utf-8")
        return file

    def ours(self, folder, texts):
        return measured([self.options.xlt, "tokenize", "--model", folder, "--input", texts, "--output", self.scratch / "ours.jsonl", "--threads", 1, "--quiet"]).cpu_seconds

    def theirs(self, folder):
        return json.loads(measured([sys.executable, "-c", PEER, folder / "tokenizer.json", self.all, self.scratch / "theirs.jsonl"],
                                   TOKENIZERS_PARALLELISM="false").output)

    def check_ids(self, name):
        tokens = 0
        with open(self.scratch / "ours.jsonl") as ours, open(self.scratch / "theirs.jsonl") as theirs:
            for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
                mine, other = json.loads(mine)["input_ids"], json.loads(other)["input_ids"]
                if mine != other:
                    sys.exit(f"bench_tokenizers.py: {name}: ids of text {number} differ")
                tokens += len(mine)
        return tokens // self.options.copies

    def row(self, name, folder):
        model = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
        loads, encodes, peer_loads, peer_encodes = [], [], [], []
        for _ in range(self.options.repeats):
            loads.append(self.ours(folder, self.one))
            encodes.append((self.ours(folder, self.all) - loads[-1]) / self.options.copies)
            peer = self.theirs(folder)
            peer_loads.append(peer["load"]), peer_encodes.append(peer["encode"] / self.options.copies)
        tokens = self.check_ids(name)
        speedups = [theirs / mine for mine, theirs in zip(encodes, peer_encodes)]
        kind = model["type"] + (" with bytes" if model.get("byte_fallback") else "")
        row = {"tokenizer": name, "model": kind, "vocab_size": len(model["vocab"]), "tokens": tokens, "speedup": statistics.median(speedups),
               "speedup_range": [min(speedups), max(speedups)]}
        for key, values in (("xlt_seconds", encodes), ("peer_seconds", peer_encodes), ("xlt_load_seconds", loads), ("peer_load_seconds", peer_loads)):
            row[key] = round(statistics.median(values), 4)
        print(f"{name}: {row['xlt_seconds']:.3f} s, tokenizers {row['peer_seconds']:.3f} s, {row['speedup']:.2f} times as fast; "
              f"loading {row['xlt_load_seconds']:.2f} and {row['peer_load_seconds']:.2f} s", flush=True)
        return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--langs", type=lambda text: text.split(","), default=[])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--copies", type=int, default=1, help="times that every text is encoded")
    parser.add_argument("--xlt", type=pathlib.Path, default=ROOT / "build" / "release" / "xlt")
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("tokenizers", nargs="+", metavar="NAME=FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(options, pathlib.Path(scratch))
        named = [entry.partition("=") for entry in options.tokenizers]
        rows = [bench.row(name, pathlib.Path(folder)) for name, _, folder in named]
    version = subprocess.run([str(options.xlt), "--version"], capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]
    record = {"date": datetime.date.today().isoformat(), "machine": cpu_name(), "xlt": version, "tokenizers": importlib.metadata.version("tokenizers"),
              "repeats": options.repeats, "copies": options.copies, "texts": bench.num_texts, "bytes": bench.num_bytes, "rows": rows}
    if options.output:
        temporary = options.output.with_suffix(".tmp")
        temporary.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(options.output)


main()
