# SPDX-License-Identifier: Apache-2.0
"""Token ids equal those of transformers, on real text in 40 languages and on random Unicode."""
import importlib.util
import json
import random
import unittest

from support import ROOT, SEEDS, TINY, ParityTest, hf_tokenizer, read_jsonl, real_model, tiny_models, udhr_texts, write_jsonl, xlt

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


def spaces_and_marks(scheme="always"):
    from tokenizers import decoders, pre_tokenizers

    return (pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme=scheme)]),
            decoders.Metaspace(prepend_scheme=scheme))


class TokenModelParity(ParityTest):
    """Tokenizers trained on the spot, as XLM-R, mT5 and BERT have them, against the library that made them."""

    PACKAGES = ["tokenizers"]

    def texts(self):
        return [row["text"] for file in sorted((ROOT / "data" / "udhr").glob("*.jsonl")) for row in read_jsonl(file)]

    def check(self, tokenizer):
        tokenizer.save(str(self.folder / "tokenizer.json"))
        texts = self.texts() + random_texts(3000) + ["", " ", "\u2581", "a" * 300, "\r\n", "x\u0000y"]
        rows = write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        for flag, special in (([], True), (["--no-special-tokens"], False)):
            xlt("tokenize", "--model", self.folder, "--input", rows, "--output", self.folder / "ids.jsonl", *flag)
            for text, row in zip(texts, read_jsonl(self.folder / "ids.jsonl"), strict=True):
                self.assertEqual(row["input_ids"], tokenizer.encode(text, add_special_tokens=special).ids, repr(text))

    def unigram(self, byte_fallback=False):
        from tokenizers import Tokenizer, models, normalizers, processors, trainers

        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
        tokenizer.pre_tokenizer, tokenizer.decoder = spaces_and_marks()
        special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] + [f"<0x{byte:02X}>" for byte in range(256) if byte_fallback]
        tokenizer.train_from_iterator(self.texts(), trainers.UnigramTrainer(vocab_size=1500, special_tokens=special, unk_token="<unk>", show_progress=False))
        if byte_fallback:
            model = json.loads(tokenizer.to_str())["model"]
            tokenizer.model = models.Unigram([tuple(pair) for pair in model["vocab"]], model["unk_id"], byte_fallback=True)
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
        return tokenizer

    def test_unigram(self):
        self.check(self.unigram())

    def test_unigram_with_bytes(self):
        self.check(self.unigram(byte_fallback=True))

    def test_unigram_with_a_character_map(self):
        if importlib.util.find_spec("sentencepiece") is None:
            self.skipTest("not installed: sentencepiece")
        import sentencepiece
        from tokenizers import normalizers

        corpus = self.folder / "corpus.txt"
        corpus.write_text("\n".join(self.texts()), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(input=str(corpus), model_prefix=str(self.folder / "spm"), vocab_size=2000, hard_vocab_limit=False,
                                                 normalization_rule_name="nmt_nfkc", minloglevel=2)
        tokenizer = self.unigram()
        tokenizer.normalizer = normalizers.Precompiled(charsmap_of((self.folder / "spm.model").read_bytes()))
        self.check(tokenizer)

    def test_word_pieces(self):
        from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

        for options in ({"lowercase": True}, {"lowercase": False}, {"lowercase": False, "strip_accents": True, "handle_chinese_chars": False}):
            with self.subTest(**options):
                tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
                tokenizer.normalizer = normalizers.BertNormalizer(**options)
                tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
                special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
                tokenizer.train_from_iterator(self.texts(), trainers.WordPieceTrainer(vocab_size=2000, special_tokens=special, show_progress=False))
                tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
                self.check(tokenizer)

    def test_pre_tokenizers(self):
        from tokenizers import pre_tokenizers

        tokenizer = self.unigram()
        tokenizer.normalizer = None
        for name in ("Whitespace", "WhitespaceSplit", "Punctuation", "BertPreTokenizer", "ByteLevel"):
            with self.subTest(name):
                tokenizer.pre_tokenizer = getattr(pre_tokenizers, name)()
                self.check(tokenizer)

    def test_normalizers(self):
        from tokenizers import normalizers

        tokenizer = self.unigram()
        for name in ("NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "StripAccents", "Strip", "ByteLevel"):
            with self.subTest(name):
                tokenizer.normalizer = getattr(normalizers, name)()
                self.check(tokenizer)


def charsmap_of(model):
    """normalizer_spec.precompiled_charsmap of a SentencePiece model, by the wire format of protocol buffers."""

    def fields(message):
        at = 0

        def varint():
            nonlocal at
            value = shift = 0
            while True:
                byte = message[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value

        while at < len(message):
            key = varint()
            if key & 7 == 2:
                size = varint()
                yield key >> 3, message[at:at + size]
                at += size
            elif key & 7 == 0:
                varint()
            else:
                at += 8 if key & 7 == 1 else 4

    return dict(fields(dict(fields(model))[3]))[2]


if __name__ == "__main__":
    unittest.main()
