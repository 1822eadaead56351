# SPDX-License-Identifier: Apache-2.0
"""What the scenarios of ranks share: several processes of one command, and what their training must leave."""
import hashlib
import json
import os
import socket
import subprocess
import time

from support import PAIRS, TEXTS, XLT, Scenario, patience, read_rows, run, write_rows

MICRO_BATCHES = 4  # of a step, of all ranks together


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Ranks:
    """N processes of one command, rank by rank; `more` are options of a rank, `at` is put before its command."""

    def __init__(self, count, arguments, more=lambda rank: [], at=lambda rank: [], variables=lambda rank, count: {
            "RANK": rank, "WORLD_SIZE": count, "LOCAL_RANK": rank, "MASTER_ADDR": "127.0.0.1"}):
        port = free_port()
        self.processes = []
        for rank in range(count):
            environment = {**os.environ, "MASTER_PORT": str(port), **{name: str(value) for name, value in variables(rank, count).items()}}
            self.processes.append(subprocess.Popen([*at(rank), XLT, *map(str, [*arguments, *more(rank)])], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                                   text=True, env=environment))

    def finish(self, timeout=120):
        """Exit codes, what was printed and what was said, by rank."""
        outcomes = [process.communicate(timeout=patience(timeout)) for process in self.processes]
        return [process.returncode for process in self.processes], [out for out, _ in outcomes], [err for _, err in outcomes]

    def kill(self):
        for process in self.processes:
            process.kill()
            process.communicate()


class RanksCase(Scenario):
    def command(self, output, count, *more, method="dpo", steps=50):
        rows = write_rows(self.folder / "pairs.jsonl", PAIRS * 3) if method == "dpo" else write_rows(
            self.folder / "texts.jsonl", [{"text": text} for text in TEXTS * 3])
        return ["train", "--method", method, "--model", self.model, "--data", rows, "--output", output, "--max-steps", steps, "--batch-size", 1,
                "--gradient-accumulation-steps", MICRO_BATCHES // count, "--learning-rate", "1e-3", "--lora-r", 4, "--lora-dropout", "0.1",
                "--eval-split", "0.25", "--eval-steps", 20, "--save-steps", 5, "--threads", 1,
                *(["--reference-cache", "none"] if method == "dpo" else []), *more]

    def result(self, output, kind="adapter"):
        """The weights' bytes and the metrics without clocks: what must not depend on ranks or stops."""
        metrics = [{key: value for key, value in row.items() if key != "seconds"} for row in read_rows(output / "metrics.jsonl")]
        return hashlib.sha256((output / kind / ("adapter_model" if kind == "adapter" else "model")).with_suffix(".safetensors").read_bytes()
                              ).hexdigest(), metrics

    def assert_all_work(self, outcome):
        codes, printed, said = outcome
        self.assertEqual(set(codes), {0}, said)
        return printed, said

    def alone(self, *more, **options):
        output = self.folder / "alone"
        self.assert_works(run(*self.command(output, 1, *more, **options)))
        return output

    def wait_for_steps(self, output, steps, ranks):
        metrics = output / "metrics.jsonl"
        while all(process.poll() is None for process in ranks.processes):
            if metrics.exists() and metrics.read_text().count('"train"') >= steps:
                return
            time.sleep(0.005)
        self.fail(str(ranks.finish()))
