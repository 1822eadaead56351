# SPDX-License-Identifier: Apache-2.0
"""Losses and margins equal TRL's, step by step, from the same initial PEFT adapter; adapters and merged models go both ways.

XLT_PARITY_STEPS=50 makes every trajectory on a tiny model that long; without it they are 10 to 20 steps.
"""
import importlib
import json
import os
import shutil
import sys
import unittest

from support import (ROOT, ParityTest, hf_model, hf_tokenizer, read_jsonl, real_model, run, tiny_models, token_logps, training_data, udhr_texts, write_jsonl,
                     xlt)


def lora_config(**kind):
    from peft import LoraConfig

    return LoraConfig(r=64, lora_alpha=16, lora_dropout=0.0, target_modules="all-linear", bias="none", task_type="CAUSAL_LM", **kind)


def fresh_model(folder):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def initial_adapter(model_folder, folder, b_scale=0.0, **kind):
    """A PEFT adapter as it begins (B = 0), or with B drawn at random. `kind`: use_dora, use_rslora."""
    import torch
    from peft import get_peft_model

    torch.manual_seed(3)
    model = get_peft_model(fresh_model(model_folder), lora_config(**kind))
    if b_scale:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_B" in name:
                    parameter.normal_(0, b_scale)
                if "magnitude" in name:
                    parameter.mul_(1.1)
    model.save_pretrained(folder)
    return folder


PREFERENCE = dict(beta=0.1, learning_rate=1e-5, optim="rmsprop", weight_decay=0.05, max_grad_norm=10)
TEXTS = dict(learning_rate=3e-4, optim="adamw_torch", weight_decay=0.001, max_grad_norm=1.0)
# Of TRL: by method, its trainer and what differs from the recipe of its kind.
TRL = {
    "dpo": ("dpo", {}),
    "dpo_precomputed": ("dpo", dict(precompute_ref_log_probs=True)),
    "dpo_nll": ("dpo", dict(loss_type=["sigmoid", "sft"], loss_weights=[1.0, 0.5])),
    "robust": ("dpo", dict(loss_type="robust", label_smoothing=0.1)),
    "kto": ("kto", {}),
    "orpo": ("orpo", {}),
    "cpo": ("cpo", dict(label_smoothing=0.1)),
    "simpo": ("cpo", dict(loss_type="simpo", cpo_alpha=0.0, simpo_gamma=0.7, beta=2.0)),
    "sft": ("sft", {}),
    "sft_completions": ("sft", {}),
}


def trl_classes(trainer):
    """A trainer of TRL's and its configuration. Those of ORPO and CPO are among its experimental ones, which not every version has."""
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    if trainer in ("orpo", "cpo"):
        try:
            module = importlib.import_module(f"trl.experimental.{trainer}")
        except ImportError:
            raise unittest.SkipTest(f"this TRL has no trl.experimental.{trainer}") from None
    else:
        module = importlib.import_module("trl")
    return getattr(module, f"{trainer.upper()}Config"), getattr(module, f"{trainer.upper()}Trainer")


def trl_history(method, model_folder, adapter, data, steps, load=fresh_model):
    """The log of TRL's trainer over `steps` steps of 4 rows in file order, with the paper's optimiser settings. `load`: makes the base model."""
    from datasets import Dataset
    from peft import PeftModel
    from torch.utils.data import SequentialSampler

    trainer, settings = TRL.get(method, ("dpo", dict(loss_type=method)))
    config_class, trainer_class = trl_classes(trainer)

    class InFileOrder(trainer_class):
        def _get_train_sampler(self, *_):
            return SequentialSampler(self.train_dataset)

    arguments = config_class(
        output_dir=str(adapter.parent / f"trl-{method}"), report_to=[], save_strategy="no", logging_steps=1, max_steps=steps, seed=42, use_cpu=True,
        bf16=False, fp16=False, gradient_checkpointing=False, lr_scheduler_type="constant_with_warmup", warmup_steps=10, disable_tqdm=True,
        per_device_train_batch_size=4, gradient_accumulation_steps=1, max_length=512, **{**(TEXTS if trainer == "sft" else PREFERENCE), **settings})
    model = PeftModel.from_pretrained(load(model_folder), adapter, is_trainable=True)
    trained = {name: parameter.data.clone() for name, parameter in model.named_parameters() if parameter.requires_grad}
    trainer = InFileOrder(model=model, args=arguments, train_dataset=Dataset.from_list(read_jsonl(data)[: steps * 4]),
                          processing_class=hf_tokenizer(model_folder))
    for name, parameter in model.named_parameters():  # TRL's trainers round adapters on 4-bit models to bfloat16; PEFT alone does not
        if name in trained:
            parameter.data = trained[name]
    trainer.train()
    return [row for row in trainer.state.log_history if "loss" in row]


