#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""xlt beside transformers, PEFT and TRL on one GPU: random Llamas of 1 B and 8 B, the same inputs, in turns on the same card.

usage: gpu_bench.py --merge FILE FILE… --output FILE
       gpu_bench.py --xlt PROGRAM --tokenizer DIR [--libs DIR] [--work DIR] [--output FILE] [--budget SECONDS] [--only TEXT,…] [--dry]

--tokenizer: a folder with the tokenizer files of a small Llama (byte-level BPE); the vocabulary is filled up to the model's with names that
no text holds. --libs: libraries of xlt besides libtorch, which is the one that this Python imports. --work: models, inputs and logs, about
20 GB; without it, a folder in memory (or on the disk, where /dev/shm is small) that is removed at the end. Every figure is in FILE as soon
as its part has ended; a part that fails, is too slow or finds no time left is named there with its reason. `--only 1b/` or `--only
xlt/generate,peer/generate` measures the parts that have one of these in their names. --dry: two tiny models on the CPU in float32, which
tries the script and measures nothing. --merge: one file of several visits to cards of one kind; of parts of one name
the last visit's counts.

Both sides: generate draws 25 samples of 20 tokens a prompt (temperature 0.9, top-p 0.8, no stop), prompts and completions as text; score
is log-likelihoods of 200 texts; a DPO step is 4 pairs and an SFT step 4 texts, with LoRA of rank 64 on all linear layers, AdamW and no
dropout, the reference model inside the step (`dpo_precomputed`, of the peer alone: before it). `dpo512`: pairs of 512 tokens a side; `nf4`: on
weights in 4 bits (QLoRA; the peer's by bitsandbytes); `checkpointed`: with gradient checkpointing. Loading is not counted, nor are the first
calls. Memory is the card's, context included: of xlt's process above what was used before it (one process generates from 4 prompts and
scores), of a peer's work alone what torch had reserved; `torch_mb` is what its tensors took.
"""
import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import types

ROOT = pathlib.Path(__file__).resolve().parents[1]
LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "attention_bias": False, "mlp_bias": False,
         "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2, "rms_norm_eps": 1e-5, "max_position_embeddings": 131072, "dtype": "bfloat16"}
ROPE = {"rope_type": "llama3", "rope_theta": 500000.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
SHAPES = {
    "1b": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8,
           "head_dim": 64, "vocab_size": 128256, "tie_word_embeddings": True, "rope_parameters": {**ROPE, "factor": 32.0}},
    "8b": {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
           "head_dim": 128, "vocab_size": 128256, "tie_word_embeddings": False, "rope_parameters": {**ROPE, "factor": 8.0}},
}
DRY = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
       "vocab_size": 8192}
LOGIT_SPREAD = 4.0  # standard deviation of logits: a nucleus of tens to hundreds of tokens, as a trained model's
PROMPTS, PAIRS, TEXTS, SAMPLES, NEW_TOKENS, STEPS, BATCH, LORA_R, LORA_ALPHA = 64, 40, 200, 25, 20, 10, 4, 64, 16
WARM_STEPS = 2  # of a training run, not counted
LONG_TOKENS = 512
# What is trained: pairs.jsonl or long_pairs.jsonl by DPO, texts.jsonl by SFT; `nf4`: QLoRA; `checkpointed`: layers computed again for the gradient.
TRAINING = ["dpo", "sft", "dpo_precomputed", "dpo_nf4", "dpo512", "dpo512_checkpointed", "dpo512_nf4", "dpo512_nf4_checkpointed"]
WORKS = ["generate4", "score", "generate64", *TRAINING]  # in the order of the rows
WORDS = """time year people way day man thing woman life child world school state family student group country problem hand part place case week
company system program question work government number night point home water room mother area money story fact month lot right study book eye
job word business issue side kind head house service friend father power hour game line end member law car city community name president team
minute idea kid body information back parent face others level office door health person art war history party result change morning reason
research girl guy moment air teacher force education""".split()


# ---- what both sides work on

def write_json(file, content):
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, file)


def write_rows(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def read_rows(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def sentence(rng, words):
    return " ".join(rng.choice(WORDS) for _ in range(words))


def make_inputs(folder, tokenizer):
    """Prompts of about 16 to 32 tokens and answers of about 32; from the same rows, texts, and pairs of more than 512 tokens. Returns mean lengths."""
    rng = random.Random(42)
    rows = [{"prompt": sentence(rng, rng.randint(9, 18)).capitalize() + ".", "chosen": " " + sentence(rng, rng.randint(18, 22)) + ".",
             "rejected": " " + sentence(rng, rng.randint(18, 22)) + "."} for _ in range(TEXTS)]
    write_rows(folder / "rows.jsonl", rows)
    write_rows(folder / "pairs.jsonl", rows[:PAIRS])
    write_rows(folder / "long_pairs.jsonl", [{key: "".join(rows[(4 * i + j) % TEXTS][key] for j in range(12)) for key in rows[0]} for i in range(PAIRS)])
    write_rows(folder / "prompts.jsonl", [{"prompt": row["prompt"]} for row in rows[:4]])
    write_rows(folder / "texts.jsonl", [{"text": row["prompt"] + row["chosen"]} for row in rows[:PAIRS]])
    mean = lambda key: statistics.mean(len(tokenizer.encode(row[key], add_special_tokens=False).ids) for row in rows)
    return {"prompt_tokens": mean("prompt") + 1, "answer_tokens": (mean("chosen") + mean("rejected")) / 2}


def fill_tokenizer(source, folder, vocabulary):
    """The tokenizer of `source` with as many tokens as the model has."""
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (source / name).exists():
            (folder / name).write_bytes((source / name).read_bytes())
    content = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    entries = content["model"]["vocab"]
    for number in range(max([*entries.values(), *(token["id"] for token in content["added_tokens"])]) + 1, vocabulary):
        entries[f"~{number}~"] = number
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def tensors_of(shape):
    """(name, sizes, standard deviation; None: ones) of a Llama."""
    c, i, d = shape["hidden_size"], shape["intermediate_size"], shape["head_dim"]
    q, kv = shape["num_attention_heads"] * d, shape["num_key_value_heads"] * d
    head = LOGIT_SPREAD / c ** 0.5
    yield "model.embed_tokens.weight", (shape["vocab_size"], c), head if shape["tie_word_embeddings"] else 0.02
    for layer in range(shape["num_hidden_layers"]):
        for name, sizes in (("self_attn.q_proj", (q, c)), ("self_attn.k_proj", (kv, c)), ("self_attn.v_proj", (kv, c)), ("self_attn.o_proj", (c, q)),
                            ("mlp.gate_proj", (i, c)), ("mlp.up_proj", (i, c)), ("mlp.down_proj", (c, i))):
            yield f"model.layers.{layer}.{name}.weight", sizes, 0.02
        for name in ("input_layernorm", "post_attention_layernorm"):
            yield f"model.layers.{layer}.{name}.weight", (c,), None
    yield "model.norm.weight", (c,), None
    if not shape["tie_word_embeddings"]:
        yield "lm_head.weight", (shape["vocab_size"], c), head


def write_weights(file, shape, device):
    """model.safetensors in bfloat16, tensor by tensor through one buffer."""
    import torch
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, sizes, _ in tensors_of(shape):
        begin, end = end, end + 2 * torch.Size(sizes).numel()
        header[name] = {"dtype": "BF16", "shape": list(sizes), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    largest = max(torch.Size(sizes).numel() for _, sizes, _ in tensors_of(shape))
    buffer = torch.empty(largest, dtype=torch.bfloat16, pin_memory=device != "cpu")
    generator = torch.Generator(device).manual_seed(42)
    with open(file, "wb", buffering=0) as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for _, sizes, deviation in tensors_of(shape):
            values = torch.ones(sizes, dtype=torch.bfloat16, device=device)
            if deviation is not None:
                values.normal_(0, deviation, generator=generator)
            part = buffer[:values.numel()].copy_(values.flatten())
            view = memoryview(part.view(torch.uint8).numpy())
            while view:
                view = view[out.write(view):]


def prepare(options):
    """Model NAME and, with the first one, the inputs."""
    from tokenizers import Tokenizer
    folder = options.work / options.model
    folder.mkdir(parents=True, exist_ok=True)
    shape = {**SHAPES[options.model], **(DRY if options.dry else {})}
    begin, config = time.monotonic(), folder / "config.json"
    if not config.exists() or json.loads(config.read_text(encoding="utf-8")) != {**LLAMA, **shape}:
        fill_tokenizer(options.tokenizer, folder, shape["vocab_size"])
        write_weights(folder / "model.safetensors", shape, options.device)
        write_json(folder / "generation_config.json", {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2})
        write_json(config, {**LLAMA, **shape})  # last: what is whole has it
    result = {"work": "prepare", "seconds": time.monotonic() - begin, "gb": (folder / "model.safetensors").stat().st_size / 1e9}
    report({**result, **make_inputs(options.work, Tokenizer.from_file(str(folder / "tokenizer.json")))})


# ---- the peers and the card, each in a process of its own that prints a line a figure

def report(result):
    print("RESULT " + json.dumps(result), flush=True)


def synchronized(torch, device):
    if device != "cpu":
        torch.cuda.synchronize()
    return time.monotonic()


def timed(torch, device, call, repeats):
    """Seconds of each of `repeats` calls after one that is not counted."""
    seconds = []
    for _ in range(repeats + 1):
        begin = synchronized(torch, device)
        call()
        seconds.append(synchronized(torch, device) - begin)
    return seconds[1:]


def forget_memory(torch, device):
    if device != "cpu":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def memory_of(torch, device):
    """At most since forget_memory: of tensors, and of the card (what torch had reserved, and the context)."""
    if device == "cpu":
        return {}
    free, total = torch.cuda.mem_get_info()
    context = total - free - torch.cuda.memory_reserved()
    return {"torch_mb": torch.cuda.max_memory_allocated() >> 20, "gpu_mb": torch.cuda.max_memory_reserved() + context >> 20}


def spread(work, unit, rates, **more):
    return {"work": work, "unit": unit, "median": statistics.median(rates), "low": min(rates), "high": max(rates), **more}


def measure_card(options):
    """The card's own rates: what any program on it can hope for."""
    import torch
    device, size, length = options.device, 256 if options.dry else 8192, 1 << (20 if options.dry else 30)
    source = torch.ones(length, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy = timed(torch, device, lambda: [target.copy_(source) for _ in range(10)], 5)
    x, y = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    matmul = timed(torch, device, lambda: [x @ y for _ in range(10)], 5)
    result = {"work": "card", "copy_gb_per_s": 2e-8 * length / min(copy), "matmul_tflops": 2e-11 * size ** 3 / min(matmul)}
    if device != "cpu":
        result |= {"name": torch.cuda.get_device_name(), "mb": torch.cuda.get_device_properties(0).total_memory >> 20}
    report(result)


def load_peer(options):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    torch.manual_seed(42)
    torch.set_num_threads(options.threads or torch.get_num_threads())
    folder, few_bits = options.work / options.model, {}
    if "nf4" in options.works:
        from transformers import BitsAndBytesConfig
        few_bits["quantization_config"] = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                                                             bnb_4bit_compute_dtype=getattr(torch, options.dtype))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, options.dtype), attn_implementation="sdpa",
                                                 device_map={"": "cpu" if options.device == "cpu" else 0}, **few_bits)
    return torch, model, AutoTokenizer.from_pretrained(folder)


