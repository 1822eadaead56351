# SPDX-License-Identifier: Apache-2.0
"""Token ids equal those of transformers, on real text in 40 languages and on random Unicode."""
import random
import unittest

from support import SEEDS, TINY, ParityTest, hf_tokenizer, read_jsonl, real_model, tiny_models, udhr_texts, write_jsonl, xlt

RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF),
          (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x2000, 0x206F), (0x2190, 0x21FF), (0x2580, 0x2588), (0x3040, 0x30FF),
          (0x4E00, 0x4FFF), (0xAC00, 0xACFF), (0xFF00, 0xFFEF), (0x1F300, 0x1F64F), (0x1F900, 0x1F9FF), (0x20000, 0x200FF)]
# Every scalar value: the code points without the surrogates.
PLANES = [(0x0, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)]
PIECES = [" ", "  ", "   ", "\n", "\r\n", "\t", "\u00a0", "\u2581", "\u200d", "\ufffd", "\ufeff", "<bos>", "<eos>", "<pad>", "<|begin_of_text|>",
          "<|end_of_text|>", "<start_of_turn>", "<unused12>", "'s", "'LL", "123456", "e\u0301", "👩‍👩‍👧‍👦", "🇨🇭", "....", "\x00", "\x1b", "</s>", "<s>"]


def random_texts(count, seed=1):
    rng = random.Random(seed)
    texts = []
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 12)):
            if rng.random() < 0.35:
                parts.append(rng.choice(PIECES))
            else:
                low, high = rng.choice(RANGES) if rng.random() < 0.5 else rng.choice(PLANES)
                parts.append("".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 6))))
        texts.append("".join(parts))
    return texts


class TokenizerParity(ParityTest):
    def check(self, model, texts):
        rows = write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        tokenizer = hf_tokenizer(model)
        for flag, special in (([], True), (["--no-special-tokens"], False)):
            xlt("tokenize", "--model", model, "--input", rows, "--output", self.folder / "ids.jsonl", *flag)
            ids = read_jsonl(self.folder / "ids.jsonl")
            self.assertEqual(len(ids), len(texts))
            for text, row in zip(texts, ids):
                self.assertEqual(row["input_ids"], tokenizer(text, add_special_tokens=special)["input_ids"], repr(text))

    def test_tiny_models_on_real_text(self):
        for seed in SEEDS:
            for name in TINY:
                with self.subTest(model=name, seed=seed):
                    self.check(tiny_models(seed) / name, udhr_texts())

    def test_tiny_model_on_random_unicode(self):
        self.check(tiny_models() / "llama-tiny", random_texts(5000))

    def test_real_model_on_real_text(self):
        self.check(real_model(), udhr_texts())

    def test_real_model_on_random_unicode(self):
        self.check(real_model(), random_texts(5000))


if __name__ == "__main__":
    unittest.main()
