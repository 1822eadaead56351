# SPDX-License-Identifier: Apache-2.0
"""Several ranks, started by plain environment variables and by torchrun: the trajectory of one process, stops and losses of ranks."""
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import time
import unittest

from support import PAIRS, ROOT, TEXTS, XLT, Scenario, read_rows, run, write_rows

TORCHRUN = ROOT / ".venv" / "bin" / "torchrun"
MICRO_BATCHES = 4  # of a step, of all ranks together


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Ranks:
    """N processes of one command, rank by rank; `more` are options of a rank."""

    def __init__(self, count, arguments, more=lambda rank: [], variables=lambda rank, count: {
            "RANK": rank, "WORLD_SIZE": count, "LOCAL_RANK": rank, "MASTER_ADDR": "127.0.0.1"}):
        port = free_port()
        self.processes = []
        for rank in range(count):
            environment = {**os.environ, "MASTER_PORT": str(port), **{name: str(value) for name, value in variables(rank, count).items()}}
            self.processes.append(subprocess.Popen([XLT, *map(str, [*arguments, *more(rank)])], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                                   text=True, env=environment))

    def finish(self, timeout=120):
        """Exit codes, what was printed and what was said, by rank."""
        outcomes = [process.communicate(timeout=timeout) for process in self.processes]
        return [process.returncode for process in self.processes], [out for out, _ in outcomes], [err for _, err in outcomes]

    def kill(self):
        for process in self.processes:
            process.kill()
            process.communicate()


