#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`xlt sweep --submit slurm` on a real Slurm of this machine's own: arrays and dependencies, a preemption and a requeue, a node that is lost, a job that is
cancelled, and the same command again. Skipped where slurm-wlm and munge are not installed."""
import json
import pathlib
import shutil
import tempfile
import time
import unittest

from slurm_cluster import Cluster, missing_programs, wait_until
from support import TEXTS, Scenario, read_rows, run, write_rows

SHORT, LONG = 2, 400


class Slurm(Scenario):
    @classmethod
    def setUpClass(cls):
        missing = missing_programs()
        if missing:
            raise unittest.SkipTest(f"SKIPPED: no {', '.join(missing)} here (Debian: apt-get install slurm-wlm munge)")
        super().setUpClass()
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="xlt_slurm_"))
        cls.cluster = Cluster(cls.place / "cluster")

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        shutil.rmtree(cls.place, ignore_errors=True)

    def setUp(self):
        super().setUp()
        self.begin = time.monotonic()
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(TEXTS)])
        write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS])
        self.grid, self.out = self.folder / "grid.json", self.folder / "sweep"

    def tearDown(self):
        print(f"{self._testMethodName}: {time.monotonic() - self.begin:.0f} s", flush=True)
        super().tearDown()

    def write_grid(self, steps, recipes=("a", "b")):
        train = {"method": "sft", "data": str(self.folder / "texts.jsonl"), "max_steps": steps, "save_steps": 20, "lora_r": 2, "threads": 1}
        self.grid.write_text(json.dumps({
            "models": [{"name": "tiny", "model": str(self.model), "dtype": "float32"}],
            "recipes": [{"name": name, "train": {**train, "learning_rate": 1e-4 * (i + 1)}} for i, name in enumerate(recipes)], "seeds": [1],
            "eval": {"benchmarks": ["perplexity"], "langs": ["en"], "data": str(self.folder / "data"), "threads": 1, "bootstrap_samples": 100},
            "compare": {"num_resamples": 100, "num_permutations": 100}, "lease_seconds": 5,
            "slurm": {"sbatch": {"partition": "low", "ntasks": 1, "time": "10:00"}, "setup": ["export OMP_WAIT_POLICY=passive"], "throttle": 4}}))

    def submit(self):
        process = run("sweep", self.grid, "--output", self.out, "--submit", "slurm", env=self.cluster.env)
        return {job["name"]: job for job in json.loads(self.assert_works(process).stdout)["jobs"]}

    def cells(self):
        return json.loads(self.assert_works(run("status", self.out, "--json")).stdout)["cells"]

    def events(self, cell):
        log = self.out / "cells" / cell["id"] / "log.jsonl"
        return [row["event"] for row in read_rows(log)] if log.exists() else []

    def train_cell(self):
        return next(cell for cell in self.cells() if cell["kind"] == "train")

    def wait_for_a_save(self, cell):
        checkpoints = self.out / "cells" / cell["id"] / "output" / "checkpoints"
        wait_until("a save", lambda: checkpoints.is_dir() and any(path.name.startswith("step-") for path in checkpoints.iterdir()))

    def assert_all_done_once(self):
        for cell in self.cells():
            self.assertEqual(self.events(cell).count("done"), 1, (cell, self.events(cell), self.logs()))

    def logs(self):
        return {file.name: file.read_text()[-500:] for file in (self.out / "slurm").glob("*.log")}

    def assert_went_on(self, cell, steps=LONG):
        said = (self.out / "cells" / cell["id"] / "output.txt").read_text()
        self.assertIn("going on with it", said)
        done = [row["step"] for row in read_rows(self.out / "cells" / cell["id"] / "output" / "metrics.jsonl") if row["split"] == "train"]
        self.assertEqual(done, list(range(1, steps + 1)))

    def test_arrays_wait_for_each_other_and_results_are_collected(self):
        self.write_grid(SHORT)
        jobs = self.submit()
        self.assertEqual({name: job["tasks"] for name, job in jobs.items()}, {"train": 2, "base": 1, "eval-eval": 2, "collect": 1})
        self.cluster.wait_for_all()
        self.assert_all_done_once()
        comparison = json.loads((self.out / "compare" / "tiny" / "compare.json").read_text())
        self.assertEqual([arm["name"] for arm in comparison["arms"]], ["base", "a", "b"])
        self.assertEqual(self.submit(), {})  # nothing is left to do

    def test_a_preempted_cell_is_requeued_and_goes_on(self):
        # On a busy machine Slurm may take longer to preempt a training than that takes to end.
        for steps in (LONG, 4 * LONG, 16 * LONG):
            self.out = self.folder / f"sweep-{steps}"
            self.write_grid(steps, recipes=("a",))
            self.submit()
            cell = self.train_cell()
            self.wait_for_a_save(cell)
            self.cluster.call("sbatch", "--parsable", "-p", "high", "-N3", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 1")
            wait_until("the interruption", lambda: {"interrupted", "done"} & set(self.events(cell)), 120)
            if "interrupted" in self.events(cell):
                break
        self.cluster.wait_for_all()
        self.assertEqual(self.events(cell), ["start", "interrupted", "start", "done"], self.logs())
        self.assert_all_done_once()
        self.assert_went_on(cell, steps)

    def test_the_cell_of_a_lost_node_is_done_elsewhere(self):
        self.write_grid(LONG, recipes=("a",))
        jobs = self.submit()
        cell = self.train_cell()
        self.wait_for_a_save(cell)
        node = self.cluster.call("squeue", "-h", "-j", jobs["train"]["job"], "-o", "%N").split()[0]
        self.cluster.lose_node(node)
        self.cluster.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=died")
        self.cluster.wait_for_all()
        self.cluster.start_node(node)
        self.cluster.call("scontrol", "update", f"NodeName={node}", "State=RESUME", check=False)
        self.assertEqual(self.events(cell), ["start", "start", "done"], self.logs())
        self.assert_all_done_once()
        self.assert_went_on(cell)

    def test_a_cancelled_cell_stays_cancelled_until_it_is_submitted_again(self):
        self.write_grid(LONG, recipes=("a",))
        jobs = self.submit()
        cell = self.train_cell()
        self.wait_for_a_save(cell)
        self.cluster.call("scancel", jobs["train"]["job"])
        self.cluster.wait_for_all()
        self.assertNotIn("done", self.events(cell))
        jobs = self.submit()
        self.assertEqual({name: job["tasks"] for name, job in jobs.items()}, {"train": 1, "eval-eval": 1, "collect": 1})
        self.cluster.wait_for_all()
        self.assert_all_done_once()
        self.assert_went_on(cell)


if __name__ == "__main__":
    unittest.main()