class TrainParity(ParityTest):
    PACKAGES = ["torch", "transformers", "peft", "trl", "datasets"]
    PREFERENCE = ["--optimizer", "rmsprop", "--learning-rate", "1e-5", "--weight-decay", "0.05", "--max-grad-norm", "10"]  # beta 0.1: the default of both
    TEXTS = ["--optimizer", "adamw", "--learning-rate", "3e-4", "--weight-decay", "0.001", "--max-grad-norm", "1"]
    RECIPE = {"sft": TEXTS, "sft_completions": TEXTS, "robust": [*PREFERENCE, "--label-smoothing", "0.1"],
              "cpo": [*PREFERENCE, "--label-smoothing", "0.1"], "dpo_nll": [*PREFERENCE, "--nll-weight", "0.5"],
              "simpo": [*PREFERENCE, "--beta", "2", "--simpo-gamma", "0.7"]}
    METHOD = {"sft_completions": "sft", "dpo_nll": "dpo", "dpo_precomputed": "dpo"}  # where a row of the table is a method with options

    def rows_for(self, method, count):
        """A file of the method's rows; for KTO, answers to keep and to avoid in turn."""
        rows = read_jsonl(training_data() / ("texts.jsonl" if method == "sft" else "pairs.jsonl"))[:count]
        if method == "kto":
            rows = [{"prompt": row["prompt"], "completion": row["rejected" if i % 2 else "chosen"], "label": i % 2 == 0} for i, row in enumerate(rows)]
        if method == "sft_completions":
            rows = [{"prompt": row["prompt"], "completion": row["chosen"]} for row in rows]
        return write_jsonl(self.folder / "rows.jsonl", rows)

    def check(self, method, model, steps, rows=None, **kind):
        if model.parent == tiny_models():
            steps = int(os.environ.get("XLT_PARITY_STEPS", steps))
        adapter = initial_adapter(model, self.folder / "adapter", **kind)
        data = rows = rows or self.rows_for(method, steps * 4)
        xlt("train", "--method", self.METHOD.get(method, method), "--model", model, "--data", rows, "--output", self.folder / "run", "--init-adapter", adapter,
            "--dtype", "float32", "--adapter", "lora", "--lora-dropout", "0", "--no-shuffle", "--max-steps", steps, "--batch-size", 4, "--max-length", 512, "--lr-schedule",
            "constant_with_warmup", "--warmup-steps", 10, "--logging-steps", 1, *self.RECIPE.get(method, self.PREFERENCE))
        mine = [row for row in read_jsonl(self.folder / "run" / "metrics.jsonl") if row["split"] == "train"]
        theirs = trl_history(method, model, adapter, data, steps)
        self.assertEqual(len(mine), steps)
        self.assertEqual(len(theirs), steps)
        worst = max(abs(a["loss"] - b["loss"]) for a, b in zip(mine, theirs))
        print(f"\n  {method} on {model.name}: largest difference of {steps} losses {worst:.2e}", flush=True)
        for a, b in zip(mine, theirs):
            # TRL's log rounds to four digits, which the bound has to leave room for.
            self.assertAlmostEqual(a["loss"], b["loss"], delta=1e-4, msg=f"step {a['step']}")
            if "rewards/margins" in a:
                self.assertAlmostEqual(a["rewards/margins"], b["rewards/margins"], delta=1e-3)
            if "rewards/margins" in a and method not in ("orpo", "simpo"):  # TRL logs theirs per token
                self.assertAlmostEqual(a["logps/chosen"], b["logps/chosen"], delta=2e-2)
            if "nll_loss" in a and "nll_loss" in b:
                self.assertAlmostEqual(a["nll_loss"], b["nll_loss"], delta=1e-4)
            self.assertAlmostEqual(a["grad_norm"] / max(b["grad_norm"], 1e-9), 1.0, delta=2e-2)

    def test_dpo_on_a_tiny_model(self):
        self.check("dpo", tiny_models() / "llama-tiny", 20)

    def test_sft_on_a_tiny_model(self):
        self.check("sft", tiny_models() / "llama-tiny", 20)

    def test_other_preference_losses_on_a_tiny_model(self):
        self.check_all("dpo_precomputed", "ipo", "hinge", "robust", "apo_zero", "kto", "dpo_nll")

    def test_losses_without_a_reference_on_a_tiny_model(self):
        self.check_all("orpo", "cpo", "simpo")

    def test_kinds_of_adapters_on_a_tiny_model(self):
        for kind in ("use_dora", "use_rslora"):
            with self.subTest(kind):
                self.check("sft", tiny_models() / "llama-tiny", 6, **{kind: True})
                shutil.rmtree(self.folder / "run")

    def test_sft_on_completions_on_a_tiny_model(self):
        self.check_all("sft_completions")

    def check_all(self, *methods):
        for method in methods:
            with self.subTest(method=method):
                self.check(method, tiny_models() / "llama-tiny", 10)
                shutil.rmtree(self.folder / "run")

    def test_conversations_are_read_as_trl_reads_them(self):
        """Messages alone, prompts with completions, and preferences: text by the chat template, labels and lengths as TRL's."""
        from chat_cases import TEMPLATES, assistant, system, user

        model = self.folder / "chat-model"
        shutil.copytree(tiny_models() / "llama31-tiny", model)
        (model / "chat_template.jinja").write_text(TEMPLATES["llama-3"], encoding="utf-8")
        pairs = read_jsonl(training_data() / "pairs.jsonl")[:12]
        prompts = [[system("Be kind."), user(pair["prompt"])] if i % 2 else [user(pair["prompt"])] for i, pair in enumerate(pairs)]
        kinds = {"messages": ("sft", [{"messages": [*prompt, assistant(pair["chosen"])]} for prompt, pair in zip(prompts, pairs)]),
                 "prompt and completion": ("sft", [{"prompt": prompt, "completion": [assistant(pair["chosen"])]} for prompt, pair in zip(prompts, pairs)]),
                 "preferences": ("dpo", [{"prompt": prompt, "chosen": [assistant(pair["chosen"])], "rejected": [assistant(pair["rejected"])]}
                                         for prompt, pair in zip(prompts, pairs)]),
                 "preferences with the prompt in them": ("dpo", [{side: [*prompt, assistant(pair[side])] for side in ("chosen", "rejected")}
                                                                 for prompt, pair in zip(prompts, pairs)])}
        for kind, (method, rows) in kinds.items():
            with self.subTest(kind):
                self.check(method, model, 3, write_jsonl(self.folder / "rows.jsonl", rows))
                shutil.rmtree(self.folder / "run")

    def test_dpo_on_the_real_model(self):
        self.check("dpo", real_model(), 5)

    def test_sft_on_the_real_model(self):
        self.check("sft", real_model(), 5)


