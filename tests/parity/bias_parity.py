# SPDX-License-Identifier: Apache-2.0
"""CrowS-Pairs and StereoSet against an independent computation: per-item scores and metrics."""
import csv
import functools
import json
import unittest

from support import DATA, ParityTest, hf_model, hf_tokenizer, needs, read_jsonl, real_model, tiny_models, token_logps, xlt

NINE_TYPES = ["race-color", "socioeconomic", "gender", "disability", "nationality", "sexual-orientation", "physical-appearance", "religion", "age"]


@functools.lru_cache(maxsize=None)
def bos_constant(model):
    bos = hf_tokenizer(model).bos_token_id
    return token_logps(hf_model(model), [bos, bos]).item()


def mean_logp(model, text):
    """The published sentence score, as a mean natural log-probability: P(BOS|BOS) is averaged in (protocol 2.1)."""
    logps = token_logps(hf_model(model), hf_tokenizer(model)(text)["input_ids"])
    return (logps.sum().item() + bos_constant(model)) / (len(logps) + 1)


class BiasParity(ParityTest):
    def report(self, model, benchmark, language, *flags):
        xlt("eval", "--model", model, "--dtype", "float32", "--benchmarks", benchmark, "--langs", language, "--data", DATA, "--output", self.folder / "out", "--scoring",
            "paper", *flags)
        report = json.loads((self.folder / "out" / "report.json").read_text())
        cell = next(c for c in report["cells"] if c["benchmark"] == benchmark and c["language"] == language and c["scoring"] == "paper")
        return cell, read_jsonl(self.folder / "out" / "items" / benchmark / f"{language}.jsonl")

    def check_crows(self, model, limit, tolerance):
        with open(needs(DATA / "crows_pairs" / "en_US.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))[:limit]
        rows = [row for row in rows if row["bias_type"] in NINE_TYPES]
        flags = ["--limit", limit] if limit else []
        cell, items = self.report(model, "crows_pairs", "en", *flags)
        hits, counts = dict.fromkeys(NINE_TYPES, 0), dict.fromkeys(NINE_TYPES, 0)
        self.assertEqual(len(items), len(rows))
        for row, item in zip(rows, items):
            more, less = mean_logp(model, row["sent_more"]), mean_logp(model, row["sent_less"])
            for mine, theirs in ((item["sent_more"], more), (item["sent_less"], less)):
                score = (mine["log_likelihood"] + bos_constant(model)) / (mine["num_tokens"] + 1)
                self.assertAlmostEqual(score, theirs, delta=tolerance)
            counts[row["bias_type"]] += 1
            hits[row["bias_type"]] += more > less
        overall = sum(counts[t] * round(100 * hits[t] / counts[t], 2) for t in NINE_TYPES if counts[t]) / sum(counts.values())
        self.assertAlmostEqual(cell["metrics"]["pct_stereotype"]["value"], overall, places=6)

    def check_stereoset(self, model, language, limit, tolerance):
        rows = read_jsonl(needs(DATA / "stereoset" / f"{language}.jsonl"), limit)
        cell, items = self.report(model, "stereoset", language, *(["--limit", limit] if limit else []))
        pro = related = 0
        self.assertEqual(len(items), len(rows))
        for row, item in zip(rows, items):
            scores = {c["gold_label"]: mean_logp(model, c["sentence"]) for c in row["candidates"]}
            for label, mine in item["candidates"].items():
                score = (mine["log_likelihood"] + bos_constant(model)) / (mine["num_tokens"] + 1)
                self.assertAlmostEqual(score, scores[label], delta=tolerance)
            pro += scores["stereotype"] > scores["anti-stereotype"]
            related += (scores["stereotype"] > scores["unrelated"]) + (scores["anti-stereotype"] > scores["unrelated"])
        ss, lms = 100 * pro / len(rows), 100 * related / (2 * len(rows))
        self.assertAlmostEqual(cell["metrics"]["ss"]["value"], ss, places=6)
        self.assertAlmostEqual(cell["metrics"]["lms"]["value"], lms, places=6)
        self.assertAlmostEqual(cell["metrics"]["icat"]["value"], lms * min(ss, 100 - ss) / 50, places=6)

    def test_crows_pairs_on_a_tiny_model(self):
        self.check_crows(tiny_models() / "llama-tiny", None, 1e-4)

    def test_stereoset_on_a_tiny_model(self):
        for language in ("en", "de", "tr"):
            with self.subTest(language=language):
                self.check_stereoset(tiny_models() / "llama-tiny", language, None, 1e-4)

    def test_crows_pairs_on_the_real_model(self):
        self.check_crows(real_model(), 100, 1e-2)

    def test_stereoset_on_the_real_model(self):
        for language in ("en", "de", "tr"):
            with self.subTest(language=language):
                self.check_stereoset(real_model(), language, 100, 1e-2)


if __name__ == "__main__":
    unittest.main()
