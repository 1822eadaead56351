# SPDX-License-Identifier: Apache-2.0
"""Weights that are cut off under a running command, and signals while a model is loaded."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from support import PAIRS, TEXTS, XLT, Scenario, patience, run, write_rows


def texts(count):
    """Different ones: work enough to be still at it when the weights are gone."""
    return [{"id": str(i), "text": f"{i} {TEXTS[i % len(TEXTS)]}"} for i in range(count)]


class Running(Scenario):
    def start(self, *arguments):
        process = subprocess.Popen([XLT, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def end(self, process, timeout=60):
        _, errors = process.communicate(timeout=patience(timeout))
        return process.returncode, errors

    def wait_for(self, process, what, is_so):
        """Until `is_so()`; the process must not end before."""
        for _ in range(3000):
            if process.poll() is not None:
                self.fail(f"ended with {process.returncode} before {what}: {process.stderr.read()}")
            if is_so():
                return
            time.sleep(0.01)
        process.kill()
        self.fail(f"never {what}")

    def maps(self, process, file):
        try:
            return str(file) in pathlib.Path(f"/proc/{process.pid}/maps").read_text()
        except OSError:
            return False


class LostWeights(Running):
    """The kernel kills whoever reads what was cut off from a mapped file, in whichever thread that is; here it is an error."""

    def cut(self, process, size):
        weights = self.folder / "model" / "model.safetensors"
        self.wait_for(process, "its weights were mapped", lambda: self.maps(process, weights))
        time.sleep(0.3)
        self.assertIsNone(process.poll(), "it ended before its weights were cut off; it needs more work")
        os.truncate(weights, size)

    def assert_lost(self, process, *names):
        code, errors = self.end(process)
        self.assertEqual(code, 3, errors)
        self.assertEqual(errors.count("xlt: error: "), 1, errors)
        self.assertIn("model.safetensors: was cut off", errors)
        self.assert_only("model", *names)

    def test_generate(self):
        for size in (0, 20_000):
            with self.subTest(left=size):
                model = self.copy_model()
                prompts = write_rows(self.folder / "prompts.jsonl", [{"prompt": text} for text in TEXTS])
                process = self.start("generate", "--model", model, "--prompts", prompts, "--output", self.folder / "out.jsonl", "--num-samples", 20_000)
                self.cut(process, size)
                self.assert_lost(process, "prompts.jsonl")
                shutil.rmtree(model)

    def test_score(self):
        rows = write_rows(self.folder / "rows.jsonl", texts(100_000))
        process = self.start("score", "--model", self.copy_model(), "--input", rows, "--output", self.folder / "out.jsonl")
        self.cut(process, 0)
        self.assert_lost(process, "rows.jsonl")

    # The rest of the last page reads as zeros, without a signal.
    def test_score_of_weights_that_lost_a_few_bytes(self):
        rows = write_rows(self.folder / "rows.jsonl", texts(20_000))
        model = self.copy_model()
        process = self.start("score", "--model", model, "--input", rows, "--output", self.folder / "out.jsonl")
        self.cut(process, (model / "model.safetensors").stat().st_size - 1)
        self.assert_lost(process, "rows.jsonl")

    def test_train_saves_nothing(self):
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        process = self.start("train", "--method", "dpo", "--model", self.copy_model(), "--data", pairs, "--output", self.folder / "run",
                             "--max-steps", 100_000, "--lora-r", 2, "--save-steps", 0)
        metrics = self.folder / "run" / "metrics.jsonl"
        self.wait_for(process, "it trained", lambda: metrics.exists() and metrics.read_text().count("\n") > 2)
        self.cut(process, 0)
        self.assert_lost(process, "pairs.jsonl", "run")
        self.assertFalse((self.folder / "run" / "adapter").exists())
        self.assertEqual([path.name for path in (self.folder / "run").rglob(".*.tmp-*")], [])

    def test_eval_believes_none_of_its_cells(self):
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", texts(100_000))
        process = self.start("eval", "--model", self.copy_model(), "--data", self.folder / "data", "--benchmarks", "perplexity", "--langs", "en",
                             "--output", self.folder / "out")
        self.wait_for(process, "it wrote its first report", lambda: (self.folder / "out" / "report.json").exists())
        self.cut(process, 0)
        self.assert_lost(process, "data", "out")
        self.assertEqual(json.loads((self.folder / "out" / "report.json").read_text())["status"], "running")


class Messages(Scenario):
    """What a stranger's file says is shown, and neither obeyed by a terminal nor shown without end."""

    def test_of_a_config(self):
        model = self.copy_model()
        config = json.loads((model / "config.json").read_text())
        rows = write_rows(self.folder / "rows.jsonl", [{"text": TEXTS[0]}])
        for word, shown in (("\x1b[2J\x07", "\\x1B[2J\\x07"), ("\u009b31m", "\\x9B31m"), ("x" * 10_000_000, "x" * 1000)):
            (model / "config.json").write_text(json.dumps({**config, "model_type": word}))
            process = run("score", "--model", model, "--input", rows, "--output", self.folder / "out.jsonl")
            self.assert_fails(process, 3, "unknown architecture", shown)
            self.assertLess(len(process.stderr), 30_000)
            self.assertFalse({"\x1b", "\x07", "\u009b"} & set(process.stderr))


class SignalsWhileLoading(Running):
    def big_tokenizer(self, model):
        """Takes seconds to load: a million tokens that no text has."""
        file = model / "tokenizer.json"
        tokenizer = json.loads(file.read_text(encoding="utf-8"))
        vocab = tokenizer["model"]["vocab"]
        for i in range(1_000_000):
            vocab[f"not a token of any text {i}"] = len(vocab)
        file.write_text(json.dumps(tokenizer), encoding="utf-8")

    def test_a_tokenizer(self):
        model = self.copy_model()
        self.big_tokenizer(model)
        rows = write_rows(self.folder / "rows.jsonl", [{"text": TEXTS[0]}])
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number.name):
                process = self.start("tokenize", "--model", model, "--input", rows, "--output", self.folder / "out.jsonl")
                self.wait_for(process, "it read the tokenizer", lambda: self.maps(process, model / "tokenizer.json"))
                process.send_signal(number)
                code, errors = self.end(process, timeout=10)
                self.assertEqual(code, 130, errors)
                self.assertIn("interrupted", errors)
                self.assert_only("model", "rows.jsonl")


if __name__ == "__main__":
    unittest.main()
