#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Large inputs, extreme numbers, too little memory, and Ctrl-C where nobody looks: an error in time, and flat memory."""
import json
import math
import os
import pathlib
import resource
import signal
import struct
import subprocess
import time
import unittest

from support import CONFIG, PAIRS, TEXTS, XLT, Scenario, patience, read_rows, run, unless_sanitized, write_rows, write_tokenizer

LARGEST = 2**63 - 1
# XLT_LARGE=1: sizes that take a minute longer.
NUM_ROWS, LINE_MEGABYTES = (1_000_000, 8) if os.environ.get("XLT_LARGE") else (300_000, 2)


class Numbers(Scenario):
    def test_numbers_beyond_any_use_are_refused(self):
        """Counts whose products would overflow, or whose memory no machine has; temperatures that divide by zero."""
        cases = {
            "generate": [("--num-samples", 2**62), ("--max-new-tokens", 2**62), ("--temperature", "1e-320"), ("--temperature", 0)],
            "eval": [("--num-samples", 2**62), ("--max-new-tokens", 2**62), ("--temperature", "1e-320"), ("--continuation-tokens", LARGEST),
                     ("--bootstrap-samples", LARGEST)],
            "train": [("--batch-size", LARGEST), ("--gradient-accumulation-steps", LARGEST), ("--lora-r", LARGEST), ("--lora-r", 10**9)],
            "compare": [("--num-resamples", LARGEST), ("--num-permutations", LARGEST)],
            "bench": [("--repeats", LARGEST), ("--num-prompts", LARGEST), ("--num-texts", LARGEST), ("--steps", LARGEST)],
        }
        for command, values in cases.items():
            for flag, value in values:
                with self.subTest(command=command, flag=flag, value=value):
                    self.assert_fails(run(command, flag, value), 2, flag, "must be between")

    def test_numbers_beyond_any_model_in_its_config_are_refused(self):
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a"}])
        model = self.copy_model()
        config = json.loads((model / "config.json").read_text())
        cases = [(key, value) for key in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
                                          "vocab_size", "max_position_embeddings") for value in (2**62, 0)]
        cases += [("num_hidden_layers", 10**6), ("rms_norm_eps", -1), ("rms_norm_eps", 1e300), ("rope_theta", 0), ("rope_theta", 1e-320)]
        for key, value in cases:
            with self.subTest(key=key, value=value):
                (model / "config.json").write_text(json.dumps(config | {key: value}))
                self.assert_fails(run("score", "--model", model, "--input", rows, "--output", self.folder / "out"), 3, "config.json", key)

    @unless_sanitized
    def test_too_little_memory_is_said(self):
        """Whatever the libraries make of it: libtorch's own answer to a failed allocation can be to end the process."""
        (self.folder / "config.json").write_text(json.dumps(CONFIG | {"hidden_size": 512, "intermediate_size": 2**30}))  # 2 TB a matrix
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a"}])
        process = run("train", "--method", "sft", "--model-config", self.folder / "config.json", "--tokenizer", write_tokenizer(self.folder / "tokenizer"),
                      "--data", rows, "--output", self.folder / "run", "--max-steps", 1,
                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2**36, 2**36)))
        self.assert_fails(process, 1, "out of memory")
        self.assert_only("config.json", "rows.jsonl", "tokenizer")


