# SPDX-License-Identifier: Apache-2.0
"""Every decoder family beside transformers: log-likelihoods, greedy continuations, older configs, bfloat16."""
import json
import os
import unittest

from make_tiny_models import to_older_layout
from support import (MORE_FAMILIES, SEEDS, TINY, ParityTest, hf_model, hf_tokenizer, read_jsonl, tiny_models, token_logps, udhr_texts, write_jsonl,
                     xlt)


class FamilyTest(ParityTest):
    """Scores of texts that every model has positions for, and how far they are from transformers'."""

    LONGEST = 512  # positions of the models that have the fewest

    def texts(self, folder, rows_per_language):
        tokenizer = hf_tokenizer(folder)
        return [text for text in udhr_texts(rows_per_language) if len(tokenizer(text)["input_ids"]) <= self.LONGEST]

    def score(self, model, rows, *flags):
        write_jsonl(self.folder / "in.jsonl", [{"text": text} for text in rows])
        xlt("score", "--model", model, "--input", self.folder / "in.jsonl", "--output", self.folder / "out.jsonl", "--per-token", *flags)
        return [row["token_log_likelihoods"] for row in read_jsonl(self.folder / "out.jsonl")]

    def differences(self, mine, model, tokenizer, rows):
        """Of log p of every token; [text][token]."""
        import torch

        all_differences = []
        for text, scores in zip(rows, mine):
            theirs = token_logps(model, tokenizer(text)["input_ids"])
            self.assertEqual(len(scores), len(theirs), text)
            all_differences.append(torch.tensor(scores, dtype=torch.float64) - theirs)
        return all_differences


class FamiliesParity(FamilyTest):
    def test_log_likelihoods_and_greedy_continuations(self):
        for seed in SEEDS:
            for name in MORE_FAMILIES:
                with self.subTest(model=name, seed=seed):
                    folder = tiny_models(seed) / name
                    tokenizer, texts = hf_tokenizer(folder), self.texts(folder, 2)
                    # Longer than the windows, or nobody would notice one.
                    self.assertGreater(sum(len(tokenizer(text)["input_ids"]) > 32 for text in texts), len(texts) / 2)
                    mine = self.score(folder, texts, "--dtype", "float32")
                    worst = max(abs(d.sum().item()) for d in self.differences(mine, hf_model(folder), tokenizer, texts))
                    print(f"\n  {name}, seed {seed}: largest difference of {len(mine)} log-likelihoods {worst:.2e}", flush=True)
                    self.assertLess(worst, 1e-3)
                    self.check_greedy(folder, [text[:60] for text in texts][:6])

    def check_greedy(self, folder, prompts):
        import torch

        write_jsonl(self.folder / "prompts.jsonl", [{"prompt": prompt, "id": str(i)} for i, prompt in enumerate(prompts)])
        xlt("generate", "--model", folder, "--dtype", "float32", "--prompts", self.folder / "prompts.jsonl", "--output", self.folder / "greedy.jsonl",
            "--greedy", "--ignore-eos", "--max-new-tokens", 64)
        rows = {row["id"]: row["token_ids"] for row in read_jsonl(self.folder / "greedy.jsonl")}
        for i, prompt in enumerate(prompts):
            ids, mine = hf_tokenizer(folder)(prompt)["input_ids"], rows[str(i)]
            self.assertEqual(len(mine), 64)
            with torch.inference_mode():
                logits = hf_model(folder)(torch.tensor([ids + mine])).logits[0, len(ids) - 1:-1].float()
            # Wherever ours is not their argmax, the two logits must tie.
            gap = logits.max(-1).values - logits.gather(1, torch.tensor(mine)[:, None])[:, 0]
            self.assertLess(gap.max().item(), 1e-3, prompt)

    def test_configs_of_both_generations_give_the_same(self):
        for name in TINY + MORE_FAMILIES:
            folder = tiny_models() / name
            config = json.loads((folder / "config.json").read_text())
            if "rope_parameters" not in config:
                continue
            with self.subTest(model=name):
                older, texts = self.folder / name, self.texts(folder, 1)[:3]
                older.mkdir()
                for file in folder.iterdir():
                    if file.name != "config.json":
                        os.symlink(file, older / file.name)
                older_config = to_older_layout(config)
                self.assertNotIn("rope_parameters", older_config)
                (older / "config.json").write_text(json.dumps(older_config))
                self.assertEqual(self.score(older, texts, "--dtype", "float32"), self.score(folder, texts, "--dtype", "float32"))

    def test_bfloat16_is_as_exact_as_transformers(self):
        """Beside float32 arithmetic on the same rounded weights: at most twice transformers' error, root of the mean square over all tokens."""
        import torch

        for name in TINY + MORE_FAMILIES:
            with self.subTest(model=name):
                folder = tiny_models() / name
                texts = self.texts(folder, 1)
                wide, narrow = (hf_model(folder, "bfloat16", widened=widened) for widened in (True, False))
                mine = self.score(folder, texts, "--dtype", "bfloat16")
                theirs = [token_logps(narrow, hf_tokenizer(folder)(text)["input_ids"]).tolist() for text in texts]
                errors = [torch.cat(self.differences(logps, wide, hf_tokenizer(folder), texts)).pow(2).mean().sqrt().item() for logps in (mine, theirs)]
                print(f"\n  {name}: error in bfloat16 {errors[0]:.2e}, transformers' {errors[1]:.2e}, ratio {errors[0] / errors[1]:.2f}", flush=True)
                self.assertLess(errors[0], 2 * errors[1])


if __name__ == "__main__":
    unittest.main()
