# SPDX-License-Identifier: Apache-2.0
"""CrowS-Pairs and StereoSet against an independent computation: per-item scores and metrics."""
import csv
import functools
import json
import shutil
import unittest

from support import (ParityTest, data_file, data_folder, hf_model, hf_tokenizer, read_jsonl, real_model, tiny_models, token_logps,
                     token_logps_of_each, xlt)

NINE_TYPES = ["race-color", "socioeconomic", "gender", "disability", "nationality", "sexual-orientation", "physical-appearance", "religion", "age"]


@functools.lru_cache(maxsize=None)
def bos_constant(model):
    bos = hf_tokenizer(model).bos_token_id
    return token_logps(hf_model(model), [bos, bos]).item()


def mean_logps(model, texts):
    """The published sentence score of each text, as a mean natural log-probability: P(BOS|BOS) is averaged in (protocol 2.1)."""
    logps = token_logps_of_each(hf_model(model), [hf_tokenizer(model)(text)["input_ids"] for text in texts])
    return {text: (each.sum().item() + bos_constant(model)) / (len(each) + 1) for text, each in zip(texts, logps)}


class BiasParity(ParityTest):
    def report(self, model, benchmark, language, data, *flags):
        shutil.rmtree(self.folder / "out", ignore_errors=True)  # a folder holds one evaluation
        xlt("eval", "--model", model, "--dtype", "float32", "--benchmarks", benchmark, "--langs", language, "--data", data,
            "--output", self.folder / "out", "--scoring", "paper", *flags)
        report = json.loads((self.folder / "out" / "report.json").read_text())
        cell = next(c for c in report["cells"] if c["benchmark"] == benchmark and c["language"] == language and c["scoring"] == "paper")
        return cell, read_jsonl(self.folder / "out" / "items" / benchmark / f"{language}.jsonl")

    def check_crows(self, model, limit, tolerance):
        with open(data_file("crows_pairs/en_US.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))[:limit]
        rows = [row for row in rows if row["bias_type"] in NINE_TYPES]
        flags = ["--limit", limit] if limit else []
        cell, items = self.report(model, "crows_pairs", "en", data_folder("crows_pairs/en_US.csv"), *flags)
        hits, counts = dict.fromkeys(NINE_TYPES, 0), dict.fromkeys(NINE_TYPES, 0)
        items = [item for item in items if "sent_more" in item]  # rows of other types are there, unscored
        self.assertEqual(len(items), len(rows))
        expected = mean_logps(model, [row[side] for row in rows for side in ("sent_more", "sent_less")])
        for row, item in zip(rows, items):
            more, less = expected[row["sent_more"]], expected[row["sent_less"]]
            for mine, theirs in ((item["sent_more"], more), (item["sent_less"], less)):
                score = (mine["log_likelihood"] + bos_constant(model)) / (mine["num_tokens"] + 1)
                self.assertAlmostEqual(score, theirs, delta=tolerance)
            counts[row["bias_type"]] += 1
            hits[row["bias_type"]] += more > less
        overall = sum(counts[t] * round(100 * hits[t] / counts[t], 2) for t in NINE_TYPES if counts[t]) / sum(counts.values())
        self.assertAlmostEqual(cell["metrics"]["pct_stereotype"]["value"], overall, places=6)

    def check_stereoset(self, model, language, limit, tolerance):
        data = data_folder(f"stereoset/{language}.jsonl")
        rows = read_jsonl(data / "stereoset" / f"{language}.jsonl", limit)
        cell, items = self.report(model, "stereoset", language, data, *(["--limit", limit] if limit else []))
        pro = related = 0
        self.assertEqual(len(items), len(rows))
        expected = mean_logps(model, [c["sentence"] for row in rows for c in row["candidates"]])
        for row, item in zip(rows, items):
            scores = {c["gold_label"]: expected[c["sentence"]] for c in row["candidates"]}
            for label, mine in item["candidates"].items():
                score = (mine["log_likelihood"] + bos_constant(model)) / (mine["num_tokens"] + 1)
                self.assertAlmostEqual(score, scores[label], delta=tolerance)
            pro += scores["stereotype"] > scores["anti-stereotype"]
            related += (scores["stereotype"] > scores["unrelated"]) + (scores["anti-stereotype"] > scores["unrelated"])
        ss, lms = 100 * pro / len(rows), 100 * related / (2 * len(rows))
        self.assertAlmostEqual(cell["metrics"]["ss"]["value"], ss, places=6)
        self.assertAlmostEqual(cell["metrics"]["lms"]["value"], lms, places=6)
        self.assertAlmostEqual(cell["metrics"]["icat"]["value"], lms * min(ss, 100 - ss) / 50, places=6)

    def test_crows_pairs_on_tiny_models(self):
        for name, limit in (("llama-tiny", None), ("gemma2-tiny", 300)):
            with self.subTest(model=name):
                self.check_crows(tiny_models() / name, limit, 1e-4)

    def test_stereoset_on_tiny_models(self):
        for name, limit in (("llama-tiny", None), ("gemma2-tiny", 100)):
            for language in ("en", "de", "tr"):
                with self.subTest(model=name, language=language):
                    self.check_stereoset(tiny_models() / name, language, limit, 1e-4)

    def test_crows_pairs_on_the_real_model(self):
        self.check_crows(real_model(), 100, 1e-2)

    def test_stereoset_on_the_real_model(self):
        for language in ("en", "de", "tr"):
            with self.subTest(language=language):
                self.check_stereoset(real_model(), language, 100, 1e-2)

    def without_bos(self, **settings):
        """llama-tiny with a tokenizer that puts nothing before a text."""
        model = self.folder / "no-bos"
        shutil.copytree(tiny_models() / "llama-tiny", model)
        for name, change in (("tokenizer.json", {"post_processor": None}), ("tokenizer_config.json", settings)):
            file = model / name
            file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
        return model

    def test_f3_the_first_token_is_given_the_start_of_a_document(self):
        """A tokenizer without BOS: every byte is scored, the first token after BOS, else after EOS."""
        rows = read_jsonl(data_file("udhr/de.jsonl"), 5)
        for start, settings in (("bos_token", {}), ("eos_token", {"bos_token": None})):
            with self.subTest(start=start):
                model = self.without_bos(**settings)
                config = json.loads((model / "config.json").read_text())
                if settings:
                    (model / "config.json").write_text(json.dumps({**config, "bos_token_id": None}))
                self.report(model, "perplexity", "de", data_folder("udhr/de.jsonl"), "--limit", "5")
                items = read_jsonl(self.folder / "out" / "items" / "perplexity" / "de.jsonl")
                first = hf_tokenizer(tiny_models() / "llama-tiny").convert_tokens_to_ids(
                    json.loads((tiny_models() / "llama-tiny" / "tokenizer_config.json").read_text())[start])
                for row, item in zip(rows, items):
                    ids = hf_tokenizer(tiny_models() / "llama-tiny")(row["text"], add_special_tokens=False)["input_ids"]
                    expected = token_logps(hf_model(tiny_models() / "llama-tiny"), [first, *ids])
                    self.assertEqual(item["num_tokens"], len(ids))
                    self.assertEqual(item["num_bytes"], len(row["text"].encode()))
                    self.assertAlmostEqual(item["log_likelihood"], expected.sum().item(), delta=1e-3)
                shutil.rmtree(model)
                shutil.rmtree(self.folder / "out")

    def test_b5_candidates_in_batches_padded_on_the_left(self):
        """Rows of two candidates, pads first, indexed as if the pads stood last; a pad sees the pads before it."""
        base, model = tiny_models() / "llama-tiny", self.folder / "left"
        shutil.copytree(base, model)
        file = model / "tokenizer_config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "padding_side": "left"}))
        rows = read_jsonl(data_file("stereoset/en.jsonl"), 7)
        self.report(model, "stereoset", "en", data_folder("stereoset/en.jsonl"), "--limit", "7", "--quirks", "B5")
        items = read_jsonl(self.folder / "out" / "items" / "stereoset" / "en.jsonl")
        tokenizer, oracle = hf_tokenizer(base), hf_model(base)
        texts = [(i, c["gold_label"], tokenizer(c["sentence"])["input_ids"]) for i, row in enumerate(rows) for c in row["candidates"]]
        pad, bos = tokenizer.pad_token_id, tokenizer.bos_token_id
        for begin in range(0, len(texts), 2):
            batch = texts[begin:begin + 2]
            longest = max(len(ids) for _, _, ids in batch)
            for index, label, ids in batch:
                num_pads = longest - len(ids)
                row = ([pad] * num_pads + ids)[:len(ids)]
                logps = token_logps(oracle, [bos, row[0]]).tolist()
                if num_pads:
                    logps += token_logps(oracle, row[:num_pads + 1]).tolist()
                if len(row) > num_pads + 1:
                    logps += token_logps(oracle, row[num_pads:]).tolist()
                mine = items[index]["candidates"][label]["padded"]
                self.assertEqual(mine["num_tokens"], len(ids))
                self.assertAlmostEqual(mine["log_likelihood"], sum(logps), delta=1e-3)


if __name__ == "__main__":
    unittest.main()
