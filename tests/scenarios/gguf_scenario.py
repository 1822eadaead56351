# SPDX-License-Identifier: Apache-2.0
"""GGUF files and names of the hub instead of a folder; `xlt convert`."""
import json
import os
import struct
import unittest

from support import CONFIG, PAIRS, TEXTS, Scenario, byte_characters, read_rows, run, write_rows

NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
HEADS = {"attn_q": CONFIG["num_attention_heads"], "attn_k": CONFIG["num_key_value_heads"]}


def read_tensors(file):
    """{name: (shape, bytes)} of a float32 safetensors file."""
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    return {name: (entry["shape"], data[8 + length + entry["data_offsets"][0]:8 + length + entry["data_offsets"][1]])
            for name, entry in header.items() if name != "__metadata__"}


def gguf_name(name):
    stem, part = name.rsplit(".", 1)
    if stem in NAMES:
        return f"{NAMES[stem]}.{part}"
    _, _, layer, inside = stem.split(".", 3)
    return f"blk.{layer}.{NAMES[inside]}.{part}"


def by_neighbours(data, rows, heads):
    """Rows of a head by pairs that turn together, as llama.cpp keeps Llama's queries and keys."""
    size, half = len(data) // rows, rows // heads // 2
    order = [head * 2 * half + part * half + i for head in range(heads) for i in range(half) for part in (0, 1)]
    return b"".join(data[row * size:(row + 1) * size] for row in order)


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def packed(value):
    """Kind and bytes of a metadata value."""
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<2I", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    if value and isinstance(value[0], int):
        return struct.pack("<2IQ", 9, 5, len(value)) + struct.pack(f"<{len(value)}i", *value)
    return struct.pack("<2IQ", 9, 8, len(value)) + b"".join(map(text, value))


def write_gguf(model, file, **more):
    """The tiny model as llama.cpp would keep it, in float32. `more`: further metadata, "." written "__"."""
    tokens = ["<bos>", "<eos>", *byte_characters().values()]
    values = {"general.architecture": "llama", "llama.block_count": CONFIG["num_hidden_layers"], "llama.context_length": CONFIG["max_position_embeddings"],
              "llama.embedding_length": CONFIG["hidden_size"], "llama.feed_forward_length": CONFIG["intermediate_size"],
              "llama.attention.head_count": CONFIG["num_attention_heads"], "llama.attention.head_count_kv": CONFIG["num_key_value_heads"],
              "llama.attention.layer_norm_rms_epsilon": CONFIG["rms_norm_eps"], "llama.rope.freq_base": CONFIG["rope_theta"],
              "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.merges": [],
              "tokenizer.ggml.token_type": [3, 3] + [1] * 256, "tokenizer.ggml.bos_token_id": 0, "tokenizer.ggml.eos_token_id": 1,
              "tokenizer.ggml.add_bos_token": True, **{key.replace("__", "."): value for key, value in more.items()}}
    infos, data = b"", b""
    tensors = read_tensors(model / "model.safetensors")
    for name, (shape, content) in tensors.items():
        theirs = gguf_name(name)
        heads = HEADS.get(theirs.split(".")[-2])
        infos += text(theirs) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), 0, len(data))
        data += by_neighbours(content, shape[0], heads) if heads else content
        data += bytes(-len(data) % 32)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values)) + b"".join(text(key) + packed(value) for key, value in values.items()) + infos
    file.write_bytes(header + bytes(-len(header) % 32) + data)
    return file


class GgufScenario(Scenario):
    def scores(self, model, **options):
        rows = write_rows(self.folder / "in.jsonl", [{"text": text} for text in TEXTS])
        self.assert_works(run("score", "--model", model, "--input", rows, "--output", self.folder / "out.jsonl", **options))
        return read_rows(self.folder / "out.jsonl")


