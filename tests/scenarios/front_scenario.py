#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program that people start: at once there for help and for what needs no model, without libtorch, and the engine for the rest."""
import os
import pathlib
import shutil
import subprocess
import unittest

from support import ROOT, XLT, Scenario, patience, run, write_rows

ENGINE = pathlib.Path(XLT).with_name("xlt-engine")
COMPLETIONS = [{"prompt": "I think that", "completion": text, "language": "en"} for text in (" you are an idiot.", " it rains.")]
# Sanitizers take their time before main.
IS_SANITIZED = b"__asan_init" in pathlib.Path(XLT).read_bytes() if os.access(XLT, os.R_OK) else False


def libraries(*arguments):
    """(the finished process, names of all that the dynamic loader brought into it, whatever program it became)."""
    process = subprocess.run([XLT, *map(str, arguments)], capture_output=True, text=True, timeout=patience(120),
                             env={**os.environ, "LD_DEBUG": "files"})
    lines = process.stderr.splitlines()
    return process, {line.split("file=")[1].split(" ")[0] for line in lines if "file=" in line and "generating link map" in line}


def processor_seconds(*arguments):
    before = os.times()
    subprocess.run([XLT, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


class Front(Scenario):
    def assert_without_torch(self, *arguments):
        process, names = libraries(*arguments)
        self.assertEqual(process.returncode, 0, process.stderr[-2000:])
        self.assertTrue(any("libicuuc" in name for name in names), names)  # the loader did tell
        self.assertEqual([name for name in names if "torch" in name or "libc10" in name], [])
        return process

    def evaluate(self, output, *more):
        rows = write_rows(self.folder / "completions.jsonl", COMPLETIONS)
        return ["eval", "--completions", rows, "--data", ROOT / "data", "--output", self.folder / output, *more]

    def test_the_engine_has_libtorch(self):
        _, names = libraries("ls", "methods")
        self.assertTrue(any("libtorch" in name for name in names), names)

    def test_completions_are_judged_without_libtorch(self):
        self.assert_without_torch(*self.evaluate("a"))
        self.assert_without_torch(*self.evaluate("b"))
        self.assert_without_torch("compare", self.folder / "a", self.folder / "b", "--output", self.folder / "compare")
        self.assert_without_torch("report", self.folder / "a", "--output", self.folder / "page.html")

    def test_either_program_judges_alike(self):
        front = self.assert_works(run(*self.evaluate("front")))
        command = [str(ENGINE), *map(str, self.evaluate("engine"))]
        engine = subprocess.run(command, capture_output=True, text=True, timeout=patience(120))
        self.assertEqual(front.stdout, engine.stdout)
        again = self.assert_works(run(*self.evaluate("engine")))  # the one goes on where the other ended
        self.assertEqual(again.stdout, engine.stdout)

    def test_a_scorer_that_asks_a_model_gets_the_engine(self):
        self.assert_fails(run(*self.evaluate("a", "--scorer", f"classifier:{self.model}")), 3, "unknown architecture")

    def test_help_is_the_same_and_there_at_once(self):
        names = [line.split()[0] for line in run("ls", "commands").stdout.splitlines()]
        self.assertIn("train", names)
        for arguments in [["--help"], ["help"], ["-h"], *([name, "--help"] for name in names), ["help", "train"], ["eval", "-h"],
                          ["eval", "--completions", "x", "--help"]]:
            engine = subprocess.run([ENGINE, *arguments], capture_output=True, text=True, timeout=patience(60))
            self.assertEqual(run(*arguments).stdout, engine.stdout)
            self.assertEqual(engine.returncode, 0)
        self.assert_without_torch("train", "--help")
        self.assert_without_torch("--version")
        if not IS_SANITIZED:
            self.assertLess(min(processor_seconds("--help") for _ in range(5)), 0.05)

    def test_errors_sound_alike(self):
        for arguments in [["compare"], ["compare", "a", "--outptu", "b"], ["helf"], ["help", "trian"], ["trian", "--help"], ["eval", "--completions"], [],
                          ["report", "--config", str(self.folder / "none.json")]]:
            engine = subprocess.run([ENGINE, *arguments], capture_output=True, text=True, timeout=patience(60))
            front = run(*arguments)
            self.assertEqual((front.returncode, front.stderr), (engine.returncode, engine.stderr))
            self.assertNotEqual(engine.returncode, 0)

    def test_a_folder_may_be_called_like_a_command(self):
        self.assert_works(run(*self.evaluate("compare")))
        self.assert_works(run(*self.evaluate("train")))
        for program in (XLT, ENGINE):
            made = subprocess.run([program, "compare", "compare", "train", "--output", "out"], capture_output=True, text=True, timeout=patience(120),
                                  cwd=self.folder)
            self.assert_works(made)
            self.assertTrue((self.folder / "out" / "compare.json").exists())
            shutil.rmtree(self.folder / "out")

    def test_an_engine_that_is_the_front(self):
        shutil.copy(XLT, self.folder / "xlt")
        (self.folder / "xlt-engine").symlink_to("xlt")
        process = subprocess.run([self.folder / "xlt", "ls"], capture_output=True, text=True, timeout=patience(60))
        self.assert_fails(process, 3, "is xlt itself")

    def test_without_the_engine(self):
        alone = shutil.copy(XLT, self.folder / "xlt")
        wrong = subprocess.run([alone, "compare", "--outptu", "a"], capture_output=True, text=True, timeout=patience(60))
        self.assert_fails(wrong, 2, "did you mean")
        process = subprocess.run([alone, "train"], capture_output=True, text=True, timeout=patience(60))
        self.assert_fails(process, 3, "xlt-engine: No such file or directory", "has to stand beside xlt")
        self.assertEqual(subprocess.run([alone, "--help"], capture_output=True, timeout=patience(60)).returncode, 0)


if __name__ == "__main__":
    unittest.main()
