#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does the engine say the same on a GPU as on a CPU? Standard library only.

usage: gpu_agreement.py --models DIR[,DIR…] [--xlt FILE] [--data DIR] [--device cuda] [--jobs N] [--only TEXT] [--output FILE]

Every model of DIR is scored, sampled from and finetuned on both devices. In float32 the results must agree to the bars below; in bfloat16 the
GPU may be as far from the CPU's float32 as four times the CPU's own bfloat16 is. The first model also goes through every training method, a
resumed run and an evaluation. One row a check, in FILE and on the screen; the exit status is 1 where one of them failed.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCORE_BAR, LOSS_BAR, BATCH_BAR, EVAL_BAR = 1e-3, 1e-4, 1e-3, 2e-3  # log-likelihood of a text, loss, log-likelihood, log-likelihood of an item
BF16_TIMES = 4
STEPS = 20
METHODS = ["ipo", "hinge", "cpo", "orpo", "simpo", "npo"]


class Failed(Exception):
    """A check that did not hold, or a command that did not end well."""


def read_jsonl(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


class Bench:
    """Runs commands on both devices, and keeps the folder they write to."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        pairs = read_jsonl(options.data / "detox_pairs" / "en.jsonl")[:200]
        self.pairs = write_jsonl(folder / "pairs.jsonl", pairs)
        self.texts = write_jsonl(folder / "texts.jsonl", [{"text": row["prompt"] + row["chosen"]} for row in pairs])
        self.prompts = write_jsonl(folder / "prompts.jsonl", [{"prompt": row["prompt"]} for row in pairs[:16]])
        self.names = iter(range(1 << 30))
        self.lock = threading.Lock()

    def path(self, suffix=""):
        with self.lock:
            return self.folder / f"{next(self.names)}{suffix}"

    def xlt(self, *arguments, device, dtype="float32"):
        command = [self.options.xlt.resolve(), *arguments, "--device", device, "--dtype", dtype, "--threads", 2, "--quiet"]
        env = {**os.environ, "XDG_CACHE_HOME": str(self.path("-cache")), "OMP_WAIT_POLICY": "passive"}
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=170, env=env)
        if done.returncode != 0:
            raise Failed(f"exit {done.returncode}: xlt {' '.join(map(str, arguments))} --device {device} --dtype {dtype}\n{done.stderr[-1500:]}")
        return done.stdout

    def score(self, model, device, dtype="float32", *more):
        output = self.path(".jsonl")
        self.xlt("score", "--model", model, "--input", self.texts, "--output", output, *more, device=device, dtype=dtype)
        return [row["log_likelihood"] for row in read_jsonl(output)]

    def generate(self, model, device, dtype, *more):
        output = self.path(".jsonl")
        self.xlt("generate", "--model", model, "--prompts", self.prompts, "--output", output, "--max-new-tokens", 24, *more, device=device, dtype=dtype)
        return [row["token_ids"] for row in read_jsonl(output)]

    def train(self, model, device, dtype, method, run, *more):
        data = self.texts if method in ("sft", "npo", "simnpo") else self.pairs
        # The optimizer of the published recipes; a rate at which something happens in a few steps.
        self.xlt("train", "--method", method, "--model", model, "--data", data, "--output", run, "--max-steps", STEPS, "--learning-rate", 3e-4,
                 "--lr-schedule", "constant", "--optimizer", "adamw", *more, device=device, dtype=dtype)
        return [row["loss"] for row in read_jsonl(run / "metrics.jsonl") if "loss" in row and row.get("kind", "train") == "train"]


def largest_difference(a, b):
    if len(a) != len(b) or not a:
        raise Failed(f"{len(a)} values beside {len(b)}")
    worst = max(abs(x - y) for x, y in zip(a, b))
    if worst != worst:
        raise Failed("a value is not a number")
    return worst


def common_prefixes(a, b):
    """Share of tokens up to the first that differs, over all completions."""
    same = total = 0
    for left, right in zip(a, b):
        longest = max(len(left), len(right))
        first = next((i for i in range(longest) if left[i:i + 1] != right[i:i + 1]), longest)
        same, total = same + first, total + longest
    return same / max(1, total)


def hold(value, bar, what, at_most=True):
    if not (value <= bar if at_most else value >= bar):
        raise Failed(f"{what} {value:.3g}; expected {'at most' if at_most else 'at least'} {bar:.3g}")
    return {"value": value, "bar": bar, "what": what}


def check_score(bench, model):
    return hold(largest_difference(bench.score(model, "cpu"), bench.score(model, bench.options.device)), SCORE_BAR, "log-likelihood of a text")


def check_score_bf16(bench, model):
    exact, cpu, gpu = bench.score(model, "cpu"), bench.score(model, "cpu", "bfloat16"), bench.score(model, bench.options.device, "bfloat16")
    return hold(largest_difference(exact, gpu), BF16_TIMES * largest_difference(exact, cpu), "bfloat16 log-likelihood of a text from the CPU's float32")


def check_score_nf4(bench, model):
    return hold(largest_difference(*(bench.score(model, d, "float32", "--quantize", "nf4") for d in ("cpu", bench.options.device))), SCORE_BAR,
                "log-likelihood of a text by weights in 4 bits")


def check_score_batches(bench, model):
    small, large = (bench.score(model, bench.options.device, "float32", "--batch-tokens", n) for n in (64, 4096))
    return hold(largest_difference(small, large), BATCH_BAR, "log-likelihood in batches of 64 and of 4,096 tokens")


def check_greedy(bench, model):
    return hold(common_prefixes(*(bench.generate(model, d, "float32", "--greedy") for d in ("cpu", bench.options.device))), 0.97,
                "share of greedy tokens that are equal", at_most=False)


def check_sampled(bench, model):
    return hold(common_prefixes(*(bench.generate(model, d, "float32", "--num-samples", 8) for d in ("cpu", bench.options.device))), 0.95,
                "share of sampled tokens that are equal", at_most=False)


def check_sampled_bf16(bench, model):
    again = [bench.generate(model, bench.options.device, "bfloat16", "--num-samples", 8) for _ in range(2)]
    return hold(common_prefixes(*again), 1.0, "share of tokens that a second bfloat16 run gives again", at_most=False)


def train_check(method, *more, dtype="float32"):
    def check(bench, model):
        if dtype == "float32":
            losses = [bench.train(model, d, dtype, method, bench.path("-run"), *more) for d in ("cpu", bench.options.device)]
            return hold(largest_difference(*losses), LOSS_BAR, f"loss of one of {len(losses[0])} steps")
        exact, cpu, gpu = (bench.train(model, d, t, method, bench.path("-run"), *more)
                           for d, t in (("cpu", "float32"), ("cpu", dtype), (bench.options.device, dtype)))
        return hold(statistics.mean(abs(x - y) for x, y in zip(exact, gpu)), BF16_TIMES * statistics.mean(abs(x - y) for x, y in zip(exact, cpu)) + 1e-3,
                    "mean difference of losses from the CPU's float32")
    return check


def check_checkpointed(bench, model):
    kept, again = (bench.train(model, bench.options.device, "float32", "dpo", bench.path("-run"), *more) for more in ([], ["--gradient-checkpointing"]))
    return hold(largest_difference(kept, again), LOSS_BAR, "loss of a step whose layers were computed again for the gradient")


def check_resume(bench, model):
    whole, parts = bench.path("-run"), bench.path("-run")
    straight = bench.train(model, bench.options.device, "float32", "dpo", whole)
    bench.train(model, bench.options.device, "float32", "dpo", parts, "--max-steps", STEPS // 2)
    resumed = bench.train(model, bench.options.device, "float32", "dpo", parts, "--resume")
    return hold(largest_difference(straight, resumed), LOSS_BAR, "loss of a step of a run that was interrupted")


def numbers_of(report, path=""):
    if isinstance(report, (dict, list)):
        for key, value in report.items() if isinstance(report, dict) else enumerate(report):
            yield from numbers_of(value, f"{path}/{key}")
    elif isinstance(report, float):
        yield path, report


def check_eval(bench, model):
    reports = []
    for device in ("cpu", bench.options.device):
        output = bench.path("-eval")
        bench.xlt("eval", "--model", model, "--benchmarks", "all", "--langs", "en,de", "--data", bench.options.data, "--limit", 12, "--num-samples", 2,
                  "--max-new-tokens", 8, "--continuation-tokens", 8, "--output", output, device=device)
        reports.append(json.loads((output / "report.json").read_text()))
    left, right = ({name: value for name, value in numbers_of(report) if "/env/" not in name and "seconds" not in name} for report in reports)
    if left.keys() != right.keys():
        raise Failed(f"the reports hold other figures: {sorted(left.keys() ^ right.keys())[:5]}")
    if not left:
        raise Failed("the report holds no figures")
    far = [name for name in left if abs(left[name] - right[name]) > EVAL_BAR * max(1.0, abs(left[name]))]
    # A greedy tie that falls the other way changes one continuation and what is measured of it.
    return {**hold(len(far) / len(left), 0.05, "share of a report's figures that differ"), "figures": len(left), "differ": far[:20]}


def checks_of(models):
    """Rows (name, check, model)."""
    for model in models:
        for name, check in (("score", check_score), ("greedy", check_greedy)):
            yield f"{model.name} {name} float32", check, model
    first, *others = models
    for model in [first] + others[:1]:
        yield f"{model.name} score bfloat16", check_score_bf16, model
        yield f"{model.name} score in batches", check_score_batches, model
        yield f"{model.name} sample float32", check_sampled, model
        yield f"{model.name} sample bfloat16", check_sampled_bf16, model
        for method in ("dpo", "sft"):
            for dtype in ("float32", "bfloat16"):
                yield f"{model.name} {method} {dtype}", train_check(method, dtype=dtype), model
    yield f"{first.name} sft of all weights", train_check("sft", "--adapter", "none", "--learning-rate", 1e-4), first
    yield f"{first.name} sft with dropout", train_check("sft", "--lora-dropout", 0.1), first
    for method in METHODS:
        yield f"{first.name} {method}", train_check(method), first
    for model in models:
        yield f"{model.name} score nf4", check_score_nf4, model
    for dtype in ("float32", "bfloat16", "float16"):
        yield f"{first.name} qlora dpo {dtype}", train_check("dpo", "--adapter", "qlora", dtype=dtype), first
    yield f"{first.name} sft float16", train_check("sft", dtype="float16"), first
    yield f"{first.name} dpo checkpointed", check_checkpointed, first
    yield f"{first.name} dpo resumed", check_resume, first
    yield f"{first.name} eval", check_eval, first


def run_check(bench, name, check, model):
    begin = time.monotonic()
    try:
        row = {"name": name, "passed": True, **check(bench, model)}
    except (Failed, subprocess.TimeoutExpired, OSError, KeyError, ValueError) as error:
        row = {"name": name, "passed": False, "error": f"{type(error).__name__}: {error}"}
    row["seconds"] = round(time.monotonic() - begin, 2)
    figure = f"{row['what']} {row['value']:.3g} (bar {row['bar']:.3g})" if "value" in row else row["error"]
    print(f"{'ok    ' if row['passed'] else 'FAILED'} {name:32} {row['seconds']:6.1f} s  {figure}", flush=True)
    return row


def write(path, report):
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(partial, path)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", required=True, type=lambda text: [pathlib.Path(part) for part in text.split(",")])
    parser.add_argument("--xlt", type=pathlib.Path, default=ROOT / "build" / "release" / "xlt")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "data")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("--only", default="")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build" / "gpu" / "agreement.json")
    return parser.parse_args()


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, pathlib.Path(folder))
        rows = [row for row in checks_of(options.models) if options.only in row[0]]
        report = {"date": datetime.date.today().isoformat(), "device": options.device, "checks": []}
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for done in concurrent.futures.as_completed([pool.submit(run_check, bench, *row) for row in rows]):
                report["checks"].append(done.result())
                write(options.output, report)
    failed = [row["name"] for row in report["checks"] if not row["passed"]]
    print(f"{len(report['checks']) - len(failed)} of {len(report['checks'])} checks hold; written: {options.output}")
    return 1 if failed or not report["checks"] else 0


if __name__ == "__main__":
    sys.exit(main())
