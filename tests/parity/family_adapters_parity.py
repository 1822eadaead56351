# SPDX-License-Identifier: Apache-2.0
"""LoRA on every decoder family beside PEFT: gradients of a DPO loss, and adapters and merged models both ways."""
import unittest

from families_parity import FamilyTest
from support import MORE_FAMILIES, TINY, hf_model, hf_tokenizer, read_jsonl, tiny_models, training_data, write_jsonl, xlt


class AdapterParity(FamilyTest):
    """LoRA on every linear layer, Conv1D and fused ones included, as PEFT's."""

    PACKAGES = ["torch", "transformers", "peft"]
    RATE = 10.0  # so large that a step of gradient descent shows the gradient to all its digits

    def initial_adapter(self, model, folder):
        import torch
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForCausalLM

        torch.manual_seed(3)
        base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
        adapted = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM"))
        with torch.no_grad():
            for name, parameter in adapted.named_parameters():
                if "lora_B" in name:
                    parameter.normal_(0, 0.05)
        adapted.save_pretrained(folder)
        return adapted.eval()

    def pair_logps(self, model, ids, begin):
        import torch

        logps = model(torch.tensor([ids])).logits[0, :-1].log_softmax(-1)
        return logps.gather(1, torch.tensor(ids[1:])[:, None])[begin - 1:].sum()

    def dpo_gradients(self, model, tokenizer, rows, beta):
        import torch

        model.zero_grad()
        losses = []
        for row in rows:
            prompt = tokenizer(row["prompt"])["input_ids"]
            margins = []
            for answer in (row["chosen"], row["rejected"]):
                ids = tokenizer(row["prompt"] + answer)["input_ids"]
                begin = next((i for i, (a, b) in enumerate(zip(ids, prompt)) if a != b), min(len(ids), len(prompt)))
                if ids[-1] != tokenizer.eos_token_id:
                    ids = ids + [tokenizer.eos_token_id]
                with torch.no_grad(), model.disable_adapter():
                    reference = self.pair_logps(model, ids, begin)
                margins.append(self.pair_logps(model, ids, begin) - reference)
            losses.append(-torch.nn.functional.logsigmoid(beta * (margins[0] - margins[1])))
        torch.stack(losses).mean().backward()
        return {name: parameter.grad for name, parameter in model.named_parameters() if parameter.requires_grad}

    def test_gradients_of_dpo_and_what_is_saved(self):
        rows = read_jsonl(training_data() / "pairs.jsonl")[:4]
        write_jsonl(self.folder / "pairs.jsonl", rows)
        for name in TINY + MORE_FAMILIES:
            with self.subTest(model=name):
                self.check(tiny_models() / name, rows, self.folder / name)

    def check(self, model, rows, folder):
        from peft import PeftModel
        from safetensors.torch import load_file
        from transformers import AutoModelForCausalLM

        adapted = self.initial_adapter(model, folder / "initial")
        theirs = self.dpo_gradients(adapted, hf_tokenizer(model), rows, beta=0.1)
        xlt("train", "--method", "dpo", "--model", model, "--data", self.folder / "pairs.jsonl", "--output", folder / "run", "--init-adapter",
            folder / "initial", "--dtype", "float32", "--adapter", "lora", "--lora-dropout", 0, "--no-shuffle", "--max-steps", 1, "--batch-size", 4,
            "--beta", 0.1, "--max-length", 512, "--optimizer", "sgd", "--learning-rate", self.RATE, "--weight-decay", 0, "--max-grad-norm", 0,
            "--lr-schedule", "constant", "--eval-split", 0)
        before, after = (load_file(folder / f / "adapter_model.safetensors") for f in ("initial", "run/adapter"))
        language = {key: value for key, value in before.items() if "vision_tower" not in key}
        self.assertEqual(sorted(language), sorted(after))
        worst = 0.0
        for key in after:
            gradient = theirs[key.replace(".lora_A.weight", ".lora_A.default.weight").replace(".lora_B.weight", ".lora_B.default.weight")]
            mine = (before[key] - after[key]) / self.RATE
            worst = max(worst, ((mine - gradient).abs().max() / gradient.abs().max()).item())
        print(f"\n  {model.name}: gradients of {len(after)} tensors, largest difference {worst:.1e} of a tensor's largest", flush=True)
        self.assertLess(worst, 1e-4)

        texts = self.texts(model, 1)[:4]
        # What was saved is the same model to PEFT, and merged, to transformers.
        mine = self.score(model, texts, "--dtype", "float32", "--adapter", folder / "run" / "adapter")
        xlt("merge", "--model", model, "--adapter", folder / "run" / "adapter", "--output", folder / "merged", "--dtype", "float32")
        fresh = AutoModelForCausalLM.from_pretrained(model, dtype="float32").eval()
        for loaded in (PeftModel.from_pretrained(fresh, folder / "run" / "adapter").eval(), hf_model(folder / "merged")):
            for difference in self.differences(mine, loaded, hf_tokenizer(model), texts):
                self.assertLess(difference.abs().max().item(), 2e-4)


if __name__ == "__main__":
    unittest.main()
