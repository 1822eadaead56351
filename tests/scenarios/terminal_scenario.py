#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody at a terminal sees of a training, and what is left of it in a pipe."""
import json
import os
import pty
import re
import subprocess
import unittest

from support import PAIRS, XLT, Scenario, patience, run, write_rows


class Terminal(Scenario):
    def train(self, name, *flags):
        """A run long enough for the bar, which is drawn ten times a second, to know a rate."""
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        return [XLT, *map(str, ("train", "--method", "dpo", "--model", self.model, "--data", pairs, "--output", self.folder / name, "--max-steps", 120,
                                "--lora-r", 4, "--eval-split", 0.25, "--eval-steps", 60, *flags))]

    def at_a_terminal(self, command):
        """(stdout, what the terminal was sent) of a command whose stderr is one."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        sent = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # EIO: the other side is closed
                break
            if not part:
                break
            sent += part
        os.close(ours)
        with process.stdout:
            out = process.stdout.read().decode()
        self.assertEqual(process.wait(timeout=patience(60)), 0, sent)
        return out, sent.decode()

    def test_a_bar_with_loss_margin_rate_and_time_left_then_what_happened_and_what_to_run_next(self):
        out, sent = self.at_a_terminal(self.train("run"))
        summary = json.loads(out)
        bars = [line for line in sent.split("\r") if line.startswith("training [")]
        self.assertTrue(bars, sent)
        # 80 columns hold what comes first; the margin and the learning rate stand after the loss.
        self.assertTrue(any(re.match(r"training \[=* *\] \d+% \d+/120 steps, [\d.]+/s, \d+:\d\d left, loss 0\.\d", bar) for bar in bars), bars)
        happened, what_next = sent.rstrip().splitlines()[-2:]
        self.assertRegex(happened, r"Trained 120 steps by dpo in (\d+ min )?\d+ s, loss 0\.\d+; kept: step \d+, the lowest evaluation loss, 0\.\d+\.")
        self.assertIn(f"xlt eval --model {self.model} --adapter {summary['adapter']} --data data --output {self.folder}/run-eval", what_next)

    def test_quiet_says_nothing_even_there(self):
        self.assertEqual(self.at_a_terminal(self.train("run", "--quiet"))[1], "")

    def test_into_a_pipe_there_is_neither_bar_nor_advice(self):
        process = self.assert_works(run(*self.train("run")[1:]))
        self.assertNotIn("[=", process.stderr)
        self.assertNotIn("xlt eval", process.stderr)


if __name__ == "__main__":
    unittest.main()