def peer_generate(options, torch, model, tokenizer, work):
    prompts = [row["prompt"] for row in read_rows(options.work / "rows.jsonl")[:prompts_of(work, options)]]
    tokenizer.padding_side = "left"

    def once():
        inputs = tokenizer(prompts, return_tensors="pt", padding=True).to(options.device)
        ids = model.generate(**inputs, do_sample=True, temperature=0.9, top_p=0.8, top_k=0, max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS,
                             num_return_sequences=SAMPLES)
        return tokenizer.batch_decode(ids[:, inputs["input_ids"].shape[1]:], skip_special_tokens=True)

    with torch.inference_mode():
        seconds = timed(torch, options.device, once, options.repeats)
    return spread(work, "tokens/s", [len(prompts) * SAMPLES * NEW_TOKENS / s for s in seconds])


def log_likelihoods(torch, model, batch):
    """Sums over the tokens of each text but the first one."""
    logits = model(**batch).logits[:, :-1]
    targets = batch["input_ids"][:, 1:].masked_fill(batch["attention_mask"][:, 1:] == 0, -100)
    losses = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none", ignore_index=-100)
    return -losses.view(targets.shape).sum(1), int((targets != -100).sum())


def peer_score(options, torch, model, tokenizer, work):
    texts = [row["prompt"] + row["chosen"] for row in read_rows(options.work / "rows.jsonl")[:options.texts]]
    tokenizer.padding_side = "right"
    result = types.SimpleNamespace(tokens=0, sum=0.0)

    def once():
        result.tokens, sums = 0, []
        ids = sorted(tokenizer(texts)["input_ids"], key=len)
        for first in range(0, len(ids), options.score_batch):
            batch = tokenizer.pad({"input_ids": ids[first:first + options.score_batch]}, return_tensors="pt").to(options.device)
            values, count = log_likelihoods(torch, model, batch)
            sums.append(values)
            result.tokens += count
        result.sum = float(torch.cat(sums).sum())

    with torch.inference_mode():
        seconds = timed(torch, options.device, once, options.repeats)
    return spread(work, "tokens/s", [result.tokens / s for s in seconds], tokens=result.tokens, log_likelihood=result.sum)