class Broken(Scenario):
    def test_weights_that_are_no_numbers_are_an_error_of_the_checkpoint(self):
        model = self.copy_model()
        weights = bytearray((model / "model.safetensors").read_bytes())
        begin = 8 + int.from_bytes(weights[:8], "little")
        weights[begin:] = b"\xff" * (len(weights) - begin)  # NaN in every dtype
        (model / "model.safetensors").write_bytes(weights)
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a", "prompt": "a"}])
        output = self.folder / "out"
        for command in (("score", "--input", rows), ("generate", "--prompts", rows), ("generate", "--prompts", rows, "--greedy")):
            self.assert_fails(run(*command, "--model", model, "--output", output), 3, "not finite", "NaN")
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", [{"id": "1", "text": TEXTS[0]}])
        process = run("eval", "--model", model, "--data", self.folder / "data", "--benchmarks", "perplexity", "--langs", "en", "--output", output)
        self.assertEqual(process.returncode, 4, process.stderr)
        report = json.loads((output / "report.json").read_text())
        self.assertEqual(report["status"], "failed_cells")
        self.assertIn("NaN", report["errors"][0]["message"])
        process = run("train", "--method", "dpo", "--model", model, "--data", write_rows(self.folder / "pairs.jsonl", PAIRS), "--output", self.folder / "run",
                      "--max-steps", 1)
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertFalse((self.folder / "run" / "adapter").exists())


def write_sparse_shards(folder, config, num_shards):
    """A checkpoint in bfloat16 whose numbers are all 0 and lie in files without blocks: a large one costs no disk. Returns its bytes."""
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    head = hidden // config["num_attention_heads"]
    shapes = {"model.embed_tokens.weight": [vocabulary, hidden], "lm_head.weight": [vocabulary, hidden], "model.norm.weight": [hidden]}
    for layer in range(config["num_hidden_layers"]):
        shapes |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in {
            "input_layernorm": [hidden], "post_attention_layernorm": [hidden], "self_attn.q_proj": [hidden, hidden],
            "self_attn.k_proj": [config["num_key_value_heads"] * head, hidden], "self_attn.v_proj": [config["num_key_value_heads"] * head, hidden],
            "self_attn.o_proj": [hidden, hidden], "mlp.gate_proj": [inner, hidden], "mlp.up_proj": [inner, hidden], "mlp.down_proj": [hidden, inner]}.items()}
    (folder / "config.json").write_text(json.dumps(config))
    weight_map, total = {}, 0
    for shard in range(num_shards):
        file = folder / f"model-{shard + 1:05}-of-{num_shards:05}.safetensors"
        header, at = {}, 0
        for name in sorted(shapes)[shard::num_shards]:
            size = 2 * math.prod(shapes[name])
            header[name] = {"dtype": "BF16", "shape": shapes[name], "data_offsets": [at, at + size]}
            weight_map[name], at = file.name, at + size
        packed = json.dumps(header).encode()
        file.write_bytes(struct.pack("<Q", len(packed)) + packed)
        os.truncate(file, 8 + len(packed) + at)
        total += at
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}))
    return total


