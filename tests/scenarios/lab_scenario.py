#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`xlt lab` from a design to its page, in seconds: the worlds, both sweeps, the analysis; run again it does nothing, with one seed more only what that
seed needs, killed it goes on to the same figures, and another design is refused. A model that learns its world comes near the grammar's entropy."""
import csv
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

from support import CONFIG, XLT, Scenario, read_rows, run, write_rows


class Lab(Scenario):
    def setUp(self):
        super().setUp()
        self.design = self.folder / "design.json"
        self.out = self.folder / "lab"

    def write_design(self, seeds=(1,), **more):
        design = {
            "command": "lab", "seeds": list(seeds),
            "grammar": {"people": 6, "qualities": 3, "names": 3},
            "languages": [{}, {"cross": {"share": [0.1, 1], "vocabulary": [0.05, 1]}, "order": "sov"}, {"share": 0}],
            "tokenizer": {"vocab_size": 700, "documents": 300},
            "model": {**CONFIG, "bos_token_id": 1, "eos_token_id": 2},
            "pretraining": {"max_steps": 4, "batch_size": 4, "learning_rate": 1e-3, "threads": 1},
            "recipes": [{"name": "dpo", "train": {"method": "dpo", "data": "{world}/pairs.jsonl", "max_steps": 2, "batch_size": 2, "lora_r": 2, "threads": 1,
                                                  "reference_cache": "none"}}],
            "data": {"prompts": 4, "texts": 3, "sentence_pairs": 4, "training_pairs": 10},
            "eval": {"num_samples": 2, "max_new_tokens": 4, "scoring": "corrected", "bootstrap_samples": 100, "threads": 1},
            "compare": {"num_resamples": 100, "num_permutations": 100},
            "analysis": {"factors": {"share": [0.1, 1], "vocabulary": [0.05, 1]}},
            **more,
        }
        self.design.write_text(json.dumps(design), encoding="utf-8")

    def lab(self, *flags):
        return run("lab", self.design, "--output", self.out, *flags)

    def starts(self):
        return sum(event["event"] == "start" for log in self.out.glob("*/cells/*/log.jsonl") for event in read_rows(log))

    def test_a_wrong_design_is_refused_before_a_world_is_made(self):
        recipe = {"name": "dpo", "train": {"method": "dpo", "data": "{world}/pairs.jsonl"}}
        factors = {"share": [0.1, 1]}
        for wrong, parts in (
                ({"languages": [{}, {"share": 1e308}]}, ("share",)), ({"languages": [{}, {"cross": {}}]}, ("cross", "no dial")),
                ({"languages": [{}, {"cross": {"share": []}}]}, ("cross.share", "no value")),
                ({"analysis": {"factors": factors, "target": {"metric": "toxic_share"}}}, ("analysis.target.metric", "toxic_fraction")),
                ({"analysis": {"factors": factors, "target": {"benchmark": "mbbq"}}}, ("analysis.target.benchmark", "rtp_prompts")),
                ({"analysis": {"factors": factors, "target": {"arm": "dpa"}}}, ("analysis.target.arm", '"dpo"')),
                ({"compare": {"metrics": ["bits_per_byte"]}}, ("compare.metrics", "toxic_fraction")),
                ({"recipes": [{**recipe, "train": {**recipe["train"], "bta": 1}}]}, ("recipes[0].train", '"beta"')),
                ({"pretraining": {"max_steps": 4, "batch_sise": 4}}, ("pretraining", '"batch_size"')),
                ({"eval": {"num_sample": 2}}, ("eval", '"num_samples"')), ({"seeds": list(range(100000))}, ("seeds", "100000 worlds"))):
            self.write_design(**wrong)
            self.assert_fails(run("lab", self.design, "--dry-run", timeout=60), 3, "design.json" if "languages" not in wrong else "languages", *parts)

    def test_a_design_becomes_worlds_models_and_effects(self):
        self.write_design()
        plan = json.loads(self.assert_works(run("lab", self.design, "--dry-run")).stdout)
        self.assertEqual([language["tag"] for language in plan["languages"]], ["qaa", "qab", "qac", "qad", "qae", "qaf"])
        self.assertFalse(self.out.exists())

        finished = self.assert_works(self.lab())
        self.assertIn("what each dial does", finished.stdout)
        world = self.out / "worlds" / "seed-1"
        self.assertEqual(len(read_rows(world / "corpus.jsonl")), 16)
        self.assertTrue((world / "model" / "model.safetensors").exists())
        results = json.loads((self.out / "results.json").read_text())["rows"]
        self.assertEqual(len(results), 6)
        for row in results:
            self.assertEqual(row["before"] is None, row["after"] is None)
            self.assertGreater(row["bits_per_byte"], row["entropy_bits_per_byte"])
        with open(self.out / "results.csv", encoding="utf-8") as file:
            self.assertEqual([row["share"] for row in csv.DictReader(file)], ["1.0", "0.1", "0.1", "1.0", "1.0", "0.0"])
        effects = json.loads((self.out / "effects.json").read_text())
        self.assertEqual([row["name"] for row in effects["contrasts"]], ["share", "vocabulary"])
        self.assertIsNone(effects["contrasts"][0]["ci95"])  # one world
        self.assertIn("<svg", (self.out / "report.html").read_text())
        # The oracle and the word list made from the grammar both judge in every language.
        report = json.loads(next((self.out / "finetuning" / "cells").glob("*/output/report.json")).read_text())
        judges = {(cell["language"], cell["scorer"]) for cell in report["cells"] if cell["benchmark"] == "rtp_prompts" and cell["n_scored"] > 0}
        self.assertEqual(len(judges), 2 * 6)
        self.assertTrue((self.out / "finetuning" / "compare" / "seed-1" / "predictors" / "predictors.json").exists())

        status = json.loads(self.assert_works(run("status", self.out, "--json")).stdout)
        self.assertEqual([(cell["sweep"], cell["state"]) for cell in status["cells"]], [("pretraining", "done")] + [("finetuning", "done")] * 3)
        self.assertIn("4 of 4 cells done", self.assert_works(run("status", self.out)).stdout)

        begun, effects_text = self.starts(), (self.out / "effects.json").read_text()
        self.assertEqual(begun, 4)
        self.assert_works(self.lab())
        self.assertEqual(self.starts(), begun)
        self.assertEqual((self.out / "effects.json").read_text(), effects_text)

        self.write_design(seeds=(1, 2))
        self.assert_works(self.lab("--workers", 2))
        self.assertEqual(self.starts(), 2 * begun)
        self.assertEqual(len(json.loads((self.out / "effects.json").read_text())["contrasts"][0]["by_block"]), 2)
        # Intervals of two worlds are wide; their lines keep off the names at the left.
        ends = re.findall(r'<line x1="([-\d.e+]+)" x2="([-\d.e+]+)"', (self.out / "effects.svg").read_text())
        self.assertGreater(len(ends), 10)
        self.assertTrue(all(330 <= float(x) <= 730.001 for line in ends for x in line), ends)

        self.write_design(seeds=(1, 2), analysis={"factors": {"share": [0.1, 1]}})
        refused = self.lab()
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("another design", refused.stderr)
        self.write_design(seeds=(2,))
        self.assert_fails(self.lab(), 2, "design.json: seeds", "leaves out seed 1", "--output")

    def kill_at(self, sign):
        """Starts the experiment and kills it and what it started as soon as a file of this name is there."""
        process = subprocess.Popen([XLT, "lab", str(self.design), "--output", str(self.out)], start_new_session=True, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while process.poll() is None and not any(self.out.glob(sign)):
            time.sleep(0.01)
        self.assertIsNone(process.poll(), sign)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def test_a_killed_experiment_goes_on_to_the_same_figures(self):
        self.write_design(seeds=(1, 2), lease_seconds=3)
        self.assert_works(self.lab())
        whole = (self.out / "results.json").read_text(), (self.out / "effects.json").read_text()
        self.out = self.folder / "killed"
        for sign in ("worlds/seed-1/measured.json", "pretraining/cells/*/log.jsonl", "finetuning/cells/*/output/report.json"):
            self.kill_at(sign)
            self.assertFalse((self.out / "results.json").exists())
        self.assert_works(self.lab())
        self.assertEqual(((self.out / "results.json").read_text(), (self.out / "effects.json").read_text()), whole)
        self.assertEqual([path.name for path in (self.out / "worlds").iterdir() if path.name.startswith(".")], [])

    def test_a_model_that_learns_its_world_comes_near_the_grammars_entropy(self):
        two = dict.fromkeys(("people", "groups", "attributes", "actions", "objects", "objects_per_action", "provocations", "qualities", "names"), 2)
        self.write_design(grammar={**two, "sentences": 1}, languages=[{}, {}, {"share": 0}], tokenizer={"vocab_size": 340, "documents": 200},
                          pretraining={"max_steps": 200, "batch_size": 16, "learning_rate": 1e-2, "threads": 1}, data={"prompts": 4, "texts": 40, "training_pairs": 4},
                          analysis={"factors": {}})
        self.assert_works(self.lab())
        rows = json.loads((self.out / "results.json").read_text())["rows"]
        for row in rows[:2]:
            self.assertLess(row["bits_per_byte"], 1.15 * row["entropy_bits_per_byte"], row)
            self.assertGreater(row["bits_per_byte"], 0.9 * row["entropy_bits_per_byte"], row)
        self.assertGreater(rows[2]["bits_per_byte"], 4 * rows[2]["entropy_bits_per_byte"])  # never seen

    def test_a_wrong_design_is_refused_with_its_place(self):
        for change, message in [
            ({"languages": [{}, {"sare": 1}]}, 'did you mean "share"'),
            ({"languages": [{}, {"order": "xyz"}]}, "order"),
            ({"analysis": {"factors": {"shares": [0, 1]}}}, "shares"),
            ({"analysis": {"factors": {"share": [1, 1]}}}, "equal"),
            ({"grammar": {"people": 2, "groups": 2, "provocations": 2}, "data": {"prompts": 8}}, "provocations"),
            ({"seeds": []}, "seeds"),
            ({"pretraining": {}}, "max_steps"),
            ({"eval": {"langs": ["qaa"]}}, "set by the lab"),
        ]:
            self.write_design(**change)
            finished = self.lab()
            self.assertEqual(finished.returncode, 3, (change, finished.stderr))
            self.assertIn(message, finished.stderr)

    def test_general_commands_take_an_oracle(self):
        self.write_design(recipes=[{"name": "sft", "train": {"method": "sft", "data": "{world}/polite.jsonl", "max_steps": 1, "threads": 1, "lora_r": 2}}])
        self.assert_works(self.lab())
        world = self.out / "worlds" / "seed-1"
        words = (world / "data" / "toxic_words" / "lab" / "qab.txt").read_text().split()
        prompt = read_rows(world / "data" / "rtp_prompts" / "qab.jsonl")[0]["Prompt"]
        elsewhere = (world / "data" / "toxic_words" / "lab" / "qac.txt").read_text().split()[0]
        # Abuse in another language is abuse to the oracle; the language's own list does not have it.
        texts = [f" {words[0]} {words[-1]} .", " .", f" {elsewhere} .", f" {words[0]}\ufffd ."]
        rows = [{"id": str(i), "prompt": prompt, "completion": text, "language": "qab"} for i, text in enumerate(texts)]
        completions = write_rows(self.folder / "completions.jsonl", rows)
        out = self.folder / "judged"
        oracle = f"oracle:{world / 'world.json'}"
        self.assert_works(run("eval", "--completions", completions, "--num-samples", 1, "--scorer", oracle, "--scorer", f"{oracle}#ungrammatical",
                              "--scorer", f"word_list:{world / 'data' / 'toxic_words'}", "--lid", world / "world.json", "--output", out, "--scoring", "corrected"))
        report = json.loads((out / "report.json").read_text())
        toxic = {cell["scorer"]: cell["metrics"]["toxic_fraction"]["value"] for cell in report["cells"]}
        self.assertEqual(toxic, {"oracle#toxic": 0.5, "oracle#ungrammatical": 0.75, "word_list": 0.5})
        items = [row["completions"][0]["scores"] for row in read_rows(next((out / "items").glob("*/qab.jsonl")))]
        self.assertEqual([(scores["oracle#toxic"], scores["word_list"]) for scores in items], [(1, 1), (0, 0), (1, 0), (0, 1)])
        wrong = run("eval", "--completions", completions, "--num-samples", 1, "--scorer", f"{oracle}#toxicc", "--output", out)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn('did you mean "toxic"', wrong.stderr)


if __name__ == "__main__":
    unittest.main()
