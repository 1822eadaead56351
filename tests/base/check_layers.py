#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layers point down: fails on an include that points upward or sideways, on another module's private header, and on
libtorch where the table of modules has none (in a public header, or through the headers that a file includes). Fails too on two
headers that define classes of one name in one namespace: the linker would take one's functions for the other's.

usage: check_layers.py [--self-test]
"""
import pathlib
import re
import sys
import tempfile

LAYERS = {"base": 0, "stats": 0, "text": 1, "dataset": 1, "ops": 1, "parallel": 1, "nn": 2, "checkpoint": 2, "models": 3,
          "lm": 4, "train": 4, "scorers": 5, "eval": 6, "lab": 6, "findings": 7, "run": 8, "cli": 9}
# Modules that may include another of their own layer: statistics draw random numbers and throw base's errors.
BESIDE = {"stats": {"base"}}
# Modules that may include less than everything below them: scorers and evaluation know models through lm's wall alone.
ALLOWED = {"stats": {"base"}, "parallel": {"base"}, "scorers": {"base", "stats", "text", "dataset", "lm"},
           "eval": {"base", "stats", "text", "dataset", "lm", "scorers"}, "lab": {"base", "stats", "text", "dataset"},
           "findings": {"base", "stats", "text", "dataset", "lm", "scorers", "eval"}}
# Modules whose public headers may include ATen/core/Tensor.h, and nothing else of libtorch.
TENSOR_HEADERS = {"ops", "nn", "checkpoint", "train"}
# Modules whose sources may include libtorch.
TORCH_SOURCES = {"ops", "parallel", "nn", "checkpoint", "models", "lm", "train"}
# Modules that are compiled without libtorch's include folders, so none of their includes may lead to it either.
WITHOUT_TORCH = {"base", "stats", "text", "dataset", "scorers", "eval", "lab", "findings"}
SUFFIXES = {".h", ".cpp", ".cu", ".cuh", ".def"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
NAMESPACE = re.compile(r"^namespace ([\w:]+) \{")
CLASS = re.compile(r"^(?:struct|class) (\w+)(?: final)?(?: :[^;{]*)? \{")
TORCH = ("torch/", "ATen/", "c10/", "caffe2/")


class Include:
    """One `#include` line of a file, and whose it is."""

    def __init__(self, line, name):
        self.line, self.name = line, name
        parts = name.split("/")
        self.is_public = parts[0] == "xlt"
        owner = parts[1 if self.is_public else 0] if len(parts) > (2 if self.is_public else 1) else ""
        self.module = owner if owner in LAYERS or self.is_public else None
        self.is_torch = name.startswith(TORCH)


class Tree:
    """The includes of every header and source under include/ and src/ of `root`, by path relative to it."""

    def __init__(self, root):
        self.includes = {}
        for folder in ("include", "src"):
            for file in sorted((root / folder).rglob("*")):
                if file.suffix in SUFFIXES and file.is_file():
                    matches = enumerate(map(INCLUDE.match, file.read_text(encoding="utf-8").splitlines()), 1)
                    self.includes[file.relative_to(root)] = [Include(n, m.group(1)) for n, m in matches if m]

    def file_of(self, include):
        """The file of this tree that is included, or None."""
        for folder in ("include", "src"):
            path = pathlib.PurePosixPath(folder) / include.name
            if pathlib.Path(path) in self.includes:
                return pathlib.Path(path)
        return None

    def way_to_torch(self, path, seen=None):
        """The headers that lead from a file to libtorch, the last one libtorch's; empty where none does."""
        seen = set() if seen is None else seen
        seen.add(path)
        for include in self.includes[path]:
            if include.is_torch:
                return [include.name]
            target = self.file_of(include)
            if target and target not in seen:
                way = self.way_to_torch(target, seen)
                if way:
                    return [include.name] + way
        return []


def module_of(path):
    """The module a file belongs to; src/main.cpp and the front stand with the command line. None: a folder that is in no row."""
    parts = path.parts
    if parts[:1] == ("src",) and (len(parts) == 2 or parts[1] == "front"):
        return "cli"
    name = parts[2] if parts[:2] == ("include", "xlt") else parts[1]
    return name if name in LAYERS else None


def direction_fault(module, include):
    """What is wrong with the way an include points, or None."""
    target = include.module
    if target is None or target == module:
        return None
    if target not in LAYERS:
        return f"xlt has no module {target!r}"
    if LAYERS[target] >= LAYERS[module] and target not in BESIDE.get(module, ()):
        return f"{module} (layer {LAYERS[module]}) may not include {target} (layer {LAYERS[target]})"
    if target not in ALLOWED.get(module, LAYERS):
        return f"{module} may include {', '.join(sorted(ALLOWED[module]))} only"
    if not include.is_public:
        return f"a private header of {target}; what others include belongs in include/xlt/{target}"
    return None