def training_file(work):
    return "texts.jsonl" if work == "sft" else "long_pairs.jsonl" if str(LONG_TOKENS) in work else "pairs.jsonl"


def step_clock(torch, device, ends):
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        def on_step_end(self, args, state, control, **_):
            ends.append(synchronized(torch, device))
    return Clock()


def peer_train(options, torch, model, tokenizer, work):
    from datasets import Dataset
    from peft import LoraConfig
    import trl
    lora = LoraConfig(r=LORA_R, lora_alpha=LORA_ALPHA, lora_dropout=0.0, target_modules="all-linear", bias="none", task_type="CAUSAL_LM")
    common = dict(output_dir=str(options.work / "peer-run"), report_to=[], save_strategy="no", logging_steps=options.steps, max_steps=options.steps,
                  per_device_train_batch_size=BATCH, learning_rate=1e-5, lr_scheduler_type="constant", gradient_checkpointing="checkpointed" in work, max_length=LONG_TOKENS,
                  bf16=options.dtype == "bfloat16", use_cpu=options.device == "cpu", disable_tqdm=True, seed=42)
    data = Dataset.from_list(read_rows(options.work / training_file(work)))
    if work == "sft":
        trainer = trl.SFTTrainer(model=model, args=trl.SFTConfig(**common), train_dataset=data, processing_class=tokenizer, peft_config=lora)
    else:
        arguments = trl.DPOConfig(beta=0.1, precompute_ref_log_probs=work == "dpo_precomputed", **common)
        trainer = trl.DPOTrainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer, peft_config=lora)
    ends = []
    trainer.add_callback(step_clock(torch, options.device, ends))
    trainer.train()
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    return spread(work, "steps/s", step_rates(ends), loss=losses[-1] if losses else None)


