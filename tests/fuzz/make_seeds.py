#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small valid inputs that the fuzz targets start from.

usage: make_seeds.py FOLDER     writes FOLDER/<target>/<seed>
"""
import json
import pathlib
import struct
import subprocess
import sys

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
ADDED = [{"id": 5, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}]


def tokenizer(**parts):
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
             "byte_fallback": False, "ignore_merges": False, "vocab": {"H": 0, "e": 1, "l": 2, "o": 3, "He": 4}, "merges": [["H", "e"]]}
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": ADDED, "normalizer": None, "pre_tokenizer": BYTE_LEVEL,
             "post_processor": None, "decoder": BYTE_LEVEL, "model": model}
    whole.update(parts)
    return json.dumps(whole).encode() + b"\0Hello <s> world"


def fasttext(quantised=False):
    """A supervised model of one word and two labels, dimension 2, as fastText 0.9 writes it."""
    args = struct.pack("<12id", 2, 5, 5, 1, 5, 1, 3, 3, 4, 2, 3, 100, 1e-4)
    entries = [(b"</s>", 3, 0), (b"__label__en", 2, 1), (b"__label__fr", 1, 1)]
    words = struct.pack("<3i2q", 3, 1, 2, 6, -1) + b"".join(name + b"\0" + struct.pack("<qb", count, kind) for name, count, kind in entries)
    matrix = lambda rows: struct.pack("<2q", rows, 2) + struct.pack(f"<{2 * rows}f", *[0.1] * (2 * rows))
    return struct.pack("<2i", 793712314, 12) + args + words + struct.pack("<?", quantised) + matrix(5) + b"\0" + matrix(2)


def safetensors():
    header = json.dumps({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
                         "b": {"dtype": "BF16", "shape": [3], "data_offsets": [16, 22]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(22)


PIECES = {"model": "llama", "tokens": ["<unk>", "<s>", "</s>", "H", "e", "▁", "He", "▁He"], "scores": [0.0, 0.0, 0.0, -4.0, -5.0, -6.0, -1.0, -2.0],
          "token_type": [2, 3, 3, 1, 1, 1, 1, 1], "bos_token_id": 1, "eos_token_id": 2, "unknown_token_id": 0}
BYTES = {"model": "gpt2", "pre": "llama-bpe", "tokens": ["H", "e", "l", "o", "He", "<s>", "Ġ", "1"], "merges": ["H e"], "token_type": [1, 1, 1, 1, 1, 3, 1, 1],
         "bos_token_id": 5, "eos_token_id": 5}


def gguf(architecture, tokenizer, types):
    """One layer of two heads of four over 32 elements; `types`: (number, elements, bytes) of its matrices by turns."""
    text = lambda value: struct.pack("<Q", len(value.encode())) + value.encode()
    kinds = {str: lambda x: struct.pack("<I", 8) + text(x), int: lambda x: struct.pack("<2I", 4, x), float: lambda x: struct.pack("<If", 6, x),
             bool: lambda x: struct.pack("<I?", 7, x)}

    def array(values):
        packed = {str: (8, text), float: (6, lambda x: struct.pack("<f", x)), int: (5, lambda x: struct.pack("<i", x))}
        number, pack = packed[type(values[0])]
        return struct.pack("<2IQ", 9, number, len(values)) + b"".join(map(pack, values))

    sizes = {"block_count": 1, "context_length": 64, "embedding_length": 32, "feed_forward_length": 32, "attention.head_count": 2,
             "attention.head_count_kv": 1, "attention.layer_norm_rms_epsilon": 1e-5, "rope.freq_base": 1e4}
    values = {"general.architecture": architecture, **{f"{architecture}.{key}": value for key, value in sizes.items()},
              **{f"tokenizer.ggml.{key}": value for key, value in tokenizer.items()}}
    matrices = {"token_embd": (8, 32), "blk.0.attn_q": (32, 32), "blk.0.attn_k": (16, 32), "blk.0.attn_v": (16, 32), "blk.0.attn_output": (32, 32),
                "blk.0.ffn_gate": (32, 32), "blk.0.ffn_up": (32, 32), "blk.0.ffn_down": (32, 32)}
    tensors, data = b"", b""
    for i, (name, shape) in enumerate([*matrices.items(), *((name, (32,)) for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"))]):
        number, elements, size = types[i % len(types)] if len(shape) == 2 else (0, 1, 4)
        tensors += text(f"{name}.weight") + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), number, len(data))
        count = size
        for length in shape:
            count *= length
        data += bytes(count // elements)
        data += bytes(-len(data) % 32)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(matrices) + 3, len(values))
    header += b"".join(text(key) + (array(value) if isinstance(value, list) else kinds[type(value)](value)) for key, value in values.items()) + tensors
    return header + bytes(-len(header) % 32) + data


def sentence_piece(folder, kind):
    text = folder / "text.txt"
    text.write_text("hello world, hello there\nbonjour le monde\nhallo welt\n" * 20, encoding="utf-8")
    subprocess.run(["spm_train", f"--input={text}", f"--model_prefix={folder / kind}", "--vocab_size=40", f"--model_type={kind}", "--minloglevel=2",
                    "--hard_vocab_limit=false"], check=True)
    return (folder / f"{kind}.model").read_bytes()


def config(**more):
    return json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
                       "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 32, "max_position_embeddings": 64, "rms_norm_eps": 1e-6,
                       "rope_theta": 1e4, "tie_word_embeddings": True, "hidden_act": "silu", "eos_token_id": [1, 2], **more}).encode()


def seeds(folder):
    normalizers = {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
                                                         {"type": "Prepend", "prepend": "▁"}]}
    splits = {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}]+"},
                                                      "behavior": "Isolated", "invert": False}, BYTE_LEVEL]}
    template = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [5], "tokens": ["<s>"]}}}
    decoders = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
                                                  {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    return {
        "json": {"object": b'{"a":[1,2.5e3,null,true,"\\u00e9"],"b":{"c":{}}}', "comment": b'// why\n{"a": 1 /* so */}'},
        "options": {"file": b'{"flag":true,"count":3,"rate":0.5,"name":"b","list":["x","y"]}\0rate\0000.25'},
        "rows": {"jsonl": b'\0{"text":"a","id":1}\n{"text":"b"}\n', "json": b'\x01[{"text":"a"}]', "csv": b'\x02id,text\n1,"a ""b"""\n',
                 "tsv": b"\x03id\ttext\n1\ta\n", "txt": b"\x04one\ntwo\n", "plain": b"\x051\ta\n"},
        "pattern": {"llama": b"(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+\0It's 12345 words  here"},
        "tokenizer_json": {"plain": tokenizer(), "normalized": tokenizer(normalizer=normalizers, decoder=decoders), "split": tokenizer(pre_tokenizer=splits),
                           "template": tokenizer(post_processor=template)},
        "tokenizer_settings": {"all": b'{"bos_token":"<s>","add_bos_token":true,"tokenizer_class":"LlamaTokenizer"}\0{"eos_token":{"content":"b"}}\0'
                                      b'{"<x>":7}\0{"bos_token_id":3,"eos_token_id":[1],"model_type":"llama"}'},
        "sentence_piece": {"bpe": sentence_piece(folder, "bpe"), "unigram": sentence_piece(folder, "unigram")},
        "tekken": {"plain": b'"pattern":" ?\\\\p{L}+|\\\\s+","default_num_special_tokens":10,"default_vocab_size":268\0'
                            b',{"rank":256,"token_bytes":"SGU="},{"rank":257,"token_bytes":"bGw="}\0{"rank":3,"token_str":"<x>"}\0Hello <x>'},
        "tiktoken": {"plain": b"SGU= 0\nbGw= 1\nSGVsbA== 2\n\0Hello there"},
        "fasttext": {"plain": fasttext(), "quantised": fasttext(True)},
        "gguf": {"llama": gguf("llama", PIECES, [(0, 1, 4), (1, 1, 2), (8, 32, 34)]), "gemma3": gguf("gemma3", PIECES, [(8, 32, 34)]),
                 "qwen2": gguf("qwen2", BYTES, [(2, 32, 18), (3, 32, 20), (6, 32, 22), (7, 32, 24), (30, 1, 2)])},
        "safetensors": {"two": safetensors(), "index": b'{"metadata":{},"weight_map":{"a":"model.safetensors"}}'},
        "adapter": {"lora": b'{"peft_type":"LORA","r":4,"lora_alpha":8,"lora_dropout":0.0,"target_modules":["q_proj"],"bias":"none","task_type":"CAUSAL_LM"}'},
        "config": {"llama": config(), "rope": config(rope_parameters={"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0,
                                                                     "high_freq_factor": 4.0, "original_max_position_embeddings": 32})},
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for target, files in seeds(folder).items():
        (folder / target).mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / target / name).write_bytes(content)


main()
