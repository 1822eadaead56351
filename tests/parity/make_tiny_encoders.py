# SPDX-License-Identifier: Apache-2.0
"""Random encoders with classification heads, and encoder-decoders, of the size of a test, each with a tokenizer of its family's kind.

usage: make_tiny_encoders.py FOLDER [SEED]        makes FOLDER/xlmr-tiny, FOLDER/bert-tiny, FOLDER/t5-tiny …

Weights are drawn wide enough, norms and biases off their initial ones, that a wrong norm, position or bucket shows.
"""
import pathlib
import sys

from make_tiny_models import bundled_texts

SHAPE = dict(hidden_size=64, intermediate_size=160, num_hidden_layers=3, num_attention_heads=4, initializer_range=0.08)
T5_SHAPE = dict(d_model=64, d_kv=16, d_ff=160, num_layers=3, num_decoder_layers=2, num_heads=4, pad_token_id=1, eos_token_id=2, decoder_start_token_id=1)
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def unigram_tokenizer(with_start):
    """As XLM-R's; without a start, as T5's."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(bundled_texts(), trainers.UnigramTrainer(vocab_size=2000, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False))
    start = "<s> " if with_start else ""
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{start}$A </s>", pair=f"{start}$A </s> $B </s>",
                                                             special_tokens=[("<s>", 0), ("</s>", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>", cls_token="<s>",
                                   sep_token="</s>", mask_token="<mask>")


def word_piece_tokenizer():
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(lowercase=False), pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(bundled_texts(), trainers.WordPieceTrainer(vocab_size=2000, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")


def classifier_configs(sizes):
    from transformers import BertConfig, DebertaV2Config, RobertaConfig, XLMRobertaConfig

    several = dict(id2label={0: "insult", 1: "toxic", 2: "threat"}, problem_type="multi_label_classification")
    one = dict(id2label={0: "neutral", 1: "toxic", 2: "obscene"}, problem_type="single_label_classification")
    roberta = dict(SHAPE, vocab_size=sizes["xlmr"], max_position_embeddings=514, type_vocab_size=1, pad_token_id=1, layer_norm_eps=1e-5)
    deberta = dict(SHAPE, vocab_size=sizes["xlmr"], type_vocab_size=0, position_biased_input=False, relative_attention=True, share_att_key=True,
                   norm_rel_ebd="layer_norm", pos_att_type=["p2c", "c2p"], pad_token_id=1)
    bert = dict(SHAPE, vocab_size=sizes["bert"], type_vocab_size=2, pad_token_id=0)
    return {
        "xlmr-tiny": XLMRobertaConfig(**roberta, **several),
        "roberta-tiny": RobertaConfig(**roberta, **one),
        "bert-tiny": BertConfig(**bert, **one),
        "bert-tanh-tiny": BertConfig(hidden_act="gelu_new", id2label={0: "toxic"}, **bert),
        # Texts are longer than the buckets of single distances, and than all distances.
        "deberta-tiny": DebertaV2Config(position_buckets=16, max_position_embeddings=96, **deberta, **several),
        "deberta-plain-tiny": DebertaV2Config(**dict(deberta, position_biased_input=True, type_vocab_size=2, norm_rel_ebd="none", pooler_hidden_act="tanh"),
                                              max_relative_positions=40, max_position_embeddings=512, **one),
    }


def seq2seq_configs(vocab_size):
    from transformers import MT5Config, T5Config

    shape = dict(T5_SHAPE, vocab_size=vocab_size)
    return {
        "t5-tiny": T5Config(feed_forward_proj="relu", **shape),
        # Version 1.1: a head of its own (make_model), outputs not scaled.
        "t5-own-head-tiny": T5Config(feed_forward_proj="gated-gelu", tie_word_embeddings=False, **shape),
        "mt5-tiny": MT5Config(feed_forward_proj="gated-gelu", relative_attention_num_buckets=16, relative_attention_max_distance=20, **shape),
    }


def make_model(auto_class, config, seed):
    import torch

    torch.manual_seed(seed)
    model = auto_class.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1 or "bias.weight" in name:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            if "classifier" in name or "pooler" in name or "q.weight" in name:
                parameter.mul_(3)  # or all probabilities would be alike, and all attention even
    return model


def give_own_head(folder, seed):
    """Adds a head to the saved weights, as version 1.1's checkpoints have one."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    torch.manual_seed(seed + 1)
    tensors["lm_head.weight"] = torch.randn_like(tensors["shared.weight"]) * 0.3
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def main():
    from transformers import AutoModelForSeq2SeqLM, AutoModelForSequenceClassification

    folder, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7
    xlmr, bert, t5 = unigram_tokenizer(with_start=True), word_piece_tokenizer(), unigram_tokenizer(with_start=False)
    for name, config in classifier_configs({"xlmr": len(xlmr), "bert": len(bert)}).items():
        make_model(AutoModelForSequenceClassification, config, seed).save_pretrained(folder / name)
        (bert if name.startswith("bert") else xlmr).save_pretrained(folder / name)
    for name, config in seq2seq_configs(len(t5)).items():
        make_model(AutoModelForSeq2SeqLM, config, seed).save_pretrained(folder / name)
        t5.save_pretrained(folder / name)
        if "own-head" in name:
            give_own_head(folder / name, seed)


if __name__ == "__main__":
    main()
