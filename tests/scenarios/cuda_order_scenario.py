#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libtorch's CUDA side is asked nothing before somebody looked for the driver, as xlt/ops/cuda.h has it: too early a question, and a GPU that
is there cannot be used. Needs no GPU: a small library put in front of libtorch and libdl notes who comes first."""
import os
import shutil
import subprocess
import unittest

from support import PAIRS, TEXTS, Scenario, run, write_rows

WATCHER = r"""
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

static bool looked = false;
extern "C" void* dlopen(const char* name, int flags) {
  if (name != nullptr && std::strstr(name, "libcuda.so") != nullptr) looked = true;
  return reinterpret_cast<void* (*)(const char*, int)>(dlsym(RTLD_NEXT, "dlopen"))(name, flags);
}
namespace at {
struct CUDAHooksInterface;
namespace detail {
const CUDAHooksInterface& getCUDAHooks() {
  if (!looked) {
    const char text[] = "libtorch was asked about CUDA too early\n";
    [[maybe_unused]] const auto written = write(2, text, sizeof text - 1);
    _exit(99);
  }
  return reinterpret_cast<const CUDAHooksInterface& (*)()>(dlsym(RTLD_NEXT, "_ZN2at6detail12getCUDAHooksEv"))();
}
}  // namespace detail
}  // namespace at
"""


class CudaOrder(Scenario):
    def setUp(self):
        super().setUp()
        if "built without CUDA" in run("doctor").stdout:
            self.skipTest("built without CUDA")

    def watcher(self):
        compiler = shutil.which("c++") or shutil.which("g++")
        if compiler is None:
            self.skipTest("no C++ compiler")
        source, library = self.folder / "watcher.cpp", self.folder / "watcher.so"
        source.write_text(WATCHER)
        subprocess.run([compiler, "-std=c++17", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        return str(library)

    def test_no_command_asks_too_early(self):
        preloaded = {**os.environ, "LD_PRELOAD": self.watcher()}
        texts = write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS])
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        of_model = ["--model", self.model]
        commands = {
            "score": [*of_model, "--input", texts, "--output", self.folder / "scores.jsonl"],
            "generate": [*of_model, "--prompts", pairs, "--output", self.folder / "samples.jsonl", "--num-samples", 2, "--max-new-tokens", 2],
            "train": [*of_model, "--method", "dpo", "--data", pairs, "--output", self.folder / "run", "--max-steps", 1],
            "doctor": of_model,
        }
        for name, arguments in commands.items():
            with self.subTest(name):
                self.assert_works(run(name, *arguments, env=preloaded))

    def test_the_watcher_sees_a_question_that_comes_too_early(self):
        # With the CPU asked for nobody looks for a driver, and a backward pass asks libtorch for its streams.
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        process = run("train", "--method", "dpo", "--model", self.model, "--data", pairs, "--output", self.folder / "run", "--max-steps", 1, "--device", "cpu",
                      env={**os.environ, "LD_PRELOAD": self.watcher()})
        self.assertEqual(process.returncode, 99, process.stderr)


if __name__ == "__main__":
    unittest.main()
