# SPDX-License-Identifier: Apache-2.0
"""Random checkpoints of the size of a test, one a family, each with a byte-level tokenizer trained on the bundled texts.

usage: make_tiny_models.py FOLDER [SEED]        makes FOLDER/llama-tiny, FOLDER/gemma3-tiny …

Weights are drawn wide enough, and norms off their initial one, that a wrong norm, rotation or window shows in every log-probability.
"""
import json
import pathlib
import sys

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
BOS, EOS, PAD = "<|begin_of_text|>", "<|end_of_text|>", "<pad>"
VOCABULARY = 4000
# Llama 3's rule for what a merge never crosses.
WORDS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SHAPE = dict(hidden_size=64, intermediate_size=160, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, bos_token_id=0, eos_token_id=1,
             pad_token_id=2, initializer_range=0.08)


def bundled_texts():
    for file in sorted((DATA / "udhr").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["text"]
    for file in sorted((DATA / "tatoeba").glob("*.tsv")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield line.split("\t")[0]


def make_tokenizer(as_qwen2=False):
    """As Llama 3's; as_qwen2: NFC, and digits apart, which transformers 5 does for every model of type qwen2 whatever tokenizer.json says."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    if as_qwen2:
        tokenizer.normalizer = normalizers.NFC()
    words = WORDS.replace("{1,3}", "") if as_qwen2 else WORDS
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(words), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[BOS, EOS, PAD], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False)
    tokenizer.train_from_iterator(bundled_texts(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B", special_tokens=[(BOS, 0)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BOS, eos_token=EOS, pad_token=PAD)


def configs(vocab_size):
    from transformers import (BloomConfig, Cohere2Config, CohereConfig, Gemma2Config, Gemma3Config, Gemma3TextConfig, GemmaConfig, GPT2Config, LlamaConfig,
                              MistralConfig, Olmo2Config, Phi3Config, Qwen2Config, Qwen3Config, SmolLM3Config, XGLMConfig)

    shape = dict(SHAPE, vocab_size=vocab_size)
    stretched = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=128)
    # Turns 12 of 16 elements of a head.
    long = dict(rope_type="longrope", short_factor=[1.0, 1.1, 1.3, 1.7, 2.0, 2.5], long_factor=[2.0, 3.0, 4.0, 6.0, 8.0, 9.0], partial_rotary_factor=0.75)
    # Texts are longer than what it stretches; the second has every key that it may have.
    yarn = dict(rope_type="yarn", factor=8.0, original_max_position_embeddings=64)
    all_of_yarn = dict(yarn, beta_fast=8.0, beta_slow=0.5, mscale=1.5, mscale_all_dim=0.75, truncate=False)
    gemma = dict(shape, head_dim=32, query_pre_attn_scalar=24, sliding_window=16)
    tokens = {key: shape[key] for key in ("vocab_size", "bos_token_id", "eos_token_id", "pad_token_id", "initializer_range")}
    return {
        "bloom-tiny": BloomConfig(hidden_size=64, n_layer=3, n_head=4, seq_length=512, **tokens),
        "cohere-tiny": CohereConfig(logit_scale=0.0625, **shape),
        "cohere-norms-tiny": CohereConfig(logit_scale=0.0625, use_qk_norm=True, attention_bias=True, **shape),
        "cohere2-tiny": Cohere2Config(logit_scale=0.0625, sliding_window=16, sliding_window_pattern=3, **shape),
        "eurollm-tiny": LlamaConfig(rms_norm_eps=1e-5, max_position_embeddings=4096, **shape),
        "gemma-tiny": GemmaConfig(head_dim=32, **shape),
        "gemma2-tiny": Gemma2Config(**gemma),
        "gemma3-tiny": Gemma3TextConfig(layer_types=["sliding_attention", "sliding_attention", "full_attention"], **gemma),
        "gemma3-wrapped-tiny": Gemma3Config(
            text_config=dict(gemma, layer_types=["sliding_attention", "full_attention", "full_attention"]), mm_tokens_per_image=4,
            vision_config=dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14)),
        "gpt2-tiny": GPT2Config(n_embd=64, n_layer=3, n_head=4, n_inner=160, n_positions=512, **tokens),
        "llama-tiny": LlamaConfig(rope_theta=500000.0, max_position_embeddings=512, **shape),
        "llama-biases-tiny": LlamaConfig(attention_bias=True, mlp_bias=True, head_dim=24, **shape),
        "llama31-tiny": LlamaConfig(rope_theta=500000.0, max_position_embeddings=131072, tie_word_embeddings=True, rope_scaling=stretched, **shape),
        "llama-yarn-tiny": LlamaConfig(rope_scaling=all_of_yarn, head_dim=32, max_position_embeddings=512, **shape),
        "mistral-tiny": MistralConfig(sliding_window=None, **shape),
        "nemo-tiny": MistralConfig(sliding_window=16, head_dim=24, rope_theta=1000000.0, **shape),
        "olmo2-tiny": Olmo2Config(rope_theta=500000.0, **shape),
        "phi3-tiny": Phi3Config(sliding_window=16, **shape),
        "phi3-long-tiny": Phi3Config(rope_scaling=long, max_position_embeddings=4096, original_max_position_embeddings=512, **shape),
        "qwen2-tiny": Qwen2Config(**shape),
        "qwen3-tiny": Qwen3Config(head_dim=16, **shape),
        "qwen3-yarn-tiny": Qwen3Config(head_dim=32, rope_scaling=yarn, max_position_embeddings=512, **shape),
        "salamandra-tiny": LlamaConfig(rms_norm_eps=1e-5, max_position_embeddings=8192, **dict(shape, num_key_value_heads=4, intermediate_size=170)),
        "smollm3-tiny": SmolLM3Config(no_rope_layer_interval=2, max_position_embeddings=512, **shape),
        "xglm-tiny": XGLMConfig(d_model=64, ffn_dim=160, num_layers=3, attention_heads=4, init_std=0.08, max_position_embeddings=512,
                                **{key: tokens[key] for key in tokens if key != "initializer_range"}),
    }


def to_older_layout(config):
    """config.json as transformers wrote it before version 5: rope_theta and rope_scaling apart, a pattern of layers instead of a list."""
    config = dict(config)
    ropes = config.pop("rope_parameters", None) or {}
    full, sliding = ropes.get("full_attention", ropes), ropes.get("sliding_attention")
    if "rope_theta" in full:
        config["rope_theta"] = full["rope_theta"]
    if sliding:
        config["rope_local_base_freq"] = sliding["rope_theta"]
    scaling = {key: value for key, value in full.items() if key not in ("rope_theta", "partial_rotary_factor")}
    config["rope_scaling"] = scaling if scaling.get("rope_type", "default") != "default" else None
    if "partial_rotary_factor" in full:
        config["partial_rotary_factor"] = full["partial_rotary_factor"]
    types = config.pop("layer_types", None)
    if types and "full_attention" in types and "sliding_attention" in types:
        config["sliding_window_pattern"] = types.index("full_attention") + 1
    config["torch_dtype"] = config.pop("dtype", "float32")
    return config


def make_model(config, seed):
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1 or "norm" in name:
                parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


def main():
    folder, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7
    tokenizer, as_qwen2 = make_tokenizer(), make_tokenizer(as_qwen2=True)
    for name, config in configs(max(len(tokenizer), len(as_qwen2))).items():
        make_model(config, seed).save_pretrained(folder / name)
        (as_qwen2 if config.model_type == "qwen2" else tokenizer).save_pretrained(folder / name)


if __name__ == "__main__":
    main()
