# SPDX-License-Identifier: Apache-2.0
"""NF4 weights are bitsandbytes' own bytes."""
import os
import unittest

from support import ROOT, ParityTest, real_model, run


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


if __name__ == "__main__":
    unittest.main()
