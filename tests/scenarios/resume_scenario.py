# SPDX-License-Identifier: Apache-2.0
"""Stopping and going on: Ctrl-C, and kill -9 at random moments, end in the same bytes as no stop."""
import hashlib
import json
import random
import signal
import subprocess
import time
import unittest

from support import PAIRS, XLT, Scenario, patience, read_rows, run, write_rows

STEPS = 60


class Resume(Scenario):
    def command(self, output):
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS * 4)
        return ["train", "--method", "dpo", "--model", self.model, "--data", pairs, "--output", output, "--max-steps", STEPS, "--batch-size", 4,
                "--lora-r", 4, "--lora-dropout", 0, "--learning-rate", "1e-3", "--eval-split", "0.25", "--eval-steps", 10, "--save-steps", 5]

    def start(self, output):
        return subprocess.Popen([XLT, *map(str, self.command(output))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def result(self, output):
        """The adapter's bytes and the metrics without clocks: what must not depend on stops."""
        metrics = [{key: value for key, value in row.items() if key != "seconds"} for row in read_rows(output / "metrics.jsonl")]
        return hashlib.sha256((output / "adapter" / "adapter_model.safetensors").read_bytes()).hexdigest(), metrics

    def wait_for_steps(self, output, steps, process):
        while process.poll() is None:
            metrics = output / "metrics.jsonl"
            if metrics.exists() and metrics.read_text().count('"train"') >= steps:
                return
            time.sleep(0.005)

    def test_ctrl_c_saves_and_the_same_command_goes_on(self):
        whole, stopped = self.folder / "whole", self.folder / "stopped"
        self.assert_works(run(*self.command(whole)))
        process = self.start(stopped)
        self.wait_for_steps(stopped, 7, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=patience(60))
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("the same command goes on", errors)
        self.assertEqual(json.loads((stopped / "run.json").read_text())["status"], "interrupted")
        self.assertFalse((stopped / "adapter").exists())
        self.assertIn("going on", self.assert_works(run(*self.command(stopped))).stderr)
        self.assertEqual(self.result(stopped), self.result(whole))

    def test_kill_at_random_moments_changes_nothing(self):
        whole, killed = self.folder / "whole", self.folder / "killed"
        begin = time.monotonic()
        self.assert_works(run(*self.command(whole)))
        seconds = time.monotonic() - begin
        moments, kills = random.Random(1), 0
        for _ in range(200):
            process = self.start(killed)
            try:
                # Short enough for many kills in one run, from before the first byte to after the last.
                process.communicate(timeout=moments.uniform(0.05, 0.6) * seconds)
                self.assertEqual(process.returncode, 0)
                if kills >= 10:
                    break
                subprocess.run(["rm", "-rf", str(killed)], check=True)  # finished too early: another run to kill
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
        self.assertGreaterEqual(kills, 10)
        self.assertEqual(self.result(killed), self.result(whole))


if __name__ == "__main__":
    unittest.main()
