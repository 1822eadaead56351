# SPDX-License-Identifier: Apache-2.0
"""--device-map: a model's layers on several devices, which are all the CPU here, give the bytes of one; maps that cannot be are refused."""
import unittest

from ranks import Ranks, RanksCase
from support import TEXTS, read_rows, run, write_rows

MAP = ("--device-map", "cpu,cpu")


class DeviceMaps(RanksCase):
    def assert_alike(self, *command):
        """The command's --output with a map and without: the same bytes."""
        files = [self.folder / name for name in ("whole.jsonl", "mapped.jsonl")]
        self.assert_works(run(*command, "--output", files[0]))
        self.assert_works(run(*command, "--output", files[1], *MAP))
        self.assertEqual(files[0].read_bytes(), files[1].read_bytes())

    def test_scores_and_completions_are_the_same_bytes(self):
        texts = write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS])
        self.assert_alike("score", "--model", self.model, "--input", texts, "--per-token")
        prompts = write_rows(self.folder / "prompts.jsonl", [{"prompt": text[:12]} for text in TEXTS])
        self.assert_alike("generate", "--model", self.model, "--prompts", prompts, "--num-samples", 3, "--max-new-tokens", 8)

    def test_evaluations_have_the_same_cells(self):
        data = self.folder / "data"
        write_rows(data / "udhr" / "en.jsonl", [{"id": i, "text": text} for i, text in enumerate(TEXTS)])
        items = []
        for name, more in (("whole", ()), ("mapped", MAP)):
            output = self.folder / name
            self.assert_works(run("eval", "--model", self.model, "--benchmarks", "perplexity", "--langs", "en", "--data", data, "--output", output, *more))
            items.append([read_rows(file) for file in sorted(output.glob("items/**/*.jsonl"))])
        self.assertTrue(items[0])
        self.assertEqual(*items)

    def test_trainings_leave_the_same_bytes(self):
        expected = self.result(self.alone(steps=12))  # the reference's log-probs too are computed by each
        mapped = self.folder / "mapped"
        self.assert_works(run(*self.command(mapped, 1, *MAP, "--gradient-checkpointing", steps=12)))
        self.assertEqual(self.result(mapped), expected)

    def test_a_training_goes_on_with_another_map_or_none(self):
        results = []
        for name, first, then in (("whole", (), ()), ("spread", (), MAP), ("joined", MAP, ())):
            output = self.folder / name
            self.assert_works(run(*self.command(output, 1, *first, steps=5)))
            self.assert_works(run(*self.command(output, 1, *then, "--resume", steps=12)))
            results.append(self.result(output))
        self.assertEqual(results[1], results[0])
        self.assertEqual(results[2], results[0])

    def test_all_weights_too(self):
        options = {"method": "sft", "steps": 8}
        expected = self.result(self.alone("--adapter", "none", **options), "model")
        mapped = self.folder / "mapped"
        self.assert_works(run(*self.command(mapped, 1, "--adapter", "none", *MAP, **options)))
        self.assertEqual(self.result(mapped, "model"), expected)

    def test_maps_that_cannot_be_are_refused(self):
        texts = write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS])
        def score(*more):
            return run("score", "--model", self.model, "--input", texts, "--output", self.folder / "scores.jsonl", *more)
        self.assert_fails(score("--device-map", "cuda:97,cuda:98"), 3, "--device-map cuda:97")
        self.assert_fails(score("--device-map", "cpu,cpu,cpu"), 3, "--device-map", "3 devices, and the model has 2 layers: name no more devices than layers")
        self.assert_fails(score("--device-map", "cpu,cpu", "--device", "cpu"), 2, "--device-map cpu,cpu", "give one of them")
        self.assert_fails(score("--device-map", "gpus"), 2, "gpus")
        self.assertFalse((self.folder / "scores.jsonl").exists())

    def test_ranks_have_one_device_each(self):
        codes, _, said = Ranks(2, self.command(self.folder / "run", 2, *MAP)).finish()
        self.assertEqual(codes, [2, 2], said)
        self.assertIn("--device-map cpu,cpu: each of 2 ranks has one device", said[0])
        self.assertEqual(said[1], "")
        self.assertFalse((self.folder / "run").exists())

    def test_doctor_says_what_the_map_would_be(self):
        said = run("doctor", "--model", self.model, "--device-map", "cpu,cpu")
        line = next(line for line in said.stdout.splitlines() if " device map " in line)
        self.assertRegex(line, r"^ok +device map +layers 0 on cpu \(\d+ MiB\), 1 on cpu \(\d+ MiB\)$")
        self.assertIn("PROBLEM  device map", run("doctor", "--model", self.model, "--device-map", "cpu,cpu,cpu").stdout)


if __name__ == "__main__":
    unittest.main()