def step_rates(ends):
    """Steps a second from the times of the steps' ends, without the first steps."""
    return [1 / max(after - before, 1e-9) for before, after in zip(ends, ends[1:])][WARM_STEPS - 1:]


def peer(options):
    torch, model, tokenizer = load_peer(options)
    for work in options.works.split(","):
        forget_memory(torch, options.device)
        kind = peer_generate if work.startswith("generate") else peer_score if work == "score" else peer_train
        result = kind(options, torch, model, tokenizer, work)
        report({**result, **memory_of(torch, options.device)})


# ---- xlt

def prompts_of(work, options):
    return min(int(work.removeprefix("generate")), options.prompts)


def xlt_bench(options, model, works):
    """Command of generation and scoring, and what reads its figures."""
    output = options.work / f"xlt-{model}-{'-'.join(works)}.json"
    output.unlink(missing_ok=True)
    count = prompts_of(works[0], options)
    names = ",".join("generate" if work.startswith("generate") else work for work in works)
    command = [options.xlt, "bench", "--model", options.work / model, "--data", options.work / "rows.jsonl", "--work", names, "--num-prompts", count,
               "--num-texts", options.texts, "--repeats", repeats_of(works, options), "--output", output]

    def results():
        rows = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {"work": []}
        return [{**row, "work": work} for row, work in zip(rows["work"], works)]
    return command, results


