#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Threads that wait for one another sleep soon, whatever else runs on the machine, and there are no more of them than cores."""
import os
import subprocess
import unittest

from support import TEXTS, XLT, Scenario, read_rows, run, unless_sanitized, write_rows

SETTINGS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def environment(**settings):
    """This process's, without its own choice of how threads wait."""
    return {name: value for name, value in os.environ.items() if name not in SETTINGS} | settings


def spin_of(**settings):
    """What OpenMP says of its spin when the program starts so."""
    process = run("--version", env=environment(OMP_DISPLAY_ENV="verbose", **settings))
    assert process.returncode == 0 and process.stdout.startswith("xlt "), process
    for line in process.stderr.splitlines():
        if "GOMP_SPINCOUNT" in line:
            return int(line.split("'")[1])
    return None


class Threads(Scenario):
    @unless_sanitized
    def test_the_spin_is_short_unless_somebody_chose(self):
        spin = spin_of()
        if spin is None:
            self.skipTest("this OpenMP does not say how long its threads spin")
        self.assertLess(spin, 10000)
        self.assertGreater(spin, 0)
        self.assertEqual(spin_of(GOMP_SPINCOUNT="7"), 7)
        self.assertEqual(spin_of(OMP_WAIT_POLICY="passive"), 0)

    def test_arguments_and_folder_are_those_that_were_given(self):
        rows = write_rows(self.folder / "in with a space.jsonl", [{"text": "ab"}])
        process = run("tokenize", "--model", self.model, "--input", rows.name, "--output", "out.jsonl", env=environment(), cwd=self.folder)
        self.assert_works(process)
        self.assertEqual(len(read_rows(self.folder / "out.jsonl")), 1)

    def test_threads_beyond_the_cores_are_capped_with_a_note(self):
        rows = write_rows(self.folder / "in.jsonl", [{"text": text} for text in TEXTS])
        score = ("score", "--model", self.model, "--input", rows, "--output", self.folder / "out.jsonl")
        process = self.assert_works(run(*score, "--threads", 4096))
        self.assertIn("--threads 4096 is more than the", process.stderr)
        self.assertNotIn("--threads", self.assert_works(run(*score, "--threads", 1)).stderr)

    @unless_sanitized
    def test_two_processes_on_the_same_cores_take_the_time_of_two(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("one core: no threads that wait")
        rows = write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS])

        def start(name):
            return subprocess.Popen([XLT, "train", "--method", "sft", "--model", self.model, "--data", rows, "--output", self.folder / name, "--max-steps", "60",
                                     "--lora-r", "4", "--learning-rate", "1e-3"], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def processor_seconds(process):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            return usage.ru_utime + usage.ru_stime

        alone = processor_seconds(start("alone"))
        both = [start("left"), start("right")]
        # Of the processor, not of the clock: other work on this machine must not decide. Threads that spin take several times as much.
        for process in both:
            self.assertLess(processor_seconds(process), 2.5 * alone)


if __name__ == "__main__":
    unittest.main()
