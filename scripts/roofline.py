#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one GPU allows on paper: bytes and FLOP of each op and of each step of the recipes, and the tokens a second that follow.

usage: roofline.py [--config FILE] [--tflops 989] [--tb-per-s 3.35] [--prompt 32] [--answer 32]

--config: a Hugging Face config.json; without it, Llama 3.1 8B's shape. The rates are an H100 SXM's (data sheet: bfloat16 without sparsity,
HBM3). A time is the longer of bytes / bandwidth and FLOP / rate: nothing here was measured. Weights and activations are bfloat16, logits
never reach memory in training (the head works in chunks).
"""
import argparse
import json
import math
import pathlib

LLAMA_8B = {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
            "vocab_size": 128256}
HALF, SINGLE = 2, 4  # bytes
LORA_R = 64


class Shape:
    def __init__(self, config):
        self.c, self.i, self.layers, self.v = (config[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size"))
        self.head_dim = config.get("head_dim") or self.c // config["num_attention_heads"]
        self.q, self.kv = config["num_attention_heads"] * self.head_dim, config["num_key_value_heads"] * self.head_dim
        self.linears = [(self.q, self.c), (self.kv, self.c), (self.kv, self.c), (self.c, self.q), (self.i, self.c), (self.i, self.c), (self.c, self.i)]
        self.body = self.layers * sum(out * into for out, into in self.linears)
        self.head = self.v * self.c
        self.lora = self.layers * sum(LORA_R * (out + into) for out, into in self.linears)
        self.cache_bytes = self.layers * 2 * self.kv * HALF  # of a token


class Gpu:
    def __init__(self, options):
        self.flops, self.bytes = options.tflops * 1e12, options.tb_per_s * 1e12

    def seconds(self, flop, moved):
        return max(flop / self.flops, moved / self.bytes)

    def bound(self, flop, moved):
        return "compute" if flop / self.flops > moved / self.bytes else "memory"


def ops_of(shape, tokens, context):
    """(name, FLOP, bytes) of one layer's ops and of the head for `tokens` new tokens, each seeing `context` keys; forward."""
    c, i, t = shape.c, shape.i, tokens
    linears = sum(out * into for out, into in shape.linears)
    moved = sum(into + out for out, into in shape.linears)
    keys = t * (context * 2 * shape.kv + 2 * shape.q) * HALF
    return [("rms_norm", 4 * t * c, 2 * t * c * HALF), ("linear, 7 of a layer", 2 * t * linears, (linears + t * moved) * HALF),
            ("rope, q and k", 3 * t * (shape.q + shape.kv), 2 * t * (shape.q + shape.kv) * HALF),
            ("kv_append", 0, 4 * t * shape.kv * HALF), ("attention, cache read by every sample", 4 * t * context * shape.q, keys),
            ("gated_activation", 8 * t * i, 3 * t * i * HALF), ("head, logits kept", 2 * t * shape.head, shape.head * HALF + t * shape.v * SINGLE),
            ("sample, three reads at least", 10 * t * shape.v, 3 * t * shape.v * SINGLE)]


def decode(shape, gpu, samples, prompt, answer):
    """Tokens a second of `samples` rows that share their prompts' cache, halfway through the answer."""
    moved = (shape.body + shape.head) * HALF + samples * (shape.cache_bytes * answer / 2 + 4 * shape.v * SINGLE) + math.ceil(samples / 25) * shape.cache_bytes * prompt
    flop = 2 * samples * (shape.body + shape.head) + samples * 4 * (prompt + answer / 2) * shape.q * shape.layers
    return samples / gpu.seconds(flop, moved), gpu.bound(flop, moved), flop, moved


def train(shape, gpu, tokens, scored, reference, kept_bytes, context):
    """Steps a second: the frozen body forward and backward (4 FLOP a parameter and token), LoRA with its gradients (6), the head where tokens
    are scored (4), attention to `context` keys on average (4 forward, 8 backward), and the reference's forward pass (2)."""
    attention = 4 * tokens * context * shape.q * shape.layers
    flop = 4 * tokens * shape.body + 6 * tokens * shape.lora + 4 * scored * shape.head + 3 * attention
    moved = 2 * (shape.body + shape.head) * HALF + shape.lora * (3 * HALF + 6 * SINGLE) + 2 * kept_bytes
    if reference:
        flop += 2 * tokens * shape.body + 2 * scored * shape.head + attention
        moved += (shape.body + shape.head) * HALF
    return 1 / gpu.seconds(flop, moved), gpu.bound(flop, moved), flop, moved


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=pathlib.Path)
    parser.add_argument("--tflops", type=float, default=989)
    parser.add_argument("--tb-per-s", type=float, default=3.35)
    parser.add_argument("--prompt", type=int, default=32, help="tokens of a prompt")
    parser.add_argument("--answer", type=int, default=32, help="tokens of an answer")
    options = parser.parse_args()
    shape, gpu = Shape(json.loads(options.config.read_text()) if options.config else LLAMA_8B), Gpu(options)
    prompt, answer = options.prompt, options.answer
    print(f"{(shape.body + shape.head) / 1e9:.2f} G parameters in products, LoRA r {LORA_R}: {shape.lora / 1e6:.0f} M; "
          f"{options.tflops:.0f} TFLOP/s, {options.tb_per_s} TB/s: even at {gpu.flops / gpu.bytes:.0f} FLOP a byte\n")
    print("| op, one layer, forward | 1 token: FLOP | bytes | bound | 400 tokens: FLOP | bytes | bound | µs |\n|---|---:|---:|---|---:|---:|---|---:|")
    for one, many in zip(ops_of(shape, 1, prompt), ops_of(shape, 400, prompt)):
        print(f"| {one[0]} | {one[1]:.1e} | {one[2]:.1e} | {gpu.bound(*one[1:])} | {many[1]:.1e} | {many[2]:.1e} | {gpu.bound(*many[1:])} | "
              f"{1e6 * gpu.seconds(*many[1:]):.1f} |")
    print("\n| step | tokens computed | FLOP | bytes | bound | at best |\n|---|---:|---:|---:|---|---:|")
    for samples in (1, 25, 100, 400):
        rate, bound, flop, moved = decode(shape, gpu, samples, prompt, answer)
        print(f"| decode {samples} samples, 25 a prompt | {samples} | {flop:.1e} | {moved:.1e} | {bound} | {rate:,.0f} tokens/s |")
    kept = lambda tokens: tokens * shape.layers * (10 * shape.c + 3 * shape.i) * HALF  # activations saved for the backward pass
    tokens = 4 * (prompt + 2 * answer)
    rate, bound, flop, moved = train(shape, gpu, tokens, 4 * 2 * answer, True, kept(tokens), (prompt + answer) / 2)
    print(f"| DPO, 4 pairs that share their prompts, reference included | {tokens} | {flop:.1e} | {moved:.1e} | {bound} | {rate:.1f} steps/s, {rate * tokens:,.0f} tokens/s |")
    tokens = 4 * (prompt + answer)
    rate, bound, flop, moved = train(shape, gpu, tokens, tokens, False, kept(tokens), (prompt + answer) / 2)
    print(f"| SFT, 4 texts | {tokens} | {flop:.1e} | {moved:.1e} | {bound} | {rate:.1f} steps/s, {rate * tokens:,.0f} tokens/s |")


main()