def xlt_train(options, model, work):
    run, method = options.work / f"xlt-run-{model}-{work}-{time.monotonic_ns()}", "sft" if work == "sft" else "dpo"
    command = [options.xlt, "train", "--method", method, "--model", options.work / model, "--data", options.work / training_file(work), "--output", run,
               "--max-steps", options.steps, "--batch-size", BATCH, "--lora-r", LORA_R, "--lora-alpha", LORA_ALPHA, "--learning-rate", "1e-5",
               "--lr-schedule", "constant", "--max-length", LONG_TOKENS]
    command += ["--reference-cache", "none"] if method == "dpo" else []
    command += ["--adapter", "qlora"] if "nf4" in work else []
    command += ["--gradient-checkpointing"] if "checkpointed" in work else []

    def results():
        metrics = run / "metrics.jsonl"
        rows = [row for row in read_rows(metrics) if row["split"] == "train"] if metrics.exists() else []
        rates = step_rates([row["seconds"] for row in rows])
        return [spread(work, "steps/s", rates, loss=rows[-1]["loss"], first_step_seconds=rows[0]["seconds"])] if rates else []
    return command, results


def repeats_of(works, options):
    return min(2, options.repeats) if works[0] == "generate64" else options.repeats


# ---- parts of the visit

class Memory(threading.Thread):
    """The card's used memory, looked at every 50 ms while a process runs; `mb` above what was used before it, None where unknown."""

    def __init__(self, device):
        super().__init__(daemon=True)
        self.mb, self.over, self.read, self.before = None, threading.Event(), None, 0
        if device != "cpu":
            try:
                self.read = self.reader()
                self.before = self.read()
            except Exception:  # a figure less, not a visit
                self.read = None

    @staticmethod
    def reader():
        try:
            import pynvml
            pynvml.nvmlInit()
            handle = pynvml.nvmlDeviceGetHandleByIndex(0)
            return lambda: pynvml.nvmlDeviceGetMemoryInfo(handle).used >> 20
        except Exception:  # whatever is missing, the program does the same
            query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
            return lambda: int(subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()[0])

    def run(self):
        while self.read and not self.over.wait(0.05):
            self.mb = max(self.mb or 0, self.read() - self.before)

    def stop(self):
        self.over.set()
        self.join()
        return self.mb


class Visit:
    """Runs parts one after the other and keeps what they give."""

    def __init__(self, options):
        self.options, self.begin, self.content = options, time.monotonic(), header(options)

    def left(self):
        return self.options.budget - (time.monotonic() - self.begin)

    def save(self):
        self.content["rows"] = comparison(self.content)
        self.content["seconds"] = round(time.monotonic() - self.begin, 1)
        write_json(self.options.output, self.content)

    def part(self, name, command, limit, results=None, needs=None):
        """Whether the part ran to its end. Without `results`, its figures are the lines that it prints."""
        if not wanted(name, self.options):
            return False
        part = {"name": name, "status": "ok", "command": " ".join(map(str, command))}
        limit = min(limit, self.left())
        if limit < 5 or (needs and not self.has_ended(needs)):
            part |= {"status": "skipped", "reason": "no time left" if limit < 5 else f"{needs} did not end well"}
        else:
            part |= self.run(name, command, limit, results)
        self.content["parts"].append(part)
        self.save()
        figures = ", ".join(f"{row['work']} {row['median']:.4g} {row['unit']}" for row in part.get("results", []) if "median" in row)
        print(f"[{self.content['seconds']:6.1f} s] {name}: {part['status']} {figures}{part.get('reason', '')[-300:]}", file=sys.stderr, flush=True)
        return part["status"] == "ok"

    def has_ended(self, name):
        return any(part["name"] == name and part["status"] == "ok" for part in self.content["parts"])

    def run(self, name, command, limit, results):
        log = self.options.work / (name.replace("/", "-") + ".log")
        memory = Memory(self.options.device)
        memory.start()
        begin, reason = time.monotonic(), None
        with open(log, "wb") as out, open(f"{log}.err", "wb") as error:
            process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=error, env=environment(self.options, command))
            try:
                code = process.wait(timeout=limit)
                reason = None if code == 0 else f"exit {code}: {tail(f'{log}.err')}"
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                reason = f"not done after {limit:.0f} s: {tail(f'{log}.err')}"
        part = {"seconds": round(time.monotonic() - begin, 1), "gpu_mb": memory.stop()}
        try:
            part["results"] = results() if results else printed(log)
        except Exception as failure:  # a figure that cannot be read must not end the visit
            reason = reason or f"its figures cannot be read: {failure!r}"
        return part if reason is None else {**part, "status": "failed", "reason": reason}