class Gguf(GgufScenario):
    def test_a_file_scores_as_the_folder_it_was_made_from(self):
        file = write_gguf(self.model, self.folder / "tiny.gguf")
        self.assertEqual(self.scores(file), self.scores(self.model))

    def test_blocks_stay_as_stored_where_there_are_any(self):
        file = write_gguf(self.model, self.folder / "tiny.gguf")
        rows = write_rows(self.folder / "in.jsonl", [{"text": "a", "prompt": "a"}])
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", [{"id": "1", "text": "a"}])
        evaluation = ("eval", "--data", self.folder / "data", "--benchmarks", "perplexity", "--langs", "en", "--output", self.folder / "evaluation")
        for command in (("score", "--input", rows, "--output", self.folder / "out"), ("generate", "--prompts", rows, "--output", self.folder / "out"), evaluation):
            self.assert_works(run(*command, "--model", file, "--quantize", "stored"))
            process = run(*command, "--model", self.model, "--quantize", "stored")
            self.assert_fails(process, 2, "--quantize", ".gguf file", str(self.model), "leave it out")
        config = self.folder / "config.json"
        config.write_text(json.dumps({"command": "score", "model": str(self.model), "input": str(rows), "output": "out", "quantize": "stored"}))
        self.assertIn("--quantize: stored keeps the blocks of a .gguf file", run("validate", config).stdout)

    def test_convert_brings_the_folder_back(self):
        file = write_gguf(self.model, self.folder / "tiny.gguf", tokenizer__chat_template="{{ messages }}")
        process = self.assert_works(run("convert", "--model", file, "--output", self.folder / "new", "--dtype", "float32"))
        self.assertEqual(json.loads(process.stdout)["dtype"], "float32")
        self.assertEqual(read_tensors(self.folder / "new" / "model.safetensors"), read_tensors(self.model / "model.safetensors"))
        self.assertEqual(self.scores(self.folder / "new"), self.scores(self.model))
        self.assertEqual((self.folder / "new" / "chat_template.jinja").read_text(), "{{ messages }}")
        self.assertEqual(json.loads((self.folder / "new" / "generation_config.json").read_text())["eos_token_id"], 1)
        self.assert_works(run("convert", "--model", file, "--output", self.folder / "new", "--dtype", "bfloat16"))  # again, in another dtype
        self.assertEqual(json.loads((self.folder / "new" / "config.json").read_text())["dtype"], "bfloat16")
        self.assert_works(run("convert", "--model", file, "--output", self.folder / "new"))  # and in the file's own
        self.assertEqual(json.loads((self.folder / "new" / "config.json").read_text())["dtype"], "float32")

    def test_convert_keeps_the_dtype_of_a_folder(self):
        self.assert_works(run("convert", "--model", self.model, "--output", self.folder / "copy"))
        self.assertEqual(json.loads((self.folder / "copy" / "config.json").read_text())["dtype"], "float32")
        self.assertEqual(read_tensors(self.folder / "copy" / "model.safetensors"), read_tensors(self.model / "model.safetensors"))

    def test_an_adapter_trained_on_a_file_goes_with_it_and_merges(self):
        file = write_gguf(self.model, self.folder / "tiny.gguf")
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        train = ["train", "--method", "dpo", "--data", pairs, "--max-steps", 2, "--batch-size", 2, "--lora-r", 2]
        for model, name in ((file, "a"), (self.model, "b")):
            self.assert_works(run(*train, "--model", model, "--output", self.folder / name))
        losses = [[row["loss"] for row in read_rows(self.folder / name / "metrics.jsonl")] for name in "ab"]
        self.assertEqual(losses[0], losses[1])
        self.assertTrue((self.folder / "a" / "adapter" / "tokenizer.json").exists())
        self.assert_works(run("merge", "--model", file, "--adapter", self.folder / "a" / "adapter", "--output", self.folder / "merged"))
        self.assertTrue((self.folder / "merged" / "tokenizer.json").exists())
        self.scores(self.folder / "merged")

    def test_what_is_wrong_with_a_file_is_said(self):
        rows = write_rows(self.folder / "in.jsonl", [{"text": "a"}])

        def fails(file, *parts):
            self.assert_fails(run("score", "--model", file, "--input", rows, "--output", self.folder / "out.jsonl"), 3, str(file), *parts)

        fails(write_gguf(self.model, self.folder / "a.gguf", tokenizer__ggml__pre="gpt-3"), "unknown pre-tokenizer \"gpt-3\"", "gpt-2", "smollm")
        fails(write_gguf(self.model, self.folder / "b.gguf", general__architecture="lama"), "did you mean \"llama\"?")
        fails(write_gguf(self.model, self.folder / "c.gguf", llama__block_count=3), "tensors are missing", "\"model.layers.2.mlp.up_proj.weight\"")
        whole = write_gguf(self.model, self.folder / "d.gguf").read_bytes()
        (self.folder / "d.gguf").write_bytes(whole[:-100])
        fails(self.folder / "d.gguf", "cut short; fetch it again")
        (self.folder / "e.gguf").write_bytes(b"PK\x03\x04")
        fails(self.folder / "e.gguf", "is no GGUF file")

    def test_convert_spares_what_it_did_not_write(self):
        file = write_gguf(self.model, self.folder / "tiny.gguf")
        (self.folder / "full").mkdir()
        (self.folder / "full" / "notes.txt").write_text("mine")
        self.assert_fails(run("convert", "--model", file, "--output", self.folder / "full"), 2, "holds no earlier conversion")
        self.assert_fails(run("convert", "--model", file, "--output", file), 2, "--output is also an input")


class Hub(GgufScenario):
    def test_a_name_is_found_in_the_local_cache(self):
        entry = self.folder / "hub" / "models--org--tiny"
        snapshot = entry / "snapshots" / "0123abcd"
        for folder in (entry / "refs", entry / "blobs", snapshot):
            folder.mkdir(parents=True)
        (entry / "refs" / "main").write_text("0123abcd")
        for file in self.model.iterdir():
            (entry / "blobs" / file.name).write_bytes(file.read_bytes())
            (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
        expected = self.scores(self.model)
        for variable, value in (("HF_HOME", self.folder), ("HF_HUB_CACHE", self.folder / "hub")):
            for name in ("org/tiny", "org/tiny@main", "org/tiny@0123abcd"):
                self.assertEqual(self.scores(name, env={**os.environ, variable: str(value)}), expected)

    def test_a_name_that_is_not_there_is_told_how_to_be_fetched(self):
        rows = write_rows(self.folder / "in.jsonl", [{"text": "a"}])
        process = run("score", "--model", "org/none@v1", "--input", rows, "--output", self.folder / "out.jsonl", env={**os.environ, "HF_HOME": str(self.folder)})
        self.assert_fails(process, 3, "hf download org/none --revision v1")


if __name__ == "__main__":
    unittest.main()
