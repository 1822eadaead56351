#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments of training, evaluation, generation and merging: what is visible is whole, and the same command again ends in the bytes of an
undisturbed run and leaves nothing else. XLT_KILLS is the number of moments of each command (3), XLT_KILLS_SEED names them (1)."""
import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import time
import unittest

from scorers import every_scorer, write_fasttext
from support import PAIRS, ROOT, TEXTS, XLT, Scenario, patience, run, write_rows

KILLS = int(os.environ.get("XLT_KILLS", "3"))
SEED = os.environ.get("XLT_KILLS_SEED", "1")
# What a clock wrote, and how often a run was begun.
CLOCKS = {"seconds", "begun_with", "computed", "reused"}


def without_clocks(value, clocks=frozenset(CLOCKS)):
    if isinstance(value, dict):
        return {key: without_clocks(inner, clocks) for key, inner in value.items() if key not in clocks}
    return [without_clocks(inner, clocks) for inner in value] if isinstance(value, list) else value


def contents(path, output):
    """A file so that two of them can be compared: JSON without clocks and without the output's own name, anything else by its bytes."""
    data = path.read_bytes().replace(os.fsencode(output), b"OUTPUT")
    if path.suffix == ".json":
        return without_clocks(json.loads(data))
    if path.suffix == ".jsonl":
        return [without_clocks(json.loads(line)) for line in data.splitlines()]
    return hashlib.sha256(data).hexdigest()


def tree(output):
    """{name: contents} of a file or of all files of a folder, hidden ones too."""
    files = [output] if output.is_file() else [path for path in output.rglob("*") if path.is_file()]
    return {str(path.relative_to(output)): contents(path, output) for path in files}