def tail(file, size=1500):
    return pathlib.Path(file).read_text(encoding="utf-8", errors="replace")[-size:].strip()


def printed(log):
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [json.loads(line.removeprefix("RESULT ")) for line in lines if line.startswith("RESULT ")]


def wanted(name, options):
    """A model is made unless another one's parts alone are asked for."""
    texts = options.only.split(",")
    if name == "card":
        return True  # what everything is held against
    if not name.startswith("prepare/"):
        return any(text in name for text in texts)
    return any(name.removeprefix("prepare/") in text or not any(model in text for model in SHAPES) for text in texts)


def environment(options, command):
    values = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1", "XDG_CACHE_HOME": str(options.work / "cache"),
              "HF_HOME": str(options.work / "hf")}
    if options.xlt in command and command[0] != sys.executable:
        torch = pathlib.Path(importlib.util.find_spec("torch").origin).parent / "lib"
        values["LD_LIBRARY_PATH"] = os.pathsep.join([*([str(options.libs)] if options.libs else []), str(torch), os.environ.get("LD_LIBRARY_PATH", "")])
    return values


def versions():
    found = {"python": sys.version.split()[0]}
    for name in ("torch", "transformers", "peft", "trl", "accelerate", "datasets"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def first_line(command, **more):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, **more).stdout.strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return None


def header(options):
    gpu = first_line(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")), None)
    return {"date": datetime.date.today().isoformat(), "command": " ".join(sys.argv), "device": options.device, "dtype": options.dtype, "gpu": gpu, "cpu": cpu,
            "cores": os.cpu_count(), "xlt": first_line([str(options.xlt), "--version"], env=environment(options, [options.xlt])), "versions": versions(),
            "shapes": {name: {**shape, **(DRY if options.dry else {})} for name, shape in SHAPES.items()}, "rows": [], "parts": []}


def script(options, task, model, *more):
    """Command of this script's own process for a task."""
    return [sys.executable, pathlib.Path(__file__).resolve(), f"--task={task}", f"--model={model}", "--work", options.work, "--tokenizer", options.tokenizer,
            "--xlt", options.xlt, *more, *(["--dry"] if options.dry else [])]


def peer_part(visit, model, works, limit):
    command = script(visit.options, "peer", model, "--works", ",".join(works), "--repeats", repeats_of(works, visit.options))
    visit.part(f"{model}/peer/{'+'.join(works)}", command, limit, needs=f"prepare/{model}")


def xlt_part(visit, model, works, limit):
    options = visit.options
    command, results = xlt_train(options, model, works[0]) if works[0] in TRAINING else xlt_bench(options, model, works)
    command += ["--device", options.device, "--dtype", options.dtype, "--quiet", *(["--threads", options.threads] if options.threads else [])]
    visit.part(f"{model}/xlt/{'+'.join(works)}", command, limit, results, needs=f"prepare/{model}")


def profile_part(visit, model, skip=900, count=450):
    """Time and memory throughput by kernel, over one decoding step or so of 100 samples."""
    options = visit.options
    if options.device == "cpu":
        return
    log = options.output.with_name("ncu.csv")
    command = ["ncu", "--csv", "--page", "raw", "--log-file", log, "--print-units", "base", "--clock-control", "none", "--launch-skip", skip, "--launch-count", count, "--metrics",
               "gpu__time_duration.sum,dram__throughput.avg.pct_of_peak_sustained_elapsed", options.xlt, "generate", "--model", options.work / model, "--prompts",
               options.work / "prompts.jsonl", "--num-samples", SAMPLES, "--max-new-tokens", 5, "--ignore-eos", "--output", options.work / "ncu.jsonl", "--device",
               options.device, "--dtype", options.dtype, "--quiet"]
    visit.part(f"{model}/ncu", command, 60, lambda: kernels_of(log), needs=f"prepare/{model}")


def kernels_of(log):
    """Launches, microseconds and mean share of the memory's peak rate by kernel, longest first."""
    import csv
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith('"ID"'))
    kernels = {}
    rows = list(csv.DictReader(lines[begin:]))
    for row in rows[1:]:  # the first one holds units: ns, %
        times, rates = kernels.setdefault(row["Kernel Name"][:160], ([], []))
        times.append(1e-3 * float(row["gpu__time_duration.sum"].replace(",", "")))
        rates.append(float(row["dram__throughput.avg.pct_of_peak_sustained_elapsed"].replace(",", "")))
    found = [{"work": "kernel", "kernel": name, "launches": len(times), "microseconds": round(sum(times), 1), "dram_percent": round(statistics.mean(rates), 1)}
             for name, (times, rates) in kernels.items()]
    return sorted(found, key=lambda row: -row["microseconds"])


