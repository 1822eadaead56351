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
    from transformers import CohereConfig, Gemma2Config, Gemma3TextConfig, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

    shape = dict(SHAPE, vocab_size=vocab_size)
    stretched = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=128)
    gemma = dict(shape, head_dim=32, query_pre_attn_scalar=24, sliding_window=16)
    return {
        "cohere-tiny": CohereConfig(logit_scale=0.0625, **shape),
        "gemma2-tiny": Gemma2Config(**gemma),
        "gemma3-tiny": Gemma3TextConfig(layer_types=["sliding_attention", "sliding_attention", "full_attention"], **gemma),
        "llama-tiny": LlamaConfig(rope_theta=500000.0, max_position_embeddings=512, **shape),
        "llama31-tiny": LlamaConfig(rope_theta=500000.0, max_position_embeddings=131072, tie_word_embeddings=True, rope_scaling=stretched, **shape),
        "mistral-tiny": MistralConfig(sliding_window=None, **shape),
        "qwen2-tiny": Qwen2Config(**shape),
        "qwen3-tiny": Qwen3Config(head_dim=16, **shape),
    }


def make_model(config, seed):
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
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
