# SPDX-License-Identifier: Apache-2.0
"""Log-likelihoods, bits per byte and greedy generations equal those of transformers."""
import collections
import math
import unittest

from support import (BUNDLED, SEEDS, TINY, ParityTest, data_folder, hf_model, hf_tokenizer, read_jsonl, real_model, tiny_models, token_logps,
                     udhr_texts, write_jsonl, xlt)

# Bits per byte of Gemma 3 270M on the first 20 rows of udhr, f32 (measured with transformers).
BITS_PER_BYTE = {"en": 0.702, "fr": 0.903, "de": 1.087, "ru": 0.585, "zh": 1.711, "ja": 1.198, "sw": 2.167, "th": 0.640}


class ScoreParity(ParityTest):
    def check_texts(self, model, texts, tolerance):
        # Texts beyond the model's context are scored in windows here and beyond training length by transformers.
        longest = hf_model(model).config.max_position_embeddings
        texts = [text for text in texts if len(hf_tokenizer(model)(text)["input_ids"]) <= longest]
        rows = write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        xlt("score", "--model", model, "--dtype", "float32", "--input", rows, "--output", self.folder / "scores.jsonl")
        scores = read_jsonl(self.folder / "scores.jsonl")
        self.assertEqual(len(scores), len(texts))
        worst = 0.0
        for text, score in zip(texts, scores):
            logps = token_logps(hf_model(model), hf_tokenizer(model)(text)["input_ids"])
            self.assertEqual(score["num_tokens"], len(logps), text)
            worst = max(worst, abs(score["log_likelihood"] - logps.sum().item()))
        print(f"\n  {model.name}: largest difference of {len(texts)} log-likelihoods {worst:.2e}", flush=True)
        self.assertLess(worst, tolerance)

    def test_tiny_models(self):
        for seed in SEEDS:
            texts = udhr_texts(10)
            for name in TINY:
                with self.subTest(model=name, seed=seed):
                    self.check_texts(tiny_models(seed) / name, texts, 1e-3)

    def test_real_model(self):
        self.check_texts(real_model(), udhr_texts(1), 5e-3)

    def test_continuations_are_scored_after_their_context(self):
        model = tiny_models() / "gemma3-tiny"
        rows = [{"context": c, "continuation": t} for c in ("The nurse said", "Der Mann", "") for t in (" that", " that it was late", " x")]
        write_jsonl(self.folder / "rows.jsonl", rows)
        xlt("score", "--model", model, "--dtype", "float32", "--input", self.folder / "rows.jsonl", "--output", self.folder / "out.jsonl", "--per-token")
        tokenizer = hf_tokenizer(model)
        for row, score in zip(rows, read_jsonl(self.folder / "out.jsonl")):
            full, context = tokenizer(row["context"] + row["continuation"])["input_ids"], tokenizer(row["context"])["input_ids"]
            begin = next((i for i, (a, b) in enumerate(zip(full, context)) if a != b), min(len(full), len(context)))
            expected = token_logps(hf_model(model), full)[begin - 1:]
            self.assertEqual(score["num_tokens"], len(expected))
            for mine, theirs in zip(score["token_log_likelihoods"], expected.tolist()):
                self.assertAlmostEqual(mine, theirs, delta=1e-4)

    def test_bits_per_byte_of_the_real_model(self):
        for language, expected in BITS_PER_BYTE.items():
            with self.subTest(language=language):
                self.check_bits_per_byte(language, expected)

    def check_bits_per_byte(self, language, measured):
        """The measured figure where its texts, the published ones, are at hand; transformers' on what is bundled otherwise."""
        data = data_folder(f"udhr/{language}.jsonl")
        texts = [row["text"] for row in read_jsonl(data / "udhr" / f"{language}.jsonl", 20)]
        write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        xlt("score", "--model", real_model(), "--dtype", "float32", "--input", self.folder / "texts.jsonl", "--output", self.folder / "scores.jsonl")
        total = sum(row["log_likelihood"] for row in read_jsonl(self.folder / "scores.jsonl"))
        if data == BUNDLED:
            model, tokenizer = hf_model(real_model()), hf_tokenizer(real_model())
            measured = self.bits_per_byte(sum(token_logps(model, tokenizer(text)["input_ids"]).sum().item() for text in texts), texts)
        self.assertAlmostEqual(self.bits_per_byte(total, texts), measured, delta=5e-4)

    @staticmethod
    def bits_per_byte(log_likelihood, texts):
        return -log_likelihood / math.log(2) / sum(len(text.encode()) for text in texts)