class MonitorParity(ParityTest):
    """`--monitor`: bits per byte and KL(base || policy), against dense distributions of transformers with PEFT."""
    PACKAGES = ["torch", "transformers", "peft"]

    def test_bits_per_byte_and_kl_are_those_of_dense_distributions(self):
        import torch
        from peft import PeftModel

        for name in ("llama-tiny", "gemma3-tiny"):
            with self.subTest(name):
                model = tiny_models() / name
                adapter = initial_adapter(model, self.folder / f"adapter-{name}", b_scale=0.05)
                texts = [text[:120] for text in udhr_texts(3)][:8]
                write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
                xlt("train", "--method", "sft", "--model", model, "--data", training_data() / "texts.jsonl", "--output", self.folder / f"run-{name}",
                    "--init-adapter", adapter, "--dtype", "float32", "--learning-rate", 0, "--max-steps", 1, "--monitor", f"xx={self.folder / 'texts.jsonl'}")
                row = read_jsonl(self.folder / f"run-{name}" / "metrics.jsonl")[-1]["monitor"]["xx"]
                policy = PeftModel.from_pretrained(fresh_model(model), adapter).eval()
                nats = kl = positions = size = 0
                for text in texts:
                    ids = torch.tensor([hf_tokenizer(model)(text)["input_ids"]])
                    with torch.no_grad():
                        own = policy(ids).logits[0].double().log_softmax(-1)
                        with policy.disable_adapter():
                            base = policy(ids).logits[0].double().log_softmax(-1)
                    nats -= float(own[:-1].gather(1, ids[0, 1:, None]).sum())
                    kl += float((base.exp() * (base - own)).sum(-1)[:-1].sum())
                    positions += ids.shape[1] - 1
                    size += len(text.encode())
                self.assertAlmostEqual(row["bits_per_byte"], nats / 0.6931471805599453 / size, delta=1e-4)
                self.assertAlmostEqual(row["kl_to_base"] / (kl / positions), 1, delta=1e-3)


