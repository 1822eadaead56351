#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`xlt sweep configs/sweeps/paper.json --dry-run` on made-up models and data: full-size models as files with holes, and data files a hundredth of the
published sizes; XLT_PAPER_SCALE=1 makes them whole (1 GB). The other grids of configs/sweeps are read too."""
import json
import math
import os
import pathlib
import struct
import subprocess
import time
import unittest

from support import ROOT, XLT, Scenario, run, write_rows

SCALE = float(os.environ.get("XLT_PAPER_SCALE", "0.01"))
CONFIG = ROOT / "configs" / "sweeps" / "paper.json"
LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
         "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": False, "rms_norm_eps": 1e-5, "hidden_act": "silu",
         "rope_theta": 500000.0, "max_position_embeddings": 8192, "torch_dtype": "bfloat16", "bos_token_id": 0, "eos_token_id": 1}
MISTRAL = {**LLAMA, "model_type": "mistral", "architectures": ["MistralForCausalLM"], "vocab_size": 32768, "sliding_window": None}
GEMMA = {**LLAMA, "model_type": "gemma2", "architectures": ["Gemma2ForCausalLM"], "hidden_size": 3584, "num_hidden_layers": 42, "num_attention_heads": 16,
         "num_key_value_heads": 8, "head_dim": 256, "vocab_size": 256000, "tie_word_embeddings": True, "hidden_activation": "gelu_pytorch_tanh",
         "query_pre_attn_scalar": 256, "sliding_window": 4096, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "rope_theta": 10000.0}
GEMMA_2B = {**GEMMA, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4}
COHERE = {**LLAMA, "model_type": "cohere", "architectures": ["CohereForCausalLM"], "vocab_size": 256000, "tie_word_embeddings": True, "logit_scale": 0.0625,
          "layer_norm_eps": 1e-5, "use_qk_norm": False}


def tensors_of(config):
    """{name: shape}"""
    c, i, kind = config["hidden_size"], config["intermediate_size"], config["model_type"]
    d = config.get("head_dim", c // config["num_attention_heads"])
    q, kv = config["num_attention_heads"] * d, config["num_key_value_heads"] * d
    norms = {"cohere": ["input_layernorm"], "gemma2": ["input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"]}
    shapes = {"model.embed_tokens.weight": [config["vocab_size"], c], "model.norm.weight": [c]}
    if not config["tie_word_embeddings"]:
        shapes["lm_head.weight"] = [config["vocab_size"], c]
    for layer in range(config["num_hidden_layers"]):
        for name, shape in {"self_attn.q_proj": [q, c], "self_attn.k_proj": [kv, c], "self_attn.v_proj": [kv, c], "self_attn.o_proj": [c, q],
                            "mlp.gate_proj": [i, c], "mlp.up_proj": [i, c], "mlp.down_proj": [c, i],
                            **{norm: [c] for norm in norms.get(kind, ["input_layernorm", "post_attention_layernorm"])}}.items():
            shapes[f"model.layers.{layer}.{name}.weight"] = shape
    return shapes


def write_model(folder, config, name):
    """All zeros, and no blocks on the disk but the header's."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({**config, "_name": name}))
    header, at = {}, 0
    for tensor, shape in tensors_of(config).items():
        size = 2 * math.prod(shape)
        header[tensor] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # tensors are aligned, as everybody writes them
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)


