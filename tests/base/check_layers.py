#!/usr/bin/env python3
"""Layers point down: fails on an include that points upward or sideways, and on libtorch where a public header may not have it.

usage: check_layers.py [--self-test]      SPDX-License-Identifier: Apache-2.0
"""
import pathlib
import re
import sys
import tempfile

LAYERS = {"base": 0, "text": 1, "dataset": 1, "ops": 1, "nn": 2, "checkpoint": 2, "models": 3, "lm": 4, "train": 4, "eval": 5, "lab": 5, "run": 6, "cli": 7}
# Modules whose public headers may include ATen/core/Tensor.h, and nothing else of libtorch.
TENSOR_HEADERS = {"ops", "nn", "checkpoint", "train"}
# Modules whose sources may include libtorch.
TORCH_SOURCES = {"ops", "nn", "checkpoint", "models", "lm", "train"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def module_of(path, root):
    parts = path.relative_to(root).parts
    name = parts[2] if parts[:2] == ("include", "xlt") else parts[1] if parts[0] == "src" else ""
    return name if name in LAYERS else None


def faults_of(path, root):
    module = module_of(path, root)
    is_public = path.relative_to(root).parts[0] == "include"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(1)
        place = f"{path.relative_to(root)}:{number}: {name}"
        if name.startswith("torch/torch.h"):
            yield f"{place}: torch/torch.h costs 22 s a translation unit; include what is used"
        is_torch = name.startswith(("torch/", "ATen/", "c10/"))
        if module and is_torch and is_public and (module not in TENSOR_HEADERS or name != "ATen/core/Tensor.h"):
            yield f"{place}: public headers of {module} may not include this"
        if module and is_torch and not is_public and module not in TORCH_SOURCES:
            yield f"{place}: {module} is built without libtorch"
        target = name.removeprefix("xlt/").split("/")[0]
        if module and "/" in name and target in LAYERS and target != module and LAYERS[target] >= LAYERS[module]:
            yield f"{place}: {module} (layer {LAYERS[module]}) may not include {target} (layer {LAYERS[target]})"


def check(root):
    files = sorted(f for folder in ("include", "src") for f in (root / folder).rglob("*") if f.suffix in {".h", ".cpp", ".cu", ".cuh"})
    return files, [fault for file in files for fault in faults_of(file, root)]


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        planted = {"include/xlt/base/a.h": '#include "xlt/eval/b.h"', "src/text/c.cpp": '#include "dataset/d.h"', "include/xlt/lm/e.h": "#include <ATen/core/Tensor.h>",
                   "src/nn/f.cpp": "#include <torch/torch.h>", "src/eval/g.cpp": "#include <ATen/ATen.h>"}
        for name, text in planted.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text + "\n", encoding="utf-8")
        (root / "src/lm").mkdir(parents=True)
        (root / "src/lm/fine.cpp").write_text('#include "xlt/models/x.h"\n#include <ATen/core/Tensor.h>\n', encoding="utf-8")
        _, faults = check(root)
    missed = [name for name in planted if not any(fault.startswith(name + ":") for fault in faults)]
    wrong = [fault for fault in faults if fault.startswith("src/lm/fine.cpp")]
    print(f"{len(planted)} planted faults, missed {missed}, wrongly found {wrong}")
    return 1 if missed or wrong else 0


def main():
    if "--self-test" in sys.argv:
        return self_test()
    files, faults = check(pathlib.Path(__file__).resolve().parents[2])
    print("\n".join(faults))
    print(f"{len(files)} files checked, {len(faults)} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