def model_parts(visit, model):
    visit.part(f"prepare/{model}", script(visit.options, "prepare", model), 120)
    xlt_part(visit, model, ["generate4", "score"], 75)
    peer_part(visit, model, ["generate4", "score", "generate64"], 90)
    xlt_part(visit, model, ["dpo"], 75)
    peer_part(visit, model, ["dpo"], 75)
    xlt_part(visit, model, ["sft"], 60)
    peer_part(visit, model, ["sft"], 75)
    xlt_part(visit, model, ["generate64"], 60)


def large_parts(visit, model):
    """What a card's memory is for: pairs of 512 tokens, in bfloat16 and on weights in 4 bits."""
    for work in ("dpo512", "dpo512_nf4", "dpo512_nf4_checkpointed", "dpo512_checkpointed", "dpo_nf4"):
        xlt_part(visit, model, [work], 60)
    for work in ("dpo512_nf4", "dpo512"):
        peer_part(visit, model, [work], 75)


def compare(options):
    options.work.mkdir(parents=True, exist_ok=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    visit = Visit(options)
    visit.save()
    visit.part("card", script(options, "card", "1b"), 60)
    model_parts(visit, "1b")
    profile_part(visit, "1b")
    model_parts(visit, "8b")
    large_parts(visit, "8b")
    peer_part(visit, "1b", ["dpo_precomputed"], 60)
    print(table(visit.content))


# ---- what comes of it

def results_of(content, model, side):
    """{work: figure}; with the memory of its process where the figure has none of its own."""
    parts = [part for part in content["parts"] if part["name"].startswith(f"{model}/{side}/")]
    return {row["work"]: {"gpu_mb": part.get("gpu_mb"), **row} for part in parts for row in part.get("results", [])}


def rooflines(content, model):
    """{work: rate at best} by scripts/roofline.py with this card's measured rates."""
    results = {part["name"]: (part.get("results") or [{}])[0] for part in content["parts"]}
    card, inputs = results.get("card", {}), results.get(f"prepare/{model}", {})
    if "matmul_tflops" not in card or "prompt_tokens" not in inputs:
        return {}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as config:
        json.dump(content["shapes"][model], config)
        config.flush()
        command = [sys.executable, ROOT / "scripts" / "roofline.py", "--config", config.name, "--tflops", card["matmul_tflops"], "--tb-per-s",
                   card["copy_gb_per_s"] / 1e3, "--prompt", round(inputs["prompt_tokens"]), "--answer", round(inputs["answer_tokens"])]
        text = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False).stdout
    patterns = {"generate4": r"decode 100 samples.*?([0-9,]+) tokens/s", "dpo": r"DPO.*?([0-9.]+) steps/s", "sft": r"SFT.*?([0-9.]+) steps/s"}
    found = {work: re.search(pattern, text) for work, pattern in patterns.items()}
    return {work: float(match[1].replace(",", "")) for work, match in found.items() if match}