def repeated(path, row, count):
    """`count` rows of one length, cheaply."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        for i in range(max(1, int(count * SCALE))):
            file.write(row.replace("#", f"{i:07d}") + "\n")


def write_training_data(root):
    words = "She said that the report of the council would be read out in the evening. "
    panda = json.dumps({"original": words * 12 + "#", "perturbed": words * 12 + "#"})
    repeated(root / "panda" / "train.jsonl", panda, 94966)
    repeated(root / "panda" / "valid.jsonl", panda, 10551)
    for name, count in (("train.csv", 1_804_874), ("test_private_expanded.csv", 97_320)):
        repeated(root / "jigsaw" / name, f'#,0.0,"{words * 4}"', count)
        text = (root / "jigsaw" / name).read_text()
        (root / "jigsaw" / name).write_text("id,target,comment_text\n" + text)
    pair = {"prompt": words, "chosen": words + "#", "rejected": words * 2 + "#"}
    repeated(root / "biasdpo.jsonl", json.dumps(pair), 1145)
    toxicity = {"prompt_text": words, "unpert_gen_text": words + "#", "pert_gen_text": words + "# no"}
    for i in range(6):
        repeated(root / "toxicity_pairwise" / f"split_{i}.jsonl", json.dumps(toxicity), 4096)


def write_evaluation_data(root):
    words = "A sentence about a market in the north, as one finds it in many towns. "
    for place in ("ar_DZ", "ca_ES", "zh_CN", "mt_MT", "it_IT", "fr_FR", "es_AR", "en_US", "de_DE"):
        repeated(root / "crows_pairs" / f"{place}.csv", f'#,"{words}","{words}",stereo,gender', 1500)
        file = root / "crows_pairs" / f"{place}.csv"
        file.write_text(",sent_more,sent_less,stereo_antistereo,bias_type\n" + file.read_text())
    for language in ("de", "en", "es", "fr", "tr"):
        row = {"id": "#", "target": "x", "bias_type": "gender", "context": words, "candidates": [{"sentence": words, "word": "x", "gold_label": "stereotype"}] * 3}
        repeated(root / "stereoset" / f"{language}.jsonl", json.dumps(row), 2100)
    for language in ("ar", "cs", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "zh"):
        repeated(root / "rtp_lx" / "prompts" / f"{language}.jsonl", json.dumps({"Prompt": words, "Toxicity": "#"}), 1078)
        repeated(root / "tatoeba" / f"{language}.tsv", words, 1000)
    for language in ("ar", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ro", "ru", "tr", "uk", "zh"):
        row = json.dumps({"question": words * 3, **{f"option_{x}": "a short answer" for x in "abcd"}, "answer": "A", "subject": "law", "id": "#"})
        repeated(root / "global_mmlu" / language / "test.jsonl", row, 14042)
        repeated(root / "global_mmlu" / language / "dev.jsonl", row, 285)
    for language in ("en", "es", "nl", "tr"):
        for subset in ("Age", "Disability_status", "Gender_identity", "Physical_appearance", "SES", "Sexual_orientation"):
            for control in ("", "_control"):
                row = json.dumps({"example_id": "#", "context": words * 2, "question": words, "ans0": "the one", "ans1": "the other", "ans2": "unknown"})
                repeated(root / "mbbq" / f"{subset}{control}_{language}.jsonl", row, 1600)


class PaperSweep(Scenario):
    def test_the_whole_study_is_planned_from_files(self):
        grid = json.loads("\n".join(line for line in CONFIG.read_text().splitlines() if not line.lstrip().startswith("//")))
        for model in grid["models"]:
            kinds = {"aya": COHERE, "llama": LLAMA, "mistral": MISTRAL, "gemma-2-9b": GEMMA, "gemma-2-2b": GEMMA_2B}
            write_model(self.folder / model["model"], next(config for name, config in kinds.items() if model["name"].startswith(name)), model["name"])
        write_training_data(self.folder / "train")
        write_evaluation_data(self.folder / "data")
        begin = time.monotonic()
        process = run("sweep", CONFIG, "--dry-run", cwd=self.folder, timeout=300)
        seconds = time.monotonic() - begin
        self.assert_works(process)
        plan = json.loads(process.stdout)
        arms = plan["totals"]["arms"]
        self.assertEqual(len(arms), 48)
        self.assertEqual(plan["totals"]["train"], 36)
        # Every untouched model once; every trained cell is evaluated after its own training.
        untouched = {cell["model"] for cell in plan["cells"] if cell["recipe"] is None}
        self.assertEqual(len(untouched), 12)
        trained = {cell["id"] for cell in plan["cells"] if cell["kind"] == "train"}
        for cell in plan["cells"]:
            if cell["kind"] == "eval":
                self.assertEqual(len(cell["needs"]), cell["recipe"] is not None)
                self.assertTrue(set(cell["needs"]) <= trained)
            for key in ("num_tokens", "seconds", "memory_bytes", "disk_bytes"):
                self.assertGreaterEqual(cell[key], 0, (key, cell))  # 0: a language without a file
        benchmarks = {(cell["recipe"], cell["part"].split("/")[0]) for cell in plan["cells"] if cell["kind"] == "eval"}
        self.assertIn(("panda", "mbbq"), benchmarks)
        self.assertNotIn(("jigsaw", "crows_pairs"), benchmarks)
        hours = sum(arm["seconds"] for arm in arms) / 3600
        print(f"scale {SCALE:g}: {len(plan['cells'])} cells planned in {seconds:.1f} s, {hours:.1f} GPU hours", flush=True)
        if SCALE == 1:
            for arm in arms:
                print(f"  {arm['arm']:50s} {arm['seconds'] / 3600:7.2f} GPU h", flush=True)

    def test_the_other_grids_are_in_order(self):
        for name in ("quick", "objectives"):
            # Without the model, which is made elsewhere, the plan stops at its folder and at nothing before.
            process = subprocess.run([XLT, "sweep", f"configs/sweeps/{name}.json", "--dry-run", "--set", "workers=1"], cwd=ROOT, capture_output=True, text=True)
            if process.returncode != 0:
                self.assertIn("gemma-3-270m", process.stderr)


if __name__ == "__main__":
    unittest.main()
