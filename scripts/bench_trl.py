#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""xlt beside TRL at its best settings, LoRA and QLoRA, on the CPU: seconds a step and memory, on Gemma 3 270M and a random Llama of 1.2 B parameters.

usage: bench_trl.py [--gemma DIR] [--llama DIR] [--dtype TYPE] [--output FILE] [--repeats N] [--only TEXT] [--dry]

TRL computes the reference's log-probs before training (precompute_ref_log_probs), and log-probs of tokens in chunks of the head's product, as it
always does; its QLoRA is bitsandbytes' NF4 with double quantisation. Both sides: the same rows of data/detox_pairs, LoRA of rank 64 on all linear layers,
AdamW, no dropout, no shuffling, and --dtype: bfloat16, or where the CPU does not multiply that, float32, in which torch is then several times as
fast. Seconds are those of the reference and of the steps, divided by the steps, without loading; memory
is the most that the whole process held. A process each, in turns; a step of the larger model has two rows. What was measured is kept in FILE, and
the same command goes on; a FILE of another binary, machine or TRL is begun anew. --llama is made where it is not there (2.5 GB). --only: what this regular
expression finds in a name, as `gemma/dpo/qlora`. --dry: two tiny models, which tries the script and measures nothing. As FILE is committed in
results/, print_tables.py makes its table (`<!-- table NAME:training -->`).
"""
import argparse
import concurrent.futures
import datetime
import hashlib
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import re
import statistics
import sys
import tempfile
import time

from gpu_bench import DRY, LLAMA, SHAPES, fill_tokenizer, read_rows, write_json, write_rows, write_weights
from measuring import cpu_field, cpu_name, measured

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAIRS = ROOT / "data" / "detox_pairs" / "en.jsonl"
LORA_R, LORA_ALPHA, RATE, BETA, MAX_LENGTH = 64, 16, 1e-5, 0.1, 512
SIZES = {"gemma": {"batch": 4, "steps": 3}, "llama-1b": {"batch": 2, "steps": 2}}  # rows of a step, steps
# (method, adapter, gradient checkpointing)
DTYPES = ("bfloat16", "float32")
WORKS = [("dpo", "lora", False), ("dpo", "lora", True), ("dpo", "qlora", False), ("dpo", "qlora", True), ("sft", "lora", False), ("sft", "qlora", False)]


def name_of(model, work):
    method, adapter, checkpointing = work
    return f"{model}/{method}/{adapter}" + ("/checkpointing" if checkpointing else "")


# ---- what both sides work on

def small_tokenizer(folder):
    """A byte-level tokenizer of 4,000 tokens of the bundled English, with BOS 0, EOS 1 and PAD 2."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=4000, special_tokens=["<bos>", "<eos>", "<pad>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator((text for row in read_rows(PAIRS) for text in row.values()), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 0)])
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<bos>", "eos_token": "<eos>",
                                                  "pad_token": "<pad>"})