def torch_fault(module, is_public, include):
    """What is wrong with an include of libtorch, or None."""
    if not include.is_torch:
        return None
    if include.name == "torch/torch.h":
        return "torch/torch.h costs 22 s a translation unit; include what is used"
    if is_public and (module not in TENSOR_HEADERS or include.name != "ATen/core/Tensor.h"):
        return f"public headers of {module} may not include this"
    if not is_public and module not in TORCH_SOURCES:
        return f"{module} is built without libtorch"
    return None


def faults_of(path, tree):
    module, is_public = module_of(path), path.parts[0] == "include"
    if module is None:
        yield f"{path}:1: belongs to no module of the table in {pathlib.Path(__file__).name}"
        return
    for include in tree.includes[path]:
        fault = direction_fault(module, include) or torch_fault(module, is_public, include)
        if "../" in include.name:
            fault = "a relative path; name the header from include/ or src/"
        target = tree.file_of(include)
        if not fault and target and (module in WITHOUT_TORCH or (is_public and module not in TENSOR_HEADERS)):
            way = tree.way_to_torch(target)
            fault = f"leads to libtorch through {' > '.join(way)}" if way else None
        if fault:
            yield f"{path}:{include.line}: {include.name}: {fault}"


def classes_of(root, path):
    """(line, namespace::name) of every class that a header defines outside other classes."""
    namespace = ""
    for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
        if opened := NAMESPACE.match(line):
            namespace = opened.group(1)
        if defined := CLASS.match(line):
            yield number, f"{namespace}::{defined.group(1)}"


def name_faults(root, headers):
    first = {}
    for path in headers:
        for line, name in classes_of(root, path):
            other = first.setdefault(name, path)
            if other != path:
                yield f"{path}:{line}: {name} is defined in {other} too; give it a name of its own"


def check(root):
    tree = Tree(root)
    faults = [fault for path in tree.includes for fault in faults_of(path, tree)]
    return list(tree.includes), faults + list(name_faults(root, [path for path in tree.includes if path.suffix == ".h"]))


# Each planted file holds one line that must be found, or (below) lines that must not.
PLANTED = {
    "include/xlt/base/upward.h": '#include "xlt/eval/b.h"',
    "src/text/sideways.cpp": '#include "xlt/dataset/d.h"',
    "src/lm/sideways.cpp": '  #  include <xlt/train/trainer.h>',
    "src/eval/scorers/private_upward.cpp": '#include "run/plan.h"',
    "src/eval/sees_train.cpp": '#include "xlt/train/trainer.h"',
    "src/eval/sees_models.cpp": '#include "xlt/models/decoder.h"',
    "src/train/private_of_nn.cpp": '#include "nn/attention.h"',
    "include/xlt/lm/tensor.h": "#include <ATen/core/Tensor.h>",
    "include/xlt/models/tensor.h": "#include <ATen/core/Tensor.h>",
    "include/xlt/ops/too_much.h": "#include <ATen/ATen.h>",
    "include/xlt/lm/indirect.h": '#include "xlt/nn/fine.h"',
    "src/nn/whole_torch.cpp": "#include <torch/torch.h>",
    "src/eval/torch.cpp": "#include <c10/util/Half.h>",
    "src/run/relative.cpp": '#include "../eval/x.h"',
    "src/main.cpp": "#include <ATen/Parallel.h>",
    "src/unheard_of/x.cpp": "#include <vector>",
    "src/base/unknown_module.cpp": '#include "xlt/unheard_of/x.h"',
    "src/models/families.def": '#include "xlt/lm/x.h"',
    "src/nn/same_name.h": "struct Named : Base {",
}
FINE = {
    "include/xlt/nn/a_name.h": "struct Named {\n};\nclass Declared;\n",
    "src/nn/other_namespace.h": "namespace other {\nstruct Named {\n};\nclass Declared;\n}\n",
    "include/xlt/nn/fine.h": '#include <ATen/core/Tensor.h>\n#include "xlt/ops/x.h"\n',
    "src/lm/fine.cpp": '#include "lm/own.h"\n#include "xlt/models/x.h"\n#include <ATen/Parallel.h>\n',
    "src/eval/fine.cpp": '#include <vector>\n#include "xlt/lm/language_model.h"\n// #include "xlt/train/x.h"\n',
    "src/cli/fine.cpp": '#include "xlt/run/x.h"\n#include "xlt/train/x.h"\n',
    "src/train/losses/fine.cpp": '#include "train/losses/loss.h"\n#include <torch/csrc/autograd/custom_function.h>\n',
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**PLANTED, **FINE}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text + "\n", encoding="utf-8")
        _, faults = check(root)
    missed = [name for name in PLANTED if not any(fault.startswith(name + ":1:") for fault in faults)]
    wrong = [fault for fault in faults if fault.split(":")[0] in FINE]
    print(f"{len(PLANTED)} planted faults, missed: {missed or 'none'}, wrongly found: {wrong or 'none'}")
    return 1 if missed or wrong else 0


def main():
    if "--self-test" in sys.argv:
        return self_test()
    files, faults = check(pathlib.Path(__file__).resolve().parents[2])
    print("\n".join(faults + [f"{len(files)} files checked, {len(faults)} faults"]))
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
