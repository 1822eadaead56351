# SPDX-License-Identifier: Apache-2.0
"""NF4 weights are bitsandbytes' own bytes; what is computed, trained and merged with them is what transformers, PEFT and TRL make of them."""
import json
import os
import unittest

from support import ROOT, ParityTest, hf_tokenizer, read_jsonl, real_model, run, tiny_models, token_logps, training_data, udhr_texts, write_jsonl, xlt
from train_parity import initial_adapter, trl_history


def in_4_bits(folder, dtype="float32"):
    """The checkpoint as `load_in_4bit` loads it with the settings of the published recipes, on the CPU."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    torch.set_num_threads(2)
    settings = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)
    config = json.loads((folder / "config.json").read_text())
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), device_map="cpu",
                                                 **({} if "quantization_config" in config else {"quantization_config": settings}))
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0
        if hasattr(module, "compute_dtype"):
            module.compute_dtype = torch.float32
    for parameter in model.parameters():  # of a checkpoint in 4 bits transformers leaves the rest as it is stored, whatever dtype is asked for
        if dtype == "float32" and parameter.dtype == torch.bfloat16:
            parameter.data = parameter.data.float()
    return model.train()  # else bitsandbytes computes in bfloat16 on CPUs that have it


class Nf4Parity(ParityTest):
    PACKAGES = ["torch", "bitsandbytes"]

    def check(self, weight):
        """ops_test quantises what lies in the folder and compares bytes (tests/ops/matmul/nf4_test.cpp)."""
        import torch
        from bitsandbytes.functional import quantize_4bit

        codes, state = quantize_4bit(weight, blocksize=64, quant_type="nf4", compress_statistics=False)
        (self.folder / "shape.txt").write_text(f"{weight.shape[0]} {weight.shape[1]}\n")
        for name, tensor, dtype in (("weight", weight, torch.float32), ("codes", codes, torch.uint8), ("absmax", state.absmax, torch.float32)):
            (self.folder / f"{name}.bin").write_bytes(tensor.to(dtype).contiguous().numpy().tobytes())
        codes, state = quantize_4bit(weight, blocksize=64, quant_type="nf4", compress_statistics=True)
        (self.folder / "offset.txt").write_text(float(state.offset).hex())
        for name, tensor, dtype in (("scales", state.absmax, torch.uint8), ("scales_absmax", state.state2.absmax, torch.float32)):
            (self.folder / f"{name}.bin").write_bytes(tensor.to(dtype).contiguous().numpy().tobytes())
        output = run([ROOT / "build" / "release" / "ops_test", "--gtest_filter=Nf4.BytesAreThoseOfAnOracle"],
                     env={**os.environ, "XLT_NF4_ORACLE": str(self.folder)})
        self.assertIn("[  PASSED  ] 1 test", output)
        self.assertNotIn("SKIPPED", output)

    def test_random_weights(self):
        import torch

        torch.manual_seed(7)
        for shape in ((1, 64), (7, 32), (130, 640), (64, 2048)):  # the second ends in a shorter block
            with self.subTest(shape=shape):
                self.check(torch.randn(shape) / 20)
        self.check(torch.cat([torch.zeros(2, 64), torch.randn(2, 64)]))  # blocks of zeros

    def test_weights_of_the_real_model(self):
        from safetensors import safe_open

        with safe_open(str(real_model() / "model.safetensors"), "pt") as file:
            for name in ("model.layers.0.self_attn.q_proj.weight", "model.layers.17.mlp.down_proj.weight"):
                with self.subTest(name=name):
                    self.check(file.get_tensor(name).float())


class QuantisedModelParity(ParityTest):
    PACKAGES = ["torch", "transformers", "bitsandbytes", "peft", "trl", "datasets"]

    def model(self, name, dtype="float32"):
        """A tiny model whose rows are whole blocks of 64, as every real model's are: others bitsandbytes dequantises wrongly on a CPU."""
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM

        config = AutoConfig.from_pretrained(tiny_models() / name, **{"n_inner" if name == "gpt2-tiny" else "intermediate_size": 192})
        folder = self.folder / f"{name}-{dtype}"
        torch.manual_seed(7)
        AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype)).save_pretrained(folder)
        hf_tokenizer(tiny_models() / name).save_pretrained(folder)
        return folder

    def scores(self, model, *flags):
        texts = [text[:200] for text in udhr_texts(1)][:4]
        write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        xlt("score", "--model", model, "--dtype", "float32", "--input", self.folder / "texts.jsonl", "--output", self.folder / "scores.jsonl", "--per-token", *flags)
        return texts, [row["token_log_likelihoods"] for row in read_jsonl(self.folder / "scores.jsonl")]

    def assert_scores(self, model, tokenizer, peer, *flags, delta=1e-4):
        texts, mine = self.scores(model, *flags)
        for text, tokens in zip(texts, mine):
            expected = token_logps(peer, hf_tokenizer(tokenizer)(text)["input_ids"]).tolist()
            self.assertLess(max(abs(a - b) for a, b in zip(tokens, expected)), delta)

    def test_log_likelihoods_are_those_of_bitsandbytes(self):
        for name in ("llama-tiny", "gemma3-tiny", "gpt2-tiny"):  # the second ties its head; the third's matrices lie transposed
            with self.subTest(model=name):
                model = self.model(name)
                self.assert_scores(model, model, in_4_bits(model), "--quantize", "nf4")

    def test_qlora_losses_are_those_of_peft(self):
        model, steps = self.model("llama-tiny"), 20
        adapter = initial_adapter(model, self.folder / "adapter")
        for method, flags in (("dpo", ["--optimizer", "rmsprop", "--learning-rate", "1e-5", "--weight-decay", "0.05", "--max-grad-norm", "10"]),
                              ("sft", ["--optimizer", "adamw", "--learning-rate", "3e-4", "--weight-decay", "0.001", "--max-grad-norm", "1"])):
            with self.subTest(method=method):
                data = training_data() / {"dpo": "pairs.jsonl", "sft": "texts.jsonl"}[method]
                xlt("train", "--method", method, "--model", model, "--data", data, "--output", self.folder / method, "--adapter", "qlora", "--init-adapter",
                    adapter, "--dtype", "float32", "--lora-dropout", "0", "--no-shuffle", "--max-steps", steps, "--batch-size", 4, "--max-length", 512,
                    "--lr-schedule", "constant_with_warmup", "--warmup-steps", 10, *flags)
                mine = [row["loss"] for row in read_jsonl(self.folder / method / "metrics.jsonl") if row["split"] == "train"]
                theirs = [row["loss"] for row in trl_history(method, model, adapter, data, steps, load=in_4_bits)]
                self.assertEqual(len(mine), len(theirs))
                worst = max(abs(a - b) for a, b in zip(mine, theirs))
                print(f"\n  {method} in NF4: largest difference of {steps} losses {worst:.2e}", flush=True)
                self.assertLess(worst, 1e-4)

    def test_merging_into_4_bits_is_pefts_and_both_read_both(self):
        """Codes bit for bit, of f32 and bf16 checkpoints; what is written here loads in transformers, and what transformers writes loads here."""
        import torch
        from peft import PeftModel
        from safetensors.torch import load_file

        for dtype, name in (("float32", "llama-tiny"), ("bfloat16", "gemma3-tiny")):
            with self.subTest(dtype=dtype):
                model = self.model(name, dtype)
                adapter = initial_adapter(model, self.folder / f"adapter-{name}", b_scale=0.05)
                peft = PeftModel.from_pretrained(in_4_bits(model, dtype), adapter).merge_and_unload()
                theirs, mine = self.folder / f"peft-{name}", self.folder / f"mine-{name}"
                peft.save_pretrained(theirs)
                hf_tokenizer(model).save_pretrained(theirs)
                xlt("merge", "--model", model, "--adapter", adapter, "--output", mine, "--precision", "nf4")
                a, b = load_file(mine / "model.safetensors"), load_file(theirs / "model.safetensors")
                self.assertEqual(set(a), set(b))
                self.assertGreater(sum("absmax" in key for key in a), 20)
                for key in a:
                    if "quant_state" in key:  # JSON, in any order
                        self.assertEqual(*(json.loads(bytes(x[key].tolist())) for x in (a, b)), key)
                    else:
                        self.assertTrue(torch.equal(a[key], b[key]), key)
                self.assert_scores(mine, model, in_4_bits(mine))
                self.assert_scores(theirs, model, in_4_bits(theirs))


if __name__ == "__main__":
    unittest.main()