def make_llama(folder, shape):
    if (folder / "config.json").exists():
        return folder
    print(f"making a random Llama in {folder}", file=sys.stderr, flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as small:
        small_tokenizer(pathlib.Path(small))
        fill_tokenizer(pathlib.Path(small), folder, shape["vocab_size"])
    write_weights(folder / "model.safetensors", shape, "cpu")
    write_json(folder / "config.json", {**LLAMA, **shape})  # last: what is whole has it
    return folder


def write_data(folder, model):
    """As many rows as the steps take: of a longer file TRL would compute the reference of rows that are never trained on."""
    count = SIZES[model]["batch"] * SIZES[model]["steps"]
    pairs = read_rows(PAIRS)[:: len(read_rows(PAIRS)) // count][:count]
    write_rows(folder / "dpo.jsonl", pairs)
    write_rows(folder / "sft.jsonl", [{"text": pair["prompt"] + pair["chosen"]} for pair in pairs])


# ---- xlt

def ours(options, model, folder, work, data):
    method, adapter, checkpointing = work
    size = SIZES[model]
    memory = measured([options.xlt, "train", "--method", method, "--model", folder, "--data", data / f"{method}.jsonl", "--output", data / "run", "--dtype",
                       options.dtype, "--adapter", adapter, "--lora-r", LORA_R, "--lora-alpha", LORA_ALPHA, "--lora-dropout", 0, "--max-steps", size["steps"],
                       "--batch-size", size["batch"], "--learning-rate", RATE, "--lr-schedule", "constant", "--max-length", MAX_LENGTH, "--no-shuffle",
                       "--save-steps", 0, "--reference-cache", "none", "--quiet", *(["--gradient-checkpointing"] if checkpointing else []),
                       *(["--beta", BETA] if method == "dpo" else [])], data, OMP_NUM_THREADS=str(os.cpu_count())).mb
    rows = read_rows(data / "run" / "metrics.jsonl")
    return {"seconds": rows[-1]["seconds"] / size["steps"], "mb": memory, "losses": [row["loss"] for row in rows]}


# ---- TRL, in a process of its own

def theirs(options, model, folder, work, data):
    method, adapter, checkpointing = work
    run = measured([sys.executable, pathlib.Path(__file__).resolve(), "--peer", f"{method},{adapter},{int(checkpointing)}", "--gemma", folder,
                    "--dtype", options.dtype, "--rows", data / f"{method}.jsonl", "--batch", SIZES[model]["batch"]], data,
                   HF_HUB_OFFLINE="1", TQDM_DISABLE="1", OMP_NUM_THREADS=str(os.cpu_count()))
    result = json.loads(next(line for line in run.output.splitlines() if line.startswith("RESULT ")).removeprefix("RESULT "))
    return {**result, "seconds": result["seconds"] / SIZES[model]["steps"], "mb": run.mb}


def load_for_trl(folder, dtype, in_4_bits):
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    torch.set_num_threads(os.cpu_count())
    dtype = getattr(torch, dtype)
    nf4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **({"quantization_config": nf4, "device_map": "cpu"} if in_4_bits else {}))


def peer(options):
    """Trains, and prints one line: the seconds of the reference and of the steps, and the losses."""
    import trl
    from datasets import Dataset
    from peft import LoraConfig
    from torch.utils.data import SequentialSampler
    from transformers import AutoTokenizer

    method, adapter, checkpointing = options.peer.split(",")
    model, rows, seconds = load_for_trl(options.gemma, options.dtype, adapter == "qlora"), read_rows(options.rows), []

    def timed(call):
        begin = time.monotonic()
        result = call()
        seconds.append(time.monotonic() - begin)
        return result

    class Trainer(getattr(trl, f"{method.upper()}Trainer")):
        def _get_train_sampler(self, *_):
            return SequentialSampler(self.train_dataset)

        def _precompute_ref_logps(self, *arguments):
            return timed(lambda: super(Trainer, self)._precompute_ref_logps(*arguments))

    arguments = getattr(trl, f"{method.upper()}Config")(
        output_dir="peer-run", report_to=[], save_strategy="no", logging_steps=1, num_train_epochs=1, per_device_train_batch_size=options.batch,
        use_cpu=True, bf16=options.dtype == "bfloat16", learning_rate=RATE, lr_scheduler_type="constant",
        gradient_checkpointing=checkpointing == "1", max_length=MAX_LENGTH,
        disable_tqdm=True, seed=42, **({"beta": BETA, "precompute_ref_log_probs": True} if method == "dpo" else {}))
    lora = LoraConfig(r=LORA_R, lora_alpha=LORA_ALPHA, lora_dropout=0.0, target_modules="all-linear", bias="none", task_type="CAUSAL_LM")
    trainer = Trainer(model=model, args=arguments, train_dataset=Dataset.from_list(rows), peft_config=lora,
                      processing_class=AutoTokenizer.from_pretrained(options.gemma))
    timed(trainer.train)
    print("RESULT " + json.dumps({"seconds": sum(seconds), "losses": [row["loss"] for row in trainer.state.log_history if "loss" in row]}))


# ---- both

def usual_dtype():
    return "bfloat16" if {"avx512_bf16", "amx_bf16"} & set(cpu_field("flags").split()) else "float32"


def header(options):
    engine = options.xlt.with_name("xlt-engine")
    return {"cpu": cpu_name(), "cores": os.cpu_count(), "dtype": options.dtype,
            "xlt_sha256": hashlib.sha256((engine if engine.exists() else options.xlt).read_bytes()).hexdigest(),
            "packages": {name: importlib.metadata.version(name) for name in ("torch", "transformers", "trl", "peft", "bitsandbytes")}}


def begun(options):
    """What is in the file already, where it is of the same program, machine and packages."""
    head = header(options)
    if options.output.exists():
        content = json.loads(options.output.read_text(encoding="utf-8"))
        if {key: content.get(key) for key in head} == head:
            return content
    return {**head, "date": str(datetime.date.today()), "runs": {}}


def summary(content):
    rows = []
    for name in (name_of(model, work) for model in SIZES for work in WORKS):
        mine, its = (content["runs"].get(f"{name} {side}", []) for side in ("xlt", "TRL"))
        if not mine or not its:
            continue
        median = lambda runs, key: statistics.median(run[key] for run in runs)
        model, method, adapter, *checkpointing = name.split("/")
        rows.append({"model": model, "method": method, "adapter": adapter, "checkpointing": bool(checkpointing), "batch": SIZES[model]["batch"],
                     **{f"{side}_{key}": median(runs, key) for side, runs in (("xlt", mine), ("trl", its)) for key in ("seconds", "mb")},
                     "times_as_fast": median(its, "seconds") / median(mine, "seconds"),
                     "largest_loss_difference": max(abs(a - b) for a, b in zip(mine[0]["losses"], its[0]["losses"])), "repeats": min(len(mine), len(its))})
    return rows


def compare(options):
    content = begun(options)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    # A child counts as its own what its parent held when it forked: gigabytes are written by another process.
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
        llama = apart.submit(make_llama, options.llama, {**SHAPES["1b"], **(DRY if options.dry else {})}).result()
    folders = {"gemma": options.gemma, "llama-1b": llama}
    if options.dry:
        folders["gemma"] = folders["llama-1b"]
    for repeat in range(options.repeats):
        for model, folder in folders.items():
            for work in WORKS:
                sides = [("xlt", ours), ("TRL", theirs)]
                for side, call in sides if repeat % 2 == 0 else reversed(sides):
                    name = f"{name_of(model, work)} {side}"
                    if len(content["runs"].get(name, [])) > repeat or not re.search(options.only, name):
                        continue
                    runs = content["runs"].setdefault(name, [])
                    with tempfile.TemporaryDirectory() as data:
                        write_data(pathlib.Path(data), model)
                        runs.append(call(options, model, folder, work, pathlib.Path(data)))
                    content["training"] = summary(content)
                    write_json(options.output, content)
                    print(f"  {name}: {runs[-1]['seconds']:.3g} s a step, {runs[-1]['mb']} MB", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--xlt", type=pathlib.Path, default=ROOT / "build" / "release" / "xlt")
    parser.add_argument("--gemma", type=pathlib.Path, default=ROOT / "models" / "gemma-3-270m")
    parser.add_argument("--llama", type=pathlib.Path, default=ROOT / "models" / "bench" / "llama-1b")
    parser.add_argument("--dtype", choices=DTYPES, default=usual_dtype())
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "runs" / "bench_trl.json")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--dry", action="store_true", help="tiny models")
    for name, kind in (("peer", str), ("rows", pathlib.Path), ("batch", int)):  # of this script's own processes
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in ("xlt", "gemma", "llama", "output"):
        setattr(options, name, getattr(options, name).resolve())
    if options.peer:
        return peer(options)
    with tempfile.TemporaryDirectory() as folder:
        if options.dry:
            options.llama = pathlib.Path(folder) / "llama"
        compare(options)


if __name__ == "__main__":
    main()