class TensorBoardParity(ParityTest):
    """`--tensorboard`: what TensorBoard's own reader finds in the event file is what metrics.jsonl holds, also of a run that was gone on with."""
    PACKAGES = ["tensorboard"]

    def test_its_reader_finds_every_number_of_the_metrics(self):
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        write_jsonl(self.folder / "texts.jsonl", [{"text": "Wo ist er?"}])
        for steps in (4, 6):
            xlt("train", "--method", "dpo", "--model", tiny_models() / "llama-tiny", "--data", training_data() / "pairs.jsonl", "--output", self.folder / "run",
                "--max-steps", steps, "--eval-split", 0.1, "--eval-steps", 2, "--monitor", f"de={self.folder / 'texts.jsonl'}", "--tensorboard", "--resume")
        events = EventAccumulator(str(self.folder / "run" / "tensorboard"), size_guidance={"scalars": 0})
        events.Reload()
        found = {(tag, event.step): event.value for tag in events.Tags()["scalars"] for event in events.Scalars(tag)}

        def numbers(row, prefix):
            for name, value in row.items():
                if isinstance(value, dict):
                    yield from numbers(value, f"{prefix}/{name}")
                elif isinstance(value, (int, float)) and name != "step":
                    yield f"{prefix}/{name}", value

        expected = {(tag, row["step"]): value for row in read_jsonl(self.folder / "run" / "metrics.jsonl") for tag, value in numbers(row, row["split"])}
        self.assertEqual({step for _, step in expected}, {1, 2, 3, 4, 5, 6})
        self.assertEqual(set(found), set(expected))
        for key, value in expected.items():
            self.assertAlmostEqual(found[key], value, delta=1e-6 * max(1, abs(value)), msg=key)


class FetchedDataParity(ParityTest):
    """scripts/parquet_to_jsonl.py: rows and texts of a Parquet file are those that pyarrow wrote into it."""
    PACKAGES = ["pyarrow"]

    def convert(self, rows, *flags):
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), self.folder / "rows.parquet")
        run([sys.executable, ROOT / "scripts" / "parquet_to_jsonl.py", self.folder / "rows.parquet", self.folder / "out" / "rows", *flags])
        return self.folder / "out" / "rows"

    def test_rows_and_texts(self):
        rows = [{"prompt": "他在哪里?\n", "score": 0.25, "sides": ["a", "b"]}, {"prompt": "“Wo”  ist\ter?", "score": None, "sides": []}]
        self.assertEqual(read_jsonl(self.convert(rows)), rows)
        self.assertEqual(self.convert(rows, "--text", "prompt").read_text(encoding="utf-8"), "他在哪里?\n“Wo” ist er?\n")
        self.assertEqual(os.listdir(self.folder / "out"), ["rows"])

    def test_the_hubs_stereoset(self):
        row = {"id": "1", "target": "baker", "bias_type": "profession", "context": "The baker is BLANK.",
               "sentences": {"sentence": ["The baker is kind.", "The baker is rude."], "gold_label": [0, 1]}}
        (made,) = read_jsonl(self.convert([row], "--stereoset"))
        self.assertEqual(made["candidates"], [{"sentence": "The baker is kind.", "word": "kind", "gold_label": "anti-stereotype"},
                                              {"sentence": "The baker is rude.", "word": "rude", "gold_label": "stereotype"}])


class LongTextParity(ParityTest):
    """`--long-texts split` trains on the rows that transformers' tokenizers make of overflowing tokens (stride 0)."""

    def test_rows_are_those_of_overflowing_tokens(self):
        texts = [text for text in udhr_texts(3)]
        write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        for name in ("llama-tiny", "gemma3-tiny"):
            model = tiny_models() / name
            rows = [ids for text in texts for ids in hf_tokenizer(model)(text, truncation=True, max_length=16, return_overflowing_tokens=True)["input_ids"]]
            run = self.folder / f"run-{name}"
            xlt("train", "--method", "sft", "--model", model, "--data", self.folder / "texts.jsonl", "--output", run, "--long-texts", "split", "--max-length",
                16, "--no-append-eos", "--no-shuffle", "--batch-size", 1, "--learning-rate", 0, "--lora-r", 1, "--max-steps", min(len(rows), 200))
            mine = [row["num_tokens"] for row in read_jsonl(run / "metrics.jsonl")]
            lengths = [len(ids) for ids in rows]
            self.assertEqual(mine, [sum(lengths[: i + 1]) for i in range(len(mine))])
            # And the tokens are the same: the untouched model's loss of each row.
            reference = hf_model(model)
            for ids, row in list(zip(rows, read_jsonl(run / "metrics.jsonl")))[:40]:
                if len(ids) > 1:
                    self.assertAlmostEqual(row["loss"], -float(token_logps(reference, ids).mean()), delta=1e-4)