class RanksScenario(Scenario):
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

    def test_any_number_gives_one_trajectory(self):
        expected = self.result(self.alone())
        self.assertEqual(len(expected[1]), 50 + 3)
        for count in (2, 4):
            output = self.folder / f"on_{count}"
            printed, said = self.assert_all_work(Ranks(count, self.command(output, count)).finish())
            self.assertEqual(self.result(output), expected)
            self.assertEqual(json.loads(printed[0])["steps"], 50)
            self.assertEqual(printed[1:] + said[1:], [""] * 2 * (count - 1))  # rank 0 speaks
            record = json.loads((output / "run.json").read_text())
            self.assertEqual(record["ranks"], count)
            self.assertEqual(record["reference"], {"computed": len(PAIRS), "reused": 0})  # of all ranks, each content once

    def test_all_weights_and_steps_of_fewer_batches_than_ranks(self):
        options = {"method": "sft", "steps": 12}
        more = ("--adapter", "none", "--max-train-rows", 9)  # of the third step of an epoch one batch is left
        expected = self.result(self.alone(*more, **options), "model")
        output = self.folder / "on_4"
        self.assert_all_work(Ranks(4, self.command(output, 4, *more, **options)).finish())
        self.assertEqual(self.result(output, "model"), expected)

    def test_a_killed_rank_ends_all_and_another_number_goes_on(self):
        expected = self.result(self.alone())
        output, moments, count = self.folder / "killed", random.Random(3), 4
        for victim in (2, 0):
            ranks = Ranks(count, self.command(output, count, "--resume"))
            self.wait_for_steps(output, moments.randint(6, 12) if victim else 20, ranks)
            ranks.processes[victim].kill()
            begin = time.monotonic()
            codes, _, said = ranks.finish(timeout=60)
            self.assertLess(time.monotonic() - begin, 60)
            for rank in range(count):
                if rank != victim:
                    self.assertEqual(codes[rank], 1, said)
                    self.assertIn(f"rank {rank} of {count} has lost another rank", said[rank])
                    self.assertIn("the same command goes on", said[rank])
                    self.assertEqual(said[rank].count("xlt: error:"), 1, said[rank])
            count //= 2  # 4, 2, then one by itself
        self.assert_works(run(*self.command(output, 1, "--resume")))
        self.assertEqual(self.result(output), expected)

    def test_a_signal_to_one_stops_all_in_one_step(self):
        expected = self.result(self.alone())
        output = self.folder / "stopped"
        ranks = Ranks(2, self.command(output, 2))
        self.wait_for_steps(output, 6, ranks)
        ranks.processes[1].send_signal(signal.SIGTERM)
        codes, _, said = ranks.finish()
        self.assertEqual(codes, [130, 130], said)
        self.assertIn("the state is saved", said[0])
        self.assertEqual(said[1], "")
        self.assertEqual(json.loads((output / "run.json").read_text())["status"], "interrupted")
        self.assert_all_work(Ranks(4, self.command(output, 4)).finish())
        self.assertEqual(self.result(output), expected)

    def test_another_number_of_rows_a_step_is_refused(self):
        output = self.alone(steps=2)
        process = Ranks(2, self.command(output, 1, "--resume", steps=4))
        codes, _, said = process.finish()
        self.assertEqual(codes, [3, 3], said)
        self.assertIn("4 rows (batch_size 1 × gradient_accumulation_steps 4 × 1 rank)", said[0])
        self.assertIn("8 rows (batch_size 1 × gradient_accumulation_steps 4 × 2 ranks)", said[0])

    def test_an_error_of_one_is_told_once(self):
        output = self.folder / "run"
        codes, _, said = Ranks(2, self.command(output, 2), more=lambda rank: ["--beta", "0.2"] if rank else []).finish()
        self.assertEqual(codes, [2, 2], said)
        self.assertIn("rank 1: differs from what rank 0 was given in its config: beta", said[0])
        self.assertEqual(said[1], "")
        self.assertFalse(output.exists())

    def test_variables_that_are_half_there_or_contradict_are_refused(self):
        whole = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
        command = self.command(self.folder / "run", 2)
        for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
            variables = {key: value for key, value in whole.items() if key != name}
            self.assert_fails(run(*command, env={**os.environ, **variables}), 2, name)
        self.assert_fails(run(*command, env={**os.environ, **whole, "RANK": "2"}), 2, "RANK 2 is no rank of WORLD_SIZE 2")
        self.assert_fails(run(*command, env={**os.environ, **whole, "WORLD_SIZE": "two"}), 2, "WORLD_SIZE")
        self.assertFalse((self.folder / "run").exists())

    def test_two_of_one_rank_are_refused(self):
        ranks = Ranks(3, self.command(self.folder / "run", 1), variables=lambda rank, count: {
            "RANK": min(rank, 1), "WORLD_SIZE": 3, "LOCAL_RANK": 0, "MASTER_ADDR": "127.0.0.1"})
        while all(process.poll() is None for process in ranks.processes):
            time.sleep(0.05)
        refused = [process for process in ranks.processes if process.poll() is not None]
        said = refused[0].communicate()[1]
        self.assertEqual(refused[0].returncode, 2, said)
        self.assertIn("two processes say that they are rank 1 of 3", said)
        ranks.kill()

    def test_evaluations_are_shared_too(self):
        data = self.folder / "data"
        for language in ("en", "fr", "de"):
            write_rows(data / "udhr" / f"{language}.jsonl", [{"id": i, "text": f"{text} {language}"} for i, text in enumerate(TEXTS)])
        def command(output):
            return ["eval", "--model", self.model, "--benchmarks", "perplexity", "--langs", "en,fr,de", "--data", data, "--output", output, "--threads", 1]
        self.assert_works(run(*command(self.folder / "alone")))
        ranks = Ranks(2, command(self.folder / "both"))
        printed, said = self.assert_all_work(ranks.finish())
        self.assertEqual([printed[1], said[1]], ["", ""])
        reports = [json.loads((self.folder / name / "report.json").read_text()) for name in ("alone", "both")]
        for report in reports:
            self.assertEqual(report["status"], "done")
            for cell in report["cells"]:
                del cell["seconds"]
        self.assertEqual(reports[0]["cells"], reports[1]["cells"])

    def test_slurms_and_open_mpis_variables(self):
        expected = self.result(self.alone(steps=4))
        families = {"slurm": lambda rank, count: {"SLURM_PROCID": rank, "SLURM_NTASKS": count, "SLURM_LOCALID": rank, "SLURM_STEP_ID": 0,
                                                  "SLURM_JOB_NODELIST": "localhost"},
                    "mpirun": lambda rank, count: {"OMPI_COMM_WORLD_RANK": rank, "OMPI_COMM_WORLD_SIZE": count,
                                                   "OMPI_COMM_WORLD_LOCAL_RANK": rank, "OMPI_COMM_WORLD_LOCAL_SIZE": count}}
        for name, variables in families.items():
            output = self.folder / name
            self.assert_all_work(Ranks(2, self.command(output, 2, steps=4), variables=variables).finish())
            self.assertEqual(self.result(output), expected)

    @unittest.skipUnless(TORCHRUN.exists(), f"no torchrun at {TORCHRUN}")
    def test_torchrun(self):
        expected = self.result(self.alone(steps=8))
        output = self.folder / "run"
        process = subprocess.run([TORCHRUN, "--no-python", "--standalone", "--nproc-per-node", "2", XLT, *map(str, self.command(output, 2, steps=8))],
                                 capture_output=True, text=True, timeout=120)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertEqual(self.result(output), expected)


if __name__ == "__main__":
    unittest.main()
