# SPDX-License-Identifier: Apache-2.0
"""What `xlt predictors` says of texts, beside transformers; and of made-up changes, by the published notebook's definitions and by right ones, beside scipy."""
import collections
import json
import random
import unittest

from support import BUNDLED, ParityTest, hf_model, hf_tokenizer, read_jsonl, tiny_models, xlt

LANGUAGES = ["ar", "de", "ja", "sw"]
# Of 4.2 of the protocol: per cent of CC-MAIN-2024-30, in the languages of CrowS-Pairs.
SHARES = {"ar": 0.6881, "ca": 0.2007, "de": 5.2890, "es": 4.5593, "fr": 4.2211, "it": 2.6077, "mt": 0.0044, "zh": 5.1358}
# N2: whose scores the notebook takes for the base of which finetuned model.
BASES = {("aya", "panda"): "aya", ("ayaexpanse", "panda"): "ayaexpanse", ("gemma9b", "panda"): "gemma9b", ("gemma9b", "biasdpo"): "ayaexpanse",
         ("gemma9binstruct", "biasdpo"): "gemma9b", ("llama3.1", "biasdpo"): "gemma9binstruct", ("llama3.1instruct", "biasdpo"): "llama3.1"}


class PredictorsParity(ParityTest):
    PACKAGES = ["torch", "transformers", "scipy"]

    def found(self, changes, *flags):
        """predictors.json of {(arm, language): relative change}."""
        rows = [{"benchmark": "b", "language": language, "scoring": "paper", "metric": "m", "arm": arm, "change_relative": change}
                for (arm, language), change in changes.items()]
        (self.folder / "compare.json").write_text(json.dumps({"arms": [], "rows": rows}))
        xlt("predictors", "--compare", self.folder / "compare.json", "--parallel", BUNDLED / "udhr", "--output", self.folder / "out", "--num-resamples", 100, *flags)
        return json.loads((self.folder / "out" / "predictors.json").read_text())

    def test_predictors_of_texts(self):
        texts = {language: {row["id"]: row["text"] for row in read_jsonl(BUNDLED / "udhr" / f"{language}.jsonl")} for language in ["en", *LANGUAGES]}
        for name in ("llama-tiny", "gemma2-tiny"):
            folder = tiny_models() / name
            states = {language: self.states(folder, own) for language, own in texts.items()}
            changes = {("a", language): float(i) for i, language in enumerate(LANGUAGES)}
            corrected = self.found(changes, "--model", folder, "--dtype", "float32")["languages"]
            paper = self.found(changes, "--model", folder, "--no-similarity", "--mode", "paper")["languages"]
            for language in LANGUAGES:
                with self.subTest(model=name, language=language):
                    self.check_tokens(hf_tokenizer(folder), texts["en"], texts[language], corrected[language], paper[language])
                    self.check_states(states["en"], states[language], corrected[language])

    def check_tokens(self, tokenizer, source, texts, corrected, paper):
        def ids(text, special=False):
            return tokenizer(text, add_special_tokens=special)["input_ids"]

        pairs = [(source[key], text) for key, text in texts.items() if key in source]
        self.assertGreater(len(pairs), 8)
        tokens, words = [ids(text) for _, text in pairs], [word for _, text in pairs for word in text.split()]
        num_tokens = sum(map(len, tokens))
        self.assertAlmostEqual(corrected["fertility"], num_tokens / len(words), places=12)
        self.assertAlmostEqual(corrected["bytes_per_token"], sum(len(text.encode()) for _, text in pairs) / num_tokens, places=12)
        self.assertAlmostEqual(corrected["single_token_words"], sum(1 in (len(ids(word)), len(ids(" " + word))) for word in words) / len(words), places=12)
        for found, special in ((corrected, False), (paper, True)):
            sides = [[collections.Counter(ids(text, special)) for text in pair] for pair in pairs]
            shared, both = sum((a & b).total() for a, b in sides), sum(a.total() + b.total() for a, b in sides)
            self.assertAlmostEqual(found["subword_overlap"], shared / both, places=12)
        self.assertNotEqual(corrected["subword_overlap"], paper["subword_overlap"])

    @staticmethod
    def states(folder, texts):
        """{id: mean hidden states, [layer][hidden]}"""
        import torch

        model, tokenizer = hf_model(folder), hf_tokenizer(folder)
        with torch.inference_mode():
            return {key: torch.stack(model(torch.tensor([tokenizer(text)["input_ids"]]), output_hidden_states=True).hidden_states)[:, 0].double().mean(1)
                    for key, text in texts.items()}

    def check_states(self, source, states, found):
        import torch

        keys = [key for key in states if key in source]
        ours, theirs = (torch.nn.functional.normalize(torch.stack([side[key] for key in keys], 1), dim=-1) for side in (source, states))
        cosines = theirs @ ours.transpose(1, 2)  # [layer][text][source]
        own = cosines.diagonal(dim1=1, dim2=2)
        for layer in range(len(cosines)):
            self.assertAlmostEqual(found["sentence_similarity"][str(layer)], own[layer].mean().item(), delta=1e-4)
            # How many others are nearer, of which some may be as near but for rounding.
            lead = (cosines[layer] - own[layer][:, None] + torch.eye(len(keys)).double() * -9).amax(1)
            least, most = ((lead < border).double().mean().item() for border in (-1e-6, 1e-6))
            self.assertGreaterEqual(found["retrieval_accuracy"][str(layer)] + 1e-9, least)
            self.assertLessEqual(found["retrieval_accuracy"][str(layer)] - 1e-9, most)
        self.assertAlmostEqual(found["sentence_similarity"]["mean"], own.mean().item(), delta=1e-4)
        self.assertEqual(len(found["retrieval_accuracy"]), len(cosines) + 1)

    def test_the_published_definitions_change_p_values(self):
        """N2: another model's base; N3: every row three times; N4: Pearson's p under Spearman's name."""
        from scipy import stats

        numbers = random.Random(5)
        scores = {model: {language: 50 + 2 * share + numbers.gauss(0, 4) for language, share in SHARES.items()} for model in sorted({m for m, _ in BASES})}
        after = {arm: {language: scores[arm[0]][language] - 1.5 * SHARES[language] + numbers.gauss(0, 3) for language in SHARES} for arm in BASES}
        found, values = {}, {}
        for kind in ("right", "published"):
            base = {arm: scores[arm[0] if kind == "right" else taken] for arm, taken in BASES.items()}
            values[kind] = {arm: [(after[arm][language] - base[arm][language]) / base[arm][language] for language in SHARES] for arm in BASES}
            changes = {(" ".join(arm), language): value for arm, own in values[kind].items() for language, value in zip(SHARES, own)}
            for mode in ("corrected", "paper"):
                rows = self.found(changes, "--model", tiny_models() / "llama-tiny", "--no-similarity", "--mode", mode)["correlations"]
                found[kind, mode] = {(row["target"].split(":")[0], row["kind"]): row for row in rows
                                     if row["predictor"] == "pretraining_share" and row["given"] is None}
        shares = list(SHARES.values())
        for arm, taken in BASES.items():
            name = " ".join(arm)
            for kind in ("right", "published"):
                y = values[kind][arm]
                rank, line, tripled = stats.spearmanr(shares, y), stats.pearsonr(shares, y), stats.pearsonr(shares * 3, y * 3)
                for mode, p_rank, p_line, n in (("corrected", rank, line, 8), ("paper", tripled, tripled, 24)):
                    rows = found[kind, mode]
                    self.assertAlmostEqual(rows[name, "spearman"]["value"], float(rank.statistic), places=9)
                    self.assertAlmostEqual(rows[name, "pearson"]["value"], float(line.statistic), places=9)
                    self.assertAlmostEqual(rows[name, "spearman"]["p_value"] / float(p_rank.pvalue), 1, places=8)
                    self.assertAlmostEqual(rows[name, "pearson"]["p_value"] / float(p_line.pvalue), 1, places=8)
                    self.assertEqual(rows[name, "spearman"]["n"], n)
                # N3 and N4: far smaller than the p of eight languages.
                self.assertLess(found[kind, "paper"][name, "pearson"]["p_value"], found[kind, "corrected"][name, "pearson"]["p_value"])
                self.assertNotEqual(found[kind, "paper"][name, "spearman"]["p_value"], found[kind, "corrected"][name, "spearman"]["p_value"])
                self.assertIn("8 languages cannot show", found[kind, "corrected"][name, "spearman"]["warning"])
            right, published = (found[kind, "corrected"][name, "spearman"]["p_value"] for kind in ("right", "published"))
            self.assertEqual(right == published, arm[0] == taken, f"{name} against {taken}")


if __name__ == "__main__":
    unittest.main()
