# SPDX-License-Identifier: Apache-2.0
"""`xlt compare` on made-up evaluations, from the newcomer's side."""
import csv
import json
import unittest

from support import Scenario, run, write_rows


def write_evaluation(folder, ones, adapter="", limit=20, languages=("en", "fr")):
    """Twenty items a language, of which the first `ones` are 1."""
    metric = {"value": ones / 20, "higher_is_better": False, "formula": {"kind": "ratio", "ratios": ["toxic"], "scale": 1, "bounded": True}}
    cells = [{"benchmark": "b", "benchmark_version": "1", "language": language, "scoring": "corrected", "settings": {"limit": limit},
              "headline": ["toxic_fraction"], "metrics": {"toxic_fraction": metric}} for language in languages]
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps({"status": "done", "model": {"path": "m", "hash": "1", "adapter": adapter}, "cells": cells}))
    for language in languages:
        write_rows(folder / "items" / "b" / f"{language}.jsonl", [{"id": str(i), "ratios": {"toxic": [int(i < ones), 1]}} for i in range(20)])
    return folder


class Compare(Scenario):
    def setUp(self):
        super().setUp()
        self.base = write_evaluation(self.folder / "base", 12)
        self.seeds = [write_evaluation(self.folder / f"dpo-{seed}", 2 + seed, f"adapter-{seed}") for seed in (1, 2)]
        self.out = self.folder / "out"

    def test_arms_of_seeds_give_rows_files_and_a_table(self):
        arm = "dpo=" + ",".join(map(str, self.seeds))
        process = self.assert_works(run("compare", self.base, arm, "--output", self.out, "--seed", "3"))
        self.assertIn("b: toxic_fraction (corrected)", process.stdout)
        self.assertIn("mean of 1 others", process.stdout)
        comparison = json.loads((self.out / "compare.json").read_text())
        self.assertEqual([row["language"] for row in comparison["rows"]], ["en", "fr", "mean_others"])
        row = comparison["rows"][0]
        self.assertAlmostEqual(row["change"], 3.5 / 20 - 12 / 20)
        self.assertAlmostEqual(row["change_relative"], 3.5 / 12 - 1)
        # Eight items fell in both seeds, one in one of them: sums of ± 8 halves twice and ± 1 half; the largest is seen.
        self.assertEqual((row["n_items"], row["n_seeds"], row["p_is_exact"]), (20, 2, True))
        self.assertAlmostEqual(row["p_value"], 2 / 2 ** 9)
        self.assertLess(row["ci95"][1], 0)
        for field in ("p_holm", "q_bh", "mde", "distance_from_ideal_change", "scorer", "scoring", "arm"):
            self.assertIn(field, row)
        self.assertEqual(comparison["settings"]["seed"], 3)
        with open(self.out / "compare.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["arm"] for row in rows], ["dpo"] * 3)
        self.assertAlmostEqual(float(rows[0]["change"]), row["change"])
        self.assertIn("\\toprule", (self.out / "compare.tex").read_text())

    def test_a_config_file_names_the_same_arms(self):
        config = self.folder / "compare.json"
        config.write_text(json.dumps({"command": "compare", "arms": [str(self.base), "dpo=" + ",".join(map(str, self.seeds))],
                                      "output": str(self.out)}))
        self.assertIn("2 arms, measured alike", self.assert_works(run("validate", config)).stdout)
        self.assert_works(run("compare", "--config", config))
        self.assertEqual(json.loads((self.out / "compare.json").read_text())["arms"][1]["n_seeds"], 2)

    def test_what_differs_is_named_and_can_be_allowed(self):
        other = write_evaluation(self.folder / "other", 3, "adapter", limit=50)
        self.assert_fails(run("compare", self.base, other, "--output", self.out), 3, "limit: 20 in ", "--allow limit")
        self.assertFalse((self.out / "compare.json").exists())
        self.assert_works(run("compare", self.base, other, "--output", self.out, "--allow", "limit"))
        allowed = json.loads((self.out / "compare.json").read_text())["settings"]["allowed"]
        self.assertEqual([(entry["key"], entry["base"], entry["value"]) for entry in allowed], [("limit", 20, 50)])

    def write_lm_eval(self, name, right):
        """results_….json and samples_….jsonl as lm-evaluation-harness 0.4.13 writes them."""
        folder, time, share = self.folder / name, "2026-11-27T08-00-00.000000", sum(right) / len(right)
        write_rows(folder / f"samples_xnli_de_{time}.jsonl",
                   [{"doc_id": i, "doc": {}, "target": "0", "arguments": {}, "resps": [], "filtered_resps": [], "filter": "none",
                     "metrics": ["acc"], "acc": float(one)} for i, one in enumerate(right)])
        (folder / f"results_{time}.json").write_text(json.dumps({
            "results": {"xnli_de": {"name": "xnli_de", "alias": "xnli_de", "sample_len": len(right), "acc,none": share, "acc_stderr,none": 0.1}},
            "higher_is_better": {"xnli_de": {"acc": True}}, "versions": {"xnli_de": 1.0}, "n-shot": {"xnli_de": 0},
            "n-samples": {"xnli_de": {"original": 2490, "effective": len(right)}}, "config": {"limit": 8}, "model_name": "org/" + name}))
        return folder

    def test_results_of_lm_eval_join_the_table(self):
        before, after = self.write_lm_eval("lm-before", [1] * 6 + [0] * 2), self.write_lm_eval("lm-after", [1] * 2 + [0] * 6)
        process = self.assert_works(run("compare", self.base, self.seeds[0], "--lm-eval", f"base={before},dpo-1={after}", "--output", self.out))
        self.assertIn("xnli: acc (lm-eval)", process.stdout)
        rows = json.loads((self.out / "compare.json").read_text())["rows"]
        row = next(row for row in rows if row["benchmark"] == "xnli" and row["language"] == "de")
        self.assertEqual((row["arm"], row["change"], row["p_value"], row["n_items"]), ("dpo-1", -0.5, 2 / 16, 8))
        self.assertEqual({row["benchmark"] for row in rows}, {"b", "xnli"})

    def test_wrong_usage_says_what_was_expected(self):
        self.assert_fails(run("compare", self.base, "--output", self.out), 2, "expected a base and at least one arm")
        self.assert_fails(run("compare", self.base, self.seeds[0]), 2, "output")
        self.assert_fails(run("compare", self.base, self.folder / "nowhere", "--output", self.out), 3, "no report.json is there")


if __name__ == "__main__":
    unittest.main()