class SamplingParity(ParityTest):
    PACKAGES = ["torch", "transformers", "scipy"]
    DRAWS, TEMPERATURE, TOP_K, TOP_P = 20000, 0.3, 60, 0.9

    def exact(self, model, prompt):
        """{token: probability} of the first token: temperature, then top-k, then top-p, as transformers' warpers go."""
        import torch

        with torch.inference_mode():
            logits = hf_model(model)(torch.tensor([hf_tokenizer(model)(prompt)["input_ids"]])).logits[0, -1].double() / self.TEMPERATURE
        probabilities, tokens = logits.softmax(-1).topk(self.TOP_K)
        probabilities = probabilities / probabilities.sum()
        kept = int((probabilities.cumsum(0) - probabilities < self.TOP_P).sum())
        probabilities = probabilities[:kept] / probabilities[:kept].sum()
        return dict(zip(tokens[:kept].tolist(), probabilities.tolist()))

    def test_first_tokens_follow_the_truncated_distribution(self):
        import scipy.stats

        model, prompt = tiny_models() / "llama-tiny", "The nurse said"
        expected = self.exact(model, prompt)
        write_jsonl(self.folder / "prompts.jsonl", [{"prompt": prompt, "id": "one"}])
        xlt("generate", "--model", model, "--dtype", "float32", "--prompts", self.folder / "prompts.jsonl", "--output", self.folder / "out.jsonl", "--num-samples",
            self.DRAWS, "--max-new-tokens", 1, "--temperature", self.TEMPERATURE, "--top-k", self.TOP_K, "--top-p", self.TOP_P, "--ignore-eos", "--seed", 4)
        counts = collections.Counter(row["token_ids"][0] for row in read_jsonl(self.folder / "out.jsonl"))
        self.assertEqual(sum(counts.values()), self.DRAWS)
        self.assertLessEqual(set(counts), set(expected))
        self.assertGreater(len(expected), 10)
        self.assertGreater(min(expected.values()) * self.DRAWS, 5)  # or the statistic would not follow its distribution
        result = scipy.stats.chisquare([counts[token] for token in expected], [p * self.DRAWS for p in expected.values()])
        print(f"\n  {self.DRAWS} first tokens over {len(expected)}: chi-square {result.statistic:.1f}, p {result.pvalue:.3f}", flush=True)
        self.assertGreater(result.pvalue, 1e-3)


class GreedyParity(ParityTest):
    def check(self, model, prompts, tokens):
        import torch

        write_jsonl(self.folder / "prompts.jsonl", [{"prompt": prompt, "id": str(i)} for i, prompt in enumerate(prompts)])
        xlt("generate", "--model", model, "--dtype", "float32", "--prompts", self.folder / "prompts.jsonl", "--output", self.folder / "out.jsonl", "--greedy",
            "--ignore-eos", "--max-new-tokens", str(tokens))
        rows = {row["id"]: row["token_ids"] for row in read_jsonl(self.folder / "out.jsonl")}
        for i, prompt in enumerate(prompts):
            # Teacher-forced: wherever ours is not their argmax, the two logits must tie.
            ids = hf_tokenizer(model)(prompt)["input_ids"]
            mine = rows[str(i)]
            self.assertEqual(len(mine), tokens)
            with torch.inference_mode():
                logits = hf_model(model)(torch.tensor([ids + mine])).logits[0, len(ids) - 1:-1].float()
            gap = logits.max(-1).values - logits.gather(1, torch.tensor(mine)[:, None])[:, 0]
            self.assertLess(gap.max().item(), 1e-3, f"{model.name}: {prompt!r}")

    def test_tiny_models(self):
        prompts = [text[:60] for text in udhr_texts(1)][:12]
        for seed in SEEDS:
            for name in TINY:
                with self.subTest(model=name, seed=seed):
                    self.check(tiny_models(seed) / name, prompts, 64)

    def test_real_model(self):
        self.check(real_model(), [text[:60] for text in udhr_texts(1)][:8], 64)

    def test_samples_of_the_real_model_are_the_same_at_any_batch_size(self):
        prompts = write_jsonl(self.folder / "prompts.jsonl", [{"prompt": text[:60], "id": str(i)} for i, text in enumerate(udhr_texts(1)[:6])])
        written = []
        for batch_tokens in (0, 1, 5, 16):
            output = self.folder / f"{batch_tokens}.jsonl"
            xlt("generate", "--model", real_model(), "--prompts", prompts, "--output", output, "--num-samples", 3, "--max-new-tokens", 5, "--batch-tokens",
                batch_tokens)
            written.append(output.read_bytes())
        self.assertEqual(len(read_jsonl(output)), 18)
        for other in written[1:]:
            self.assertEqual(other, written[0])


if __name__ == "__main__":
    unittest.main()
