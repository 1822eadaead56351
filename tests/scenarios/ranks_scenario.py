# SPDX-License-Identifier: Apache-2.0
"""Several ranks, started by plain environment variables and by torchrun: the trajectory of one process, stops and losses of ranks."""
import json
import os
import random
import signal
import subprocess
import time
import unittest

from ranks import Ranks, RanksCase
from support import PAIRS, ROOT, TEXTS, XLT, patience, read_rows, run, write_rows

TORCHRUN = ROOT / ".venv" / "bin" / "torchrun"


class RanksScenario(RanksCase):
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

    def test_a_dry_run_speaks_once(self):
        codes, printed, said = Ranks(2, self.command(self.folder / "run", 2, "--dry-run", steps=2)).finish()
        self.assertEqual(codes, [0, 0], said)
        self.assertEqual(json.loads(printed[0])["total_steps"], 2)
        self.assertEqual([printed[1], said[1]], ["", ""])

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

    def test_an_error_before_they_meet_is_told_too(self):
        """A wrong option, one without its value, a config that is not on this machine: the other rank would wait for 35 seconds."""
        for wrong, more, code, part in ((1, ["--lora-r", "-1"], 2, "--lora-r"), (0, ["--lora-r", "-1"], 2, "--lora-r"), (1, ["--lora-r"], 2, "lora-r"),
                                        (1, ["--config", self.folder / "none.json"], 3, "none.json")):
            begin = time.monotonic()
            codes, _, said = Ranks(2, self.command(self.folder / "run", 2), more=lambda rank: more if rank == wrong else []).finish()
            self.assertEqual(codes, [code, code], said)
            self.assertIn(part, said[wrong])
            self.assertEqual(said[wrong].count("xlt: error:"), 1, said)
            if wrong == 1:
                self.assertIn("xlt: error: rank 1: ", said[0])
                self.assertIn(part, said[0])
            self.assertLess(time.monotonic() - begin, 25)
            self.assertFalse((self.folder / "run").exists())

    def test_variables_that_are_half_there_or_contradict_are_refused(self):
        whole = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
        command = self.command(self.folder / "run", 2)
        for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
            variables = {key: value for key, value in whole.items() if key != name}
            self.assert_fails(run(*command, env={**os.environ, **variables}), 2, name)
        self.assert_fails(run(*command, env={**os.environ, **whole, "RANK": "2"}), 2, "RANK 2 is no rank of WORLD_SIZE 2")
        self.assert_fails(run(*command, env={**os.environ, **whole, "WORLD_SIZE": "two"}), 2, "WORLD_SIZE")
        slurm = {"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_JOB_ID": "7"}
        self.assert_fails(run(*command, env={**os.environ, **slurm}), 2, "SLURM_PROCID says 1 of 2", "SLURM_STEP_ID")
        self.assert_fails(run(*command, env={**os.environ, **slurm, "SLURM_PROCID": "2"}), 2, "SLURM_PROCID 2 is no rank of SLURM_NTASKS 2")
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
        write_rows(data / "rtp_prompts" / "en.jsonl", [{"id": i, "Prompt": text[:12]} for i, text in enumerate(TEXTS)])
        (data / "toxic_words").mkdir()
        (data / "toxic_words" / "en.txt").write_text("rain\nsnow\n", encoding="utf-8")
        def command(output):
            return ["eval", "--model", self.model, "--benchmarks", "perplexity,rtp_prompts", "--langs", "en,fr,de", "--data", data, "--output", output,
                    "--num-samples", 3, "--max-new-tokens", 4, "--threads", 1]
        self.assert_works(run(*command(self.folder / "alone")))
        ranks = Ranks(2, command(self.folder / "both"))
        printed, said = self.assert_all_work(ranks.finish())
        self.assertEqual([printed[1], said[1]], ["", ""])
        reports = [json.loads((self.folder / name / "report.json").read_text()) for name in ("alone", "both")]
        for report in reports:
            self.assertEqual(report["status"], "done")
            for cell in report["cells"]:
                del cell["seconds"]
                del cell["num_tokens"]  # computed: what texts begin with alike is once a rank
        self.assertEqual(reports[0]["cells"], reports[1]["cells"])

    def test_an_evaluation_that_cannot_be_ends_on_all_ranks(self):
        data = self.folder / "data"
        write_rows(data / "udhr" / "en.jsonl", [{"id": 0, "text": TEXTS[0]}])

        def command(*more):
            return ["eval", "--model", self.model, "--benchmarks", "perplexity", "--langs", "en", "--data", data, "--output", self.folder / "out", *more]

        other = self.copy_model()
        weights = bytearray((other / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (other / "model.safetensors").write_bytes(weights)
        # Options of both ranks, and of rank 1 alone.
        for code, both, alone, said in ((2, ["--benchmarks", "nope"], [], "unknown benchmark"), (3, ["--model", "/nowhere"], [], "no such folder"),
                                        (3, [], ["--model", "/nowhere"], "no such folder"), (3, ["--baseline", "/nowhere"], [], "no report.json"),
                                        (2, [], ["--model", other], "rank 1: differs from rank 0 in its model"),
                                        (2, [], ["--dtype", "bfloat16"], "rank 1: differs from rank 0 in its dtype")):
            codes, _, errors = Ranks(2, command(*both), more=lambda rank: alone if rank == 1 else []).finish()
            self.assertEqual(list(codes), [code, code], errors)
            self.assertIn(said, "".join(errors))
            self.assertFalse((self.folder / "out" / "report.json").exists())

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
                                 capture_output=True, text=True, timeout=patience(120))
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertEqual(self.result(output), expected)


if __name__ == "__main__":
    unittest.main()