def comparison(content):
    rows = []
    for model in SHAPES:
        ours, theirs, best = results_of(content, model, "xlt"), results_of(content, model, "peer"), None
        for work in sorted(ours.keys() | theirs.keys(), key=WORKS.index):
            mine, its = ours.get(work), theirs.get(work)
            best = rooflines(content, model) if best is None else best
            row = {"model": model, "work": work, "unit": (mine or its)["unit"], "xlt": mine and mine["median"], "peer": its and its["median"]}
            row["times_as_fast"] = mine["median"] / its["median"] if mine and its else None
            row["times_as_fast_at_best"] = mine["high"] / its["high"] if mine and its else None  # a peer's first steps are its slowest
            row |= {"xlt_gpu_mb": mine and mine["gpu_mb"], "peer_gpu_mb": its and its["gpu_mb"], "peer_torch_mb": its and its.get("torch_mb")}
            row["xlt_share_of_roofline"] = mine["median"] / best[work] if mine and best.get(work) else None
            row["peer_share_of_roofline"] = its["median"] / best[work] if its and best.get(work) else None
            rows.append(row)
    return rows


def table(content):
    shown = lambda value, form: "" if value is None else format(value, form)
    lines = ["| model | work | unit | xlt | peer | times as fast | xlt MB | peer MB | xlt's share of the roofline |", "|---|---|---|---:|---:|---:|---:|---:|---:|"]
    for row in content["rows"]:
        lines.append(f"| {row['model']} | {row['work']} | {row['unit']} | {shown(row['xlt'], '.4g')} | {shown(row['peer'], '.4g')} | {shown(row['times_as_fast'], '.2f')} | "
                     f"{shown(row['xlt_gpu_mb'], 'd')} | {shown(row['peer_gpu_mb'], 'd')} | {shown(row['xlt_share_of_roofline'], '.3f')} |")
    return "\n".join(lines)


def merge(files, output):
    visits = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    if len({(visit["gpu"], visit["device"]) for visit in visits}) != 1:
        sys.exit("gpu_bench.py: these visits were to different cards, which cannot be compared")
    parts = {part["name"]: {**part, "xlt": visit["xlt"], "date": visit["date"]} for visit in visits for part in visit["parts"] if part["status"] != "skipped"}
    content = {**visits[-1], "command": [command for visit in visits for command in ([visit["command"]] if isinstance(visit["command"], str) else visit["command"])], "seconds": sum(visit["seconds"] for visit in visits), "parts": list(parts.values())}
    write_json(output, {**content, "rows": comparison(content)})


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--merge", type=pathlib.Path, nargs="+", default=[], metavar="FILE", help="outputs of this script, oldest first")
    parser.add_argument("--xlt", type=pathlib.Path)
    parser.add_argument("--tokenizer", type=pathlib.Path, help="folder with the tokenizer files of a small Llama")
    parser.add_argument("--libs", type=pathlib.Path, help="libraries of xlt besides libtorch")
    parser.add_argument("--work", type=pathlib.Path, help="models, inputs and logs: is kept, and models that are there are not made again")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "runs" / "gpu_bench.json")
    parser.add_argument("--budget", type=float, default=345, help="seconds after which no part goes on")
    parser.add_argument("--repeats", type=int, default=3, help="of generation and scoring, after one that is not counted")
    parser.add_argument("--only", default="", help="measure only parts with one of these in their names")
    parser.add_argument("--dry", action="store_true", help="tiny models on the CPU")
    for name in ("task", "model", "works"):  # of this script's own processes
        parser.add_argument(f"--{name}", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.merge and not (options.xlt and options.tokenizer):
        parser.error("--xlt and --tokenizer are needed")
    for name in ("xlt", "tokenizer", "libs", "work", "output"):
        if getattr(options, name):
            setattr(options, name, getattr(options, name).resolve())
    options.device, options.dtype, options.threads = ("cpu", "float32", 1) if options.dry else ("cuda", "bfloat16", 0)
    options.prompts, options.texts, options.steps, options.score_batch = (5, 8, 4, 4) if options.dry else (PROMPTS, TEXTS, STEPS, 100)
    return options


def main():
    options = parsed()
    if options.merge:
        return merge(options.merge, options.output)
    if options.task or options.work:
        return {"": compare, "prepare": prepare, "card": measure_card, "peer": peer}[options.task](options)
    memory = pathlib.Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 24e9
    with tempfile.TemporaryDirectory(prefix="gpu-bench-", dir=memory if roomy else None) as folder:
        options.work = pathlib.Path(folder)
        compare(options)


if __name__ == "__main__":
    main()