def peak_megabytes(arguments):
    """The most memory that `xlt ARGUMENTS`, which has to work, held."""
    process = subprocess.Popen([XLT, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise AssertionError(f"exit {process.returncode}: {arguments}")
    return usage.ru_maxrss / 1024


class Large(Scenario):
    def megabytes(self, rows, command="tokenize", model=None):
        return peak_megabytes([command, "--model", model or self.model, "--input", rows, "--output", self.folder / "out.jsonl"])

    @unless_sanitized
    def test_memory_does_not_grow_with_rows_and_little_with_a_line(self):
        least = self.megabytes(write_rows(self.folder / "one.jsonl", [{"text": "ab"}]))
        many = self.folder / "many.jsonl"
        many.write_text('{"text":"ab"}\n' * NUM_ROWS)
        rows = self.megabytes(many) - least
        self.assertEqual((self.folder / "out.jsonl").read_bytes().count(b"\n"), NUM_ROWS)
        sentences = LINE_MEGABYTES * 40_000  # a token a byte
        line = self.megabytes(write_rows(self.folder / "line.jsonl", [{"text": "The bakery opens at six. " * sentences}])) - least
        print(f"\n  {least:.0f} MB for a row, {rows:.1f} more for {NUM_ROWS:,}, {line:.0f} more for a line of {LINE_MEGABYTES} MB", flush=True)
        self.assertLess(rows, 10)
        self.assertLess(line, 50 * LINE_MEGABYTES)
        self.assertEqual(len(read_rows(self.folder / "out.jsonl")[0]["input_ids"]), 1 + 25 * sentences)

    @unless_sanitized
    def test_a_checkpoint_takes_its_own_size(self):
        """2.3 GB in two files: beside them no more than a tenth of them, and what a tiny model takes too."""
        rows = write_rows(self.folder / "one.jsonl", [{"text": "ab"}])
        model = write_tokenizer(self.folder / "large")
        config = CONFIG | {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 16, "num_key_value_heads": 8,
                           "vocab_size": 32000}
        weights = write_sparse_shards(model, config, num_shards=2) / 2**20
        self.assertGreater(weights * 2**20, 2e9)
        base, held = (self.megabytes(rows, "score", each) for each in (self.model, model))
        print(f"\n  weights of {weights:.0f} MiB: {held:.0f} MiB held, {base:.0f} with a tiny model", flush=True)
        self.assertLess(held, 1.1 * weights + base)
        # Zeros everywhere say nothing: every token is as likely as any other.
        self.assertAlmostEqual(read_rows(self.folder / "out.jsonl")[0]["log_likelihood"], -2 * math.log(32000), places=4)

    @unless_sanitized
    def test_training_holds_no_logits_of_a_batch(self):
        """From a vocabulary of 8,000 to one of 256,000 the peak grows, beyond the head itself, by less than the logits of the batch would take."""
        text = {"text": "The bakery opens at six. " * 40}  # 1,000 tokens, a token a byte
        rows, held = write_rows(self.folder / "rows.jsonl", [text] * 2), {}
        for vocabulary in (8_000, 256_000):
            model, output = write_tokenizer(self.folder / f"model-{vocabulary}"), self.folder / f"run-{vocabulary}"
            write_sparse_shards(model, CONFIG | {"vocab_size": vocabulary, "max_position_embeddings": 2048}, num_shards=1)
            command = ["train", "--method", "sft", "--model", model, "--data", rows, "--output", output, "--max-steps", 2, "--batch-size", 1, "--lora-r", 4]
            held[vocabulary] = peak_megabytes(command)
            row = read_rows(output / "metrics.jsonl")[0]
            self.assertAlmostEqual(row["loss"], math.log(vocabulary), places=4)  # zeros: every token is as likely as any other
        grown, tokens = held[256_000] - held[8_000], row["num_tokens"]
        matrix = (256_000 - 8_000) * CONFIG["hidden_size"] * 4 / 2**20  # float32; the embedding is as large as the head
        logits = tokens * 256_000 * 4 / 2**20
        print(f"\n  {tokens} tokens: {grown:.0f} MiB more, of them head and embedding {2 * matrix:.0f}; their logits would be {logits:.0f} MiB", flush=True)
        self.assertLess(grown - 2 * matrix, logits / 2)


class Interrupts(Scenario):
    """The promise is two seconds; a machine that does other work gets more."""

    def seconds_until_it_ends(self, process, by=signal.SIGINT):
        process.send_signal(by)
        begin = time.monotonic()
        process.wait(timeout=patience(60))  # communicate() would close the pipe
        seconds = time.monotonic() - begin
        with process.stdin, process.stdout, process.stderr:
            errors = process.stderr.read()
        self.assertEqual(process.returncode, 130, errors)
        self.assertEqual(errors.strip().splitlines()[-1], "xlt: error: interrupted")
        return seconds

    def wait_until_it_listens(self, process):
        """Until it has a handler for SIGINT."""
        status = pathlib.Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            caught = [line for line in status.read_text().splitlines() if line.startswith("SigCgt:")]
            if caught and int(caught[0].split()[1], 16) >> (signal.SIGINT - 1) & 1:
                return
            time.sleep(0.01)

    def test_a_pipe_into_which_nobody_writes(self):
        for command, flag in (("tokenize", "--input"), ("score", "--input"), ("generate", "--prompts")):
            process = subprocess.Popen([XLT, command, "--model", self.model, flag, "/dev/stdin", "--output", self.folder / "out.jsonl"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.wait_until_it_listens(process)
            time.sleep(patience(0.5))  # at the pipe; the program that people start has handed on to the engine by then
            self.assertLess(self.seconds_until_it_ends(process), 5)
            self.assert_only()

    def test_a_pipe_that_nobody_else_opens(self):
        """The first signal is heeded, whichever command waits: not even opening the pipe comes to an end by itself."""
        pipe = self.folder / "pipe.jsonl"
        os.mkfifo(pipe)
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a"}])
        output = ("--output", self.folder / "out")
        for arguments in (("eval", "--completions", pipe, *output), ("eval", "--completions", pipe, "--dry-run"),
                          ("tokenize", "--model", self.model, "--input", pipe, *output), ("tokenize", "--model", self.model, "--input", rows, "--output", pipe)):
            for by in (signal.SIGINT, signal.SIGTERM):
                process = subprocess.Popen([XLT, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.wait_until_it_listens(process)
                time.sleep(patience(0.5))  # at the pipe; the program that people start has handed on to the engine by then
                self.assertIsNone(process.poll(), process.args)
                self.assertLess(self.seconds_until_it_ends(process, by), 5)

    def test_a_pass_that_takes_long(self):
        """Nobody looks for signals within one: 200,000 tokens that see each other."""
        rows = write_rows(self.folder / "rows.jsonl", [{"context": "a", "continuation": "The bakery opens at six. " * 8000}])
        process = subprocess.Popen([XLT, "score", "--model", self.model, "--input", rows, "--output", self.folder / "out.jsonl"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.wait_until_it_listens(process)
        time.sleep(2)  # in the pass
        self.assertIsNone(process.poll())
        self.assertLess(self.seconds_until_it_ends(process), 5)
        self.assert_only("rows.jsonl")


class ClosedStreams(Scenario):
    def run_without(self, *closed, arguments):
        redirections = " ".join(f"{number}>&-" for number in closed)
        return subprocess.run(["sh", "-c", f'exec "$@" {redirections}', "sh", XLT, *map(str, arguments)], capture_output=True, text=True,
                              timeout=patience(120))

    def test_nothing_is_written_into_the_files_that_take_their_numbers(self):
        # A text longer than the model's context: a warning is logged while the output is open.
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a" * 300}, {"text": "b"}])
        arguments = ("score", "--model", self.model, "--input", rows, "--output", self.folder / "out.jsonl")
        self.assertIn("longer than the model's", self.run_without(arguments=arguments).stderr)
        expected = (self.folder / "out.jsonl").read_bytes()
        for closed in ((1,), (2,), (1, 2), (0, 1, 2)):
            with self.subTest(closed=closed):
                (self.folder / "out.jsonl").unlink()
                self.assertEqual(self.run_without(*closed, arguments=arguments).returncode, 0)
                self.assertEqual((self.folder / "out.jsonl").read_bytes(), expected)

    def test_results_that_go_nowhere_are_an_error_and_files_are_written_all_the_same(self):
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", [{"id": "1", "text": TEXTS[0]}])
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        output = self.folder / "out"
        for arguments, file in ((("eval", "--model", self.model, "--data", self.folder / "data", "--benchmarks", "perplexity", "--langs", "en"), "report.json"),
                                (("train", "--method", "dpo", "--model", self.model, "--data", pairs, "--max-steps", 1), "adapter/adapter_model.safetensors")):
            process = self.run_without(1, arguments=(*arguments, "--output", output))
            self.assertEqual(process.returncode, 3, process.stderr)
            self.assertIn("standard output", process.stderr)
            self.assertTrue((output / file).exists())
            subprocess.run(["rm", "-rf", str(output)], check=True)
            self.assertEqual(self.run_without(2, arguments=(*arguments, "--output", output)).returncode, 0)
            subprocess.run(["rm", "-rf", str(output)], check=True)


if __name__ == "__main__":
    unittest.main()
