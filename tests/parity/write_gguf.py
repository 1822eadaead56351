# SPDX-License-Identifier: Apache-2.0
"""A Hugging Face folder as a GGUF file, by the package gguf: what llama.cpp's converter does for the families tested here.

Rows of Llama's queries and keys are put so that neighbours turn together, Gemma's norms hold what they multiply by, Llama 3.1's scaling of
positions becomes a tensor of divisors.
"""
import json
import math

import numpy as np

ARCHITECTURES = {"llama": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "gemma2": "gemma2", "gemma3_text": "gemma3"}
NAMES = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
         "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
TWO_NORMS = {"post_attention_layernorm": "ffn_norm"}
FOUR_NORMS = {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm"}


def gguf_name(name, is_gemma):
    stem, part = name.rsplit(".", 1)
    outside = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    if stem in outside:
        return f"{outside[stem]}.{part}"
    _, _, layer, inside = stem.split(".", 3)
    return f"blk.{layer}.{ {**NAMES, **(FOUR_NORMS if is_gemma else TWO_NORMS)}[inside] }.{part}"


def by_neighbours(weights, heads):
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def rope_divisors(theta, head_dim, scaling):
    low, high = scaling["original_max_position_embeddings"] / scaling["low_freq_factor"], scaling["original_max_position_embeddings"] / scaling["high_freq_factor"]
    divisors = []
    for i in range(0, head_dim, 2):
        wavelength = 2 * math.pi * theta ** (i / head_dim)
        smooth = (scaling["original_max_position_embeddings"] / wavelength - scaling["low_freq_factor"]) / (scaling["high_freq_factor"] - scaling["low_freq_factor"])
        divisors.append(1 if wavelength < high else scaling["factor"] if wavelength > low else 1 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array(divisors, dtype=np.float32)


def add_config(writer, config, vocab_size):
    writer.add_vocab_size(vocab_size)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    rope = config["rope_parameters"]
    writer.add_rope_freq_base(rope.get("full_attention", rope)["rope_theta"])
    if config["model_type"] == "llama":
        writer.add_rope_dimension_count(head_dim)
        if rope.get("rope_type") == "llama3":
            writer.add_tensor("rope_freqs.weight", rope_divisors(rope["rope_theta"], head_dim, rope))
    if config["model_type"].startswith("gemma"):
        writer.add_sliding_window(config["sliding_window"])
        writer.add_float32(f"{writer.arch}.attention.scale", config["query_pre_attn_scalar"] ** -0.5)
    if config["model_type"] == "gemma2":
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if config["model_type"] == "gemma3_text":
        writer.add_array(f"{writer.arch}.attention.sliding_window_pattern", [kind == "sliding_attention" for kind in config["layer_types"]])


def add_byte_level_tokenizer(writer, folder, pre):
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    special = {token["content"]: token for token in tokenizer["added_tokens"]}
    tokens = sorted(vocabulary, key=vocabulary.get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in special else 1 for token in tokens])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]])
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    writer.add_bos_token_id(vocabulary[config["bos_token"]])
    writer.add_eos_token_id(vocabulary[config["eos_token"]])
    writer.add_pad_token_id(vocabulary[config["pad_token"]])
    writer.add_add_bos_token(True)
    return len(tokens)


def write_gguf(folder, target, type_of):
    """`type_of(name)`: the type, a gguf.GGMLQuantizationType, that a matrix is quantised to. Vectors stay F32."""
    import gguf
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    is_gemma, is_llama = config["model_type"].startswith("gemma"), config["model_type"] == "llama"
    writer = gguf.GGUFWriter(target, ARCHITECTURES[config["model_type"]])
    weights = load_file(folder / "model.safetensors")
    add_config(writer, config, weights["model.embed_tokens.weight"].shape[0])
    add_byte_level_tokenizer(writer, folder, "qwen2" if config["model_type"] == "qwen2" else "llama-bpe")
    for name, values in weights.items():
        values = values.astype(np.float32)
        if is_llama and ".q_proj." in name:
            values = by_neighbours(values, config["num_attention_heads"])
        if is_llama and ".k_proj." in name:
            values = by_neighbours(values, config["num_key_value_heads"])
        if is_gemma and name.endswith("norm.weight"):
            values = values + 1
        kind = gguf.GGMLQuantizationType.F32 if values.ndim == 1 else type_of(name)
        writer.add_tensor(gguf_name(name, is_gemma), gguf.quantize(np.ascontiguousarray(values), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target