class AdapterParity(ParityTest):
    PACKAGES = ["torch", "transformers", "peft"]
    TEXTS = 6

    def scores(self, model, *flags):
        texts = [text[:200] for text in udhr_texts(1)][: self.TEXTS]
        write_jsonl(self.folder / "texts.jsonl", [{"text": text} for text in texts])
        xlt("score", "--model", model, "--dtype", "float32", "--input", self.folder / "texts.jsonl", "--output", self.folder / "scores.jsonl", "--per-token", *flags)
        return texts, [row["token_log_likelihoods"] for row in read_jsonl(self.folder / "scores.jsonl")]

    def assert_same(self, texts, mine, model, tokenizer):
        for text, tokens in zip(texts, mine):
            expected = token_logps(model, tokenizer(text)["input_ids"]).tolist()
            self.assertEqual(len(tokens), len(expected))
            self.assertLess(max(abs(a - b) for a, b in zip(tokens, expected)), 1e-4)

    def test_adapters_made_by_peft_load_here(self):
        from peft import PeftModel

        for name in ("llama-tiny", "gemma3-tiny"):
            model = tiny_models() / name
            adapter = initial_adapter(model, self.folder / name, b_scale=0.05)
            texts, mine = self.scores(model, "--adapter", adapter)
            self.assert_same(texts, mine, PeftModel.from_pretrained(fresh_model(model), adapter).eval(), hf_tokenizer(model))

    def test_dora_and_rslora_go_both_ways(self):
        from peft import PeftModel

        model = tiny_models() / "llama-tiny"
        for kind in ("use_dora", "use_rslora"):
            with self.subTest(kind):
                adapters = [initial_adapter(model, self.folder / kind, b_scale=0.05, **{kind: True}),
                            self.train("sft", model, "--" + kind.replace("_", "-"))]
                for adapter in adapters:
                    self.assertTrue(json.loads((adapter / "adapter_config.json").read_text())[kind])
                    texts, mine = self.scores(model, "--adapter", adapter)
                    self.assert_same(texts, mine, PeftModel.from_pretrained(fresh_model(model), adapter).eval(), hf_tokenizer(model))
                merged = self.folder / f"merged-{kind}"
                xlt("merge", "--model", model, "--adapter", adapters[0], "--output", merged, "--dtype", "float32")
                texts, mine = self.scores(merged)
                self.assert_same(texts, mine, PeftModel.from_pretrained(fresh_model(model), adapters[0]).merge_and_unload().eval(), hf_tokenizer(model))

    def train(self, method, model, *flags):
        run, data = self.folder / f"run-{method}{''.join(map(str, flags))}", training_data() / {"dpo": "pairs.jsonl", "sft": "texts.jsonl"}[method]
        xlt("train", "--method", method, "--model", model, "--data", data, "--output", run, "--max-steps", 6, "--learning-rate", "3e-3", "--adapter", "lora",
            "--dtype", "float32", "--seed", 5, *flags)
        return run / "adapter"

    def test_adapters_made_here_load_in_peft_and_merge(self):
        for method, name in (("sft", "llama31-tiny"), ("dpo", "gemma3-tiny")):  # the second ties its head to its embedding
            with self.subTest(method=method, model=name):
                self.check_adapter_made_here(method, tiny_models() / name)

    def check_adapter_made_here(self, method, model):
        from peft import PeftModel

        adapter = self.train(method, model)
        texts, mine = self.scores(model, "--adapter", adapter)
        self.assert_same(texts, mine, PeftModel.from_pretrained(fresh_model(model), adapter).eval(), hf_tokenizer(model))

        merged = self.folder / f"merged-{method}"
        xlt("merge", "--model", model, "--adapter", adapter, "--output", merged, "--dtype", "float32")
        self.assert_same(texts, mine, fresh_model(merged).eval(), hf_tokenizer(merged))

    def test_a_model_trained_from_scratch_loads_in_transformers(self):
        model = tiny_models() / "gemma3-tiny"
        xlt("train", "--method", "sft", "--model-config", model / "config.json", "--tokenizer", model, "--adapter", "none", "--data",
            training_data() / "texts.jsonl", "--output", self.folder / "scratch", "--max-steps", 3, "--dtype", "float32")
        made = self.folder / "scratch" / "model"
        texts, mine = self.scores(made)
        self.assert_same(texts, mine, fresh_model(made).eval(), hf_tokenizer(made))


if __name__ == "__main__":
    unittest.main()