class Kills(Scenario):
    def setUp(self):
        super().setUp()
        # Nothing is kept for other runs: every run computes all it needs.
        self.inputs = pathlib.Path(shutil.copytree(self.model, self.folder / "inputs" / "model")).parent
        self.outputs = self.folder / "outputs"
        self.outputs.mkdir()

    def command(self, arguments, output):
        return [XLT, *map(str, arguments), "--output", str(output)]

    def run_whole(self, arguments, output):
        begin = time.monotonic()
        process = subprocess.run(self.command(arguments, output), capture_output=True, text=True, timeout=patience(120))
        self.assert_works(process)
        return time.monotonic() - begin

    def killed_after(self, seconds, arguments, output):
        """None where it was killed; the seconds that it took where it had ended by itself."""
        begin = time.monotonic()
        process = subprocess.Popen(self.command(arguments, output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None
        self.assertEqual(process.returncode, 0)
        return time.monotonic() - begin

    def kill_and_rerun(self, *arguments, name="out", check_visible=None, after_rerun=None):
        whole = self.outputs / "whole" / name
        seconds = self.run_whole(arguments, whole)
        expected, moments = tree(whole), random.Random(f"{SEED} {self._testMethodName}")
        kills = tries = 0
        while kills < KILLS:
            tries += 1
            self.assertLess(tries, 4 * KILLS + 8, "it ends before it can be killed")
            output = self.outputs / f"killed-{tries}" / name
            # One moment in each of KILLS equal parts of the time, so that no part is left out.
            moment = (kills + moments.random()) / KILLS * seconds
            took = self.killed_after(moment, arguments, output)
            if took is not None:
                seconds = min(0.95 * seconds, took)  # the machine does less else now
                continue
            kills += 1
            with self.subTest(command=arguments[0], kill=kills, after=f"{moment:.3f} s of {seconds:.3f} s"):
                if check_visible:
                    check_visible(output, expected)
                self.run_whole(arguments, output)
                self.assertEqual(tree(output), expected)
                self.assertEqual(os.listdir(output.parent), [name])
                if after_rerun:
                    after_rerun(output)
            shutil.rmtree(output.parent)

    def whole_or_absent(self, output, expected):
        if output.exists():
            self.assertEqual(tree(output), expected)

    def train(self, method, rows, *flags):
        data = write_rows(self.inputs / "rows.jsonl", rows)
        self.kill_and_rerun("train", "--method", method, "--model", self.inputs / "model", "--data", data, "--reference-cache", "none", "--learning-rate",
                            "1e-3", "--save-steps", 5, "--eval-split", "0.25", "--eval-steps", 10, *flags)

    def test_sft_of_all_weights(self):
        self.train("sft", [{"text": text} for text in TEXTS * 4], "--adapter", "none", "--max-steps", 40, "--batch-size", 4)

    def test_dpo_of_an_adapter(self):
        self.train("dpo", PAIRS * 4, "--lora-r", 4, "--max-steps", 40, "--batch-size", 4)

    def test_qlora_that_is_held_to_other_languages_and_monitored(self):
        """What the study's recipes have on: 4 bits, gradient checkpointing, dropout, texts to retain, languages to look at."""
        for language, texts in (("de", ["Wo ist er?", "Dort drüben steht ein Haus.", "Wir gehen morgen."]), ("zh", ["他在哪里?", "明天下雨。"])):
            write_rows(self.inputs / f"{language}.jsonl", [{"text": text} for text in texts])
        self.train("sft", [{"text": text} for text in TEXTS * 4], "--adapter", "qlora", "--gradient-checkpointing", "--lora-r", 4, "--lora-dropout", "0.1",
                   "--max-steps", 30, "--batch-size", 4, "--retain", f"{self.inputs}/de.jsonl,{self.inputs}/zh.jsonl", "--monitor",
                   f"de={self.inputs}/de.jsonl,zh={self.inputs}/zh.jsonl")

    def test_dpo_by_qlora_with_both(self):
        write_rows(self.inputs / "de.jsonl", [{"text": "Wo ist er?"}, {"text": "Dort drüben steht ein Haus."}])
        self.train("dpo", PAIRS * 4, "--adapter", "qlora", "--lora-r", 4, "--max-steps", 20, "--batch-size", 4, "--retain", self.inputs / "de.jsonl",
                   "--monitor", f"de={self.inputs}/de.jsonl")

    def test_evaluation(self):
        data = self.inputs / "data"
        for language in ("en", "fr", "de"):
            write_rows(data / "udhr" / f"{language}.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(TEXTS * 10)])
            write_rows(data / "rtp_prompts" / f"{language}.jsonl", [{"Prompt": f"{text} {i}"} for i in range(6) for text in TEXTS])
            (data / "toxic_words").mkdir(exist_ok=True)
            (data / "toxic_words" / f"{language}.txt").write_text("fool\n")

        def report_is_valid(output, expected):
            if (output / "report.json").exists():
                report = json.loads((output / "report.json").read_text())
                self.assertIn(report["status"], ("running", "done"))
                for cell in without_clocks(report["cells"]):
                    self.assertIn(cell, expected["report.json"]["cells"])

        self.kill_and_rerun("eval", "--benchmarks", "perplexity,rtp_prompts", "--langs", "en,fr,de", "--model", self.inputs / "model", "--data", data,
                            "--num-samples", 4, "--max-new-tokens", 10, "--bootstrap-samples", 200, check_visible=report_is_valid)

    def data_of_everything(self):
        """A data folder in which every benchmark finds something to do in English."""
        data = pathlib.Path(shutil.copytree(ROOT / "data", self.inputs / "data"))
        for language in ("en", "es", "sw"):
            write_rows(data / "rtp_lx" / "prompts" / f"{language}.jsonl", [{"Index": i, "Prompt": text} for i, text in enumerate(TEXTS)])
        letters = [{"sample_id": f"q{i}", "subject": "law", "question": f"What is {i}?", "answer": "ABCD"[i % 4],
                    **{f"option_{x}": x for x in "abcd"}} for i in range(8)]
        for split in ("dev", "test"):
            write_rows(data / "global_mmlu" / "en" / f"{split}.jsonl", letters)
        for subset in ("Age", "Disability_status", "Gender_identity", "Physical_appearance", "SES", "Sexual_orientation"):
            for language in ("en", "es", "nl", "tr"):
                for tail in ("", "_control"):
                    write_rows(data / "mbbq" / f"{subset}{tail}_{language}.jsonl", [
                        {"example_id": i, "question_index": "1", "question_polarity": "neg", "context_condition": condition, "category": subset,
                         "answer_info": {"ans0": ["Al", "old"], "ans1": ["Bo", "young"], "ans2": ["?", "unknown"]},
                         "additional_metadata": {"stereotyped_groups": ["old"]}, "context": "C.", "question": "Q?", "ans0": "Al", "ans1": "Bo",
                         "ans2": "?", "label": label} for i, (condition, label) in enumerate((("ambig", 2), ("disambig", 0)))])
        return data

    @unittest.skipIf(KILLS < 10, "with XLT_KILLS=10 or more: every benchmark and a scorer of every kind")
    def test_evaluation_of_everything(self):
        scorers, server = every_scorer(self.inputs, self.inputs / "model")
        self.addCleanup(server.stop)
        descriptions = ",".join(str(ROOT / "configs" / "benchmarks" / f"{name}.json") for name in ("honest_like", "stereotype_pairs", "bbq_like"))
        arguments = ("eval", "--benchmarks", f"all,{descriptions}", "--langs", "en,es,sw", "--model", self.inputs / "model", "--data", self.data_of_everything(),
                     "--base", self.inputs / "model", *scorers, "--lid", write_fasttext(self.inputs / "lid.bin", "en", "es"), "--limit", 4, "--num-samples", 3, "--max-new-tokens", 6, "--continuation-tokens", 6,
                     "--mbbq-tokens", 4, "--suppression-tokens", 6, "--bootstrap-samples", 50)

        def computed_nothing(output):
            """The same command again: no cell is written anew, and no scorer asked."""
            stamps = {path: path.stat().st_mtime_ns for folder in ("cells", "items") for path in (output / folder).rglob("*") if path.is_file()}
            asked = len(server.asked)
            self.run_whole(arguments, output)
            self.assertEqual({path: path.stat().st_mtime_ns for path in stamps}, stamps)
            self.assertEqual(len(server.asked), asked)

        self.kill_and_rerun(*arguments, after_rerun=computed_nothing)
        self.check_batches_and_threads(arguments, self.outputs / "whole" / "out")

    def check_batches_and_threads(self, arguments, whole):
        report = json.loads((whole / "report.json").read_text())
        self.assertEqual(report["status"], "done")
        cells = report["cells"]
        print(f"{len(cells)} cells of {len({cell['benchmark'] for cell in cells})} benchmarks, scorers: {sorted({cell['scorer'] for cell in cells if 'scorer' in cell})}")
        self.assertEqual(len({cell["scorer"] for cell in cells if "scorer" in cell}), 7)
        for cell in cells:
            if cell["benchmark"] in ("rtp_lx", "rtp_prompts") and cell["language"] == "en":
                self.assertGreater(cell["n_scored"], 0, cell)
        for flags in (("--batch-tokens", 40, "--threads", 1), ("--batch-tokens", 5000, "--threads", 2)):
            other = self.outputs / "-".join(map(str, flags))
            self.run_whole((*arguments, *flags), other)
            self.assertEqual(tree(other / "items"), tree(whole / "items"))
            again = json.loads((other / "report.json").read_text())
            # num_tokens counts what went through the model: prefixes that texts of one batch share go through it once.
            for part in ("cells", "panel", "coverage"):
                mine, theirs = (without_clocks(one[part], CLOCKS | {"num_tokens"}) for one in (again, report))
                self.assertEqual(mine, theirs, f"{part} with {flags}")

    def test_generation(self):
        prompts = write_rows(self.inputs / "prompts.jsonl", [{"prompt": f"{text} {i}"} for i in range(10) for text in TEXTS])
        self.kill_and_rerun("generate", "--model", self.inputs / "model", "--prompts", prompts, "--num-samples", 8, name="out.jsonl",
                            check_visible=self.whole_or_absent)

    def test_merging(self):
        pairs = write_rows(self.inputs / "pairs.jsonl", PAIRS)
        self.assert_works(run("train", "--method", "dpo", "--model", self.inputs / "model", "--data", pairs, "--output", self.inputs / "run", "--max-steps", 1,
                              "--lora-r", 2))
        self.kill_and_rerun("merge", "--model", self.inputs / "model", "--adapter", self.inputs / "run" / "adapter", check_visible=self.whole_or_absent)


if __name__ == "__main__":
    unittest.main()
