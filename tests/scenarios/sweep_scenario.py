#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`xlt sweep`: a grid of tiny cells, done by several workers that are killed at random moments: every cell is done exactly once, and what is collected
equals an undisturbed run's. XLT_KILLS is the number of kills (2), XLT_KILLS_SEED names the moments; from 20 kills on the grid has 200 cells and more."""
import calendar
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
import unittest

from support import PAIRS, TEXTS, XLT, Scenario, patience, read_rows, run, write_rows

KILLS = int(os.environ.get("XLT_KILLS", "2"))
SEED = os.environ.get("XLT_KILLS_SEED", "1")
# Without its wrapper, which a kill would not reach through.
FAKETIME = next(iter(sorted(map(str, pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")))), None)
# What a clock wrote.
UNLIKE = {"seconds", "time"}


def without_unlike(value):
    if isinstance(value, dict):
        return {key: without_unlike(inner) for key, inner in value.items() if key not in UNLIKE}
    return [without_unlike(inner) for inner in value] if isinstance(value, list) else value


class Sweep(Scenario):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        for language in ("en", "fr"):
            write_rows(self.data / "udhr" / f"{language}.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(TEXTS)])
        self.pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        self.texts = write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS])
        self.grid = self.folder / "grid.json"
        self.out = self.folder / "sweep"

    def recipe(self, name, method, data, **options):
        return {"name": name, "train": {"method": method, "data": str(data), "max_steps": 2, "lora_r": 2, "threads": 1, "reference_cache": "none", **options}}

    def write_grid(self, recipes, seeds=(1,), **more):
        grid = {"models": [{"name": "tiny", "model": str(self.model), "dtype": "float32"}], "recipes": recipes, "seeds": list(seeds),
                "eval": {"benchmarks": ["perplexity"], "langs": ["en", "fr"], "data": str(self.data), "threads": 1, "bootstrap_samples": 100},
                "compare": {"num_resamples": 100, "num_permutations": 100}, "lease_seconds": 3, **more}
        self.grid.write_text(json.dumps(grid), encoding="utf-8")

    def sweep(self, *flags, output=None, **options):
        return run("sweep", self.grid, "--output", output or self.out, *flags, **options)

    def plan(self):
        return json.loads(self.assert_works(run("sweep", self.grid, "--dry-run")).stdout)

    def log(self, cell, output=None):
        return read_rows((output or self.out) / "cells" / cell / "log.jsonl")

    def assert_each_done_once(self, cells, output=None):
        for cell in cells:
            events = [event["event"] for event in self.log(cell["id"], output)]
            self.assertEqual(events.count("done"), 1, (cell, events))

    def comparison(self, output):
        text = (output / "compare" / "tiny" / "compare.json").read_text().replace(str(output), "OUTPUT")
        return without_unlike(json.loads(text))

    def test_the_plan_names_cells_by_content(self):
        self.write_grid([self.recipe("dpo", "dpo", self.pairs), self.recipe("sft", "sft", self.texts)], seeds=(1, 2), split="language")
        plan = self.plan()
        kinds = [(cell["kind"], cell["recipe"], cell["seed"], cell["part"]) for cell in plan["cells"]]
        self.assertEqual(len(kinds), len(set(kinds)))
        self.assertEqual([kind[0] for kind in kinds], ["train"] * 4 + ["eval"] * 10)
        self.assertEqual(kinds[4:6], [("eval", None, None, "perplexity/en"), ("eval", None, None, "perplexity/fr")])
        ids = {cell["id"]: cell for cell in plan["cells"]}
        for cell in plan["cells"]:
            needs = [ids[need] for need in cell["needs"]]
            self.assertEqual([(need["recipe"], need["seed"]) for need in needs], [(cell["recipe"], cell["seed"])] if cell["kind"] == "eval" and cell["recipe"] else [])
            for key in ("num_tokens", "seconds", "memory_bytes", "disk_bytes"):
                self.assertGreater(cell[key], 0, (key, cell))
        self.assertFalse(self.out.exists())
        # A copy of the data elsewhere changes nothing, another row does: in what reads it, and in what needs that.
        moved = write_rows(self.folder / "elsewhere" / "p.jsonl", PAIRS)
        self.write_grid([self.recipe("dpo", "dpo", moved), self.recipe("sft", "sft", self.texts)], seeds=(1, 2), split="language")
        self.assertEqual([cell["id"] for cell in self.plan()["cells"]], list(ids))
        write_rows(moved, PAIRS[1:])
        changed = [cell for cell in self.plan()["cells"] if cell["id"] not in ids]
        self.assertEqual({cell["recipe"] for cell in changed}, {"dpo"})
        self.assertEqual(len(changed), 6)

    def test_a_wrong_grid_is_refused_with_its_place(self):
        self.write_grid([self.recipe("dpo", "dpo", self.pairs, bta=0.2)])
        self.assert_fails(self.sweep(), 3, "grid.json", "recipes[0].train", '"beta"')
        self.write_grid([self.recipe("dpo", "dpo", self.pairs)], modles=[])
        self.assert_fails(self.sweep(), 3, "grid.json", 'did you mean "models"')
        self.write_grid([self.recipe("base", "dpo", self.pairs)])
        self.assert_fails(self.sweep(), 3, "recipes[0].name")

    def test_what_only_a_later_cell_would_find_is_refused_before_the_first(self):
        dpo = self.recipe("dpo", "dpo", self.pairs)
        evaluation = {"benchmarks": ["perplexity"], "langs": ["en", "fr"], "data": str(self.data), "threads": 1}
        for wrong, parts in (
                ({"compare": {"metrics": ["bits_per_bite"]}}, ("compare.metrics", "bits_per_byte")),
                ({"compare": {"source": "de"}}, ("compare.source", '"de"')),
                ({"recipes": [{**dpo, "benchmarks": ["perplexitie"]}]}, ("recipes[0].benchmarks", "perplexity")),
                ({"recipes": [{**dpo, "benchmarks": []}]}, ("recipes[0].benchmarks", "empty")),
                ({"models": [{"name": "tiny", "model": str(self.model), "without_benchmarks": ["mbqq"]}]}, ("models[0].without_benchmarks", "mbqq")),
                ({"models": [{"name": "tiny", "model": str(self.model), "lernin_rate": 1}]}, ("models[0]", 'did you mean "learning_rate"')),
                ({"models": [{"name": "tiny", "model": str(self.model), "run": {"output": "elsewhere"}}]}, ("models[0]", '"output" is set by the sweep')),
                ({"recipes": [{**dpo, "train": {**dpo["train"], "global": {"seed": 1}}}]}, ("recipes[0].train", '"seed" is set by the sweep')),
                ({"eval": {**evaluation, "model": {"adapter": "a"}}}, ("eval", '"adapter" is set by the sweep')),
                ({"eval": []}, ("eval", "empty")),
                ({"eval": {**evaluation, "langs": []}}, ("eval: langs", "empty")),
                ({"eval": {**evaluation, "benchmarks": []}}, ("eval: benchmarks", "empty")),
                ({"eval": {**evaluation, "benchmarks": ["perplexty"]}}, ("eval of model tiny", "perplexity")),
                ({"eval": {**evaluation, "quantize": "stored"}}, ("eval of model tiny", "--quantize", ".gguf")),
                ({"recipes": [self.recipe("dpo", "dpo", self.pairs, monitor=["nowhere.txt"])]}, ("recipe dpo", "nowhere.txt")),
                ({"recipes": [self.recipe("dpo", "dpo", self.pairs, monitor=["fr=nowhere.txt"])]}, ("recipe dpo", "nowhere.txt")),
                ({"seeds": list(range(100000))}, ("more than 50000 cells",))):
            self.write_grid(**{"recipes": [dpo], **wrong})
            self.assert_fails(self.sweep("--dry-run", timeout=60), 3, "grid.json", *parts)

    def test_a_folder_keeps_what_it_has_done(self):
        self.write_grid([self.recipe("sft", "sft", self.texts), self.recipe("dpo", "dpo", self.pairs)])
        first = self.plan()["cells"]
        self.assert_works(self.sweep("--cell", first[0]["id"]))
        self.write_grid([self.recipe("dpo", "dpo", self.pairs)])
        self.assert_fails(self.sweep(), 2, "train tiny sft seed 1", "not in the grid", "--replace")
        self.write_grid([self.recipe("sft", "sft", self.texts, max_steps=3), self.recipe("dpo", "dpo", self.pairs)])
        for flags in ((), ("--collect",), ("--cell", first[1]["id"])):
            self.assert_fails(self.sweep(*flags), 2, "max_steps 2, now 3")
        self.assertEqual([cell["id"] for cell in json.loads(run("status", self.out, "--json").stdout)["cells"]], [cell["id"] for cell in first])
        self.write_grid([self.recipe("sft", "sft", self.texts), self.recipe("dpo", "dpo", self.pairs)], seeds=(1, 42))  # grown
        self.assert_works(self.sweep("--cell", self.plan()["cells"][0]["id"]))
        self.write_grid([])
        self.assert_works(self.sweep("--replace"))
        self.assertEqual(len(json.loads(run("status", self.out, "--json").stdout)["cells"]), 1)

    def test_a_failed_cell_holds_up_nothing_but_its_own(self):
        # A learning rate at which the loss is soon no number.
        self.write_grid([self.recipe("sft", "sft", self.texts), self.recipe("bad", "sft", self.texts, learning_rate=1e30, max_steps=20, max_grad_norm=1e30)])
        process = self.sweep("--workers", 2)
        self.assertEqual(process.returncode, 4, process.stderr)
        status = json.loads(self.assert_works(run("status", self.out, "--json")).stdout)
        states = {(cell["kind"], cell["recipe"]): cell["state"] for cell in status["cells"]}
        self.assertEqual(states, {("train", "sft"): "done", ("train", "bad"): "failed", ("eval", None): "done", ("eval", "sft"): "done", ("eval", "bad"): "waiting"})
        failed = next(cell for cell in status["cells"] if cell["state"] == "failed")
        self.assertIn("lower learning_rate", failed["message"])
        self.assertIn(failed["message"], (self.out / "cells" / failed["id"] / "output.txt").read_text())
        self.assertEqual([arm["name"] for arm in self.comparison(self.out)["arms"]], ["base", "sft"])
        self.assertIn("3 of 5 cells done", run("status", self.out).stdout)
        # The mended grid does what is missing, and nothing again.
        self.write_grid([self.recipe("sft", "sft", self.texts)])
        self.assert_works(self.sweep())
        self.assert_each_done_once(self.plan()["cells"])

    def test_a_signal_stops_it_and_the_same_command_goes_on(self):
        self.write_grid([self.recipe("sft", "sft", self.texts, max_steps=100000, save_steps=100000)])
        process = subprocess.Popen([XLT, "sweep", str(self.grid), "--output", str(self.out)], stderr=subprocess.PIPE, text=True)
        train = next(cell["id"] for cell in self.plan()["cells"] if cell["kind"] == "train")
        metrics = self.out / "cells" / train / "output" / "metrics.jsonl"
        while not (metrics.exists() and metrics.stat().st_size > 0):
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=patience(60))
        self.assertEqual(process.returncode, 130, errors)
        self.assertEqual([event["event"] for event in self.log(train)], ["start", "interrupted"])
        self.assertTrue(list((self.out / "cells" / train / "output" / "checkpoints").iterdir()))
        self.assertEqual(json.loads(run("status", self.out, "--json").stdout)["totals"]["states"]["running"], 0)

    def test_cells_can_be_done_one_by_one(self):
        self.write_grid([self.recipe("sft", "sft", self.texts)])
        cells = self.plan()["cells"]
        evaluation = next(cell for cell in cells if cell["needs"])
        self.assert_fails(self.sweep("--cell", evaluation["id"]), 2, "not done", "train tiny sft")
        for cell in cells:
            self.assert_works(self.sweep("--cell", cell["id"]))
        self.assert_each_done_once(cells)
        self.assert_works(self.sweep("--collect"))
        self.assertEqual(self.comparison(self.out)["arms"][1]["name"], "sft")
        page = (self.out / "report.html").read_text()
        for part in ('"name":"sft"', '"changes":{', '"training":{', '"sft-1","train"'):
            self.assertIn(part, page)
        other = self.folder / "again.html"
        self.assert_works(run("report", self.out, "--output", other))
        self.assertIn('"sft-1","train"', other.read_text())
        self.assertNotIn("not here", other.read_text())

    def test_results_of_cells_that_were_replaced_are_shown_no_more(self):
        self.write_grid([self.recipe("sft", "sft", self.texts)])
        self.assert_works(self.sweep())
        place = self.out / "compare" / "tiny"
        self.assertTrue((place / "compare.json").exists())
        self.assertIn('"name":"sft"', (self.out / "report.html").read_text())
        self.write_grid([])
        self.assert_works(self.sweep("--replace"))
        self.assertEqual(sorted(path.name for path in place.iterdir()), ["arms"])
        self.assertEqual([path.name for path in (place / "arms").iterdir()], ["base"])
        page = (self.out / "report.html").read_text()
        self.assertNotIn('"name":"sft"', page)
        self.assertNotIn("sft-1", page)

    def test_jobs_that_slurm_took_are_named_when_it_refuses_the_next(self):
        programs, calls = self.folder / "bin", self.folder / "calls"
        programs.mkdir()
        sbatch = programs / "sbatch"
        sbatch.write_text(f"#!/bin/sh\necho \"$@\" >>'{calls}'\ncount=$(wc -l <'{calls}')\n"
                          "if [ $count -gt 1 ]; then echo 'sbatch: error: Invalid account' >&2; exit 1; fi\necho $((100 + count))\n")
        sbatch.chmod(0o755)
        self.write_grid([self.recipe("sft", "sft", self.texts)], slurm={"sbatch": {"constraint": ["a", "b"]}})
        process = self.sweep("--submit", "slurm", env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"})
        self.assert_fails(process, 3, "Invalid account", "101 (train)", "scancel 101")
        self.assertEqual(json.loads((self.out / "slurm" / "jobs.json").read_text()), {"jobs": [{"name": "train", "job": "101", "tasks": 1}]})
        self.assertIn("--constraint=a --constraint=b", calls.read_text().splitlines()[0])

    def test_recipes_of_the_study_on_two_models_end_on_pages(self):
        study = {"recipe": "sft_biasdpo", "recipe_mode": "paper", "data": str(self.pairs), "max_steps": 2, "max_length": 64, "lora_r": 2, "threads": 1}
        models = [{"name": name, "model": str(self.model), "dtype": dtype} for name, dtype in (("tiny", "float32"), ("half", "bfloat16"))]
        self.write_grid([{"name": "study", "train": study}], models=models)
        trainings = [cell for cell in self.plan()["cells"] if cell["kind"] == "train"]
        self.assertTrue(all(cell["num_tokens"] > 0 and cell["memory_bytes"] > 0 for cell in trainings), trainings)
        self.assert_works(self.sweep("--workers", 2))
        page = (self.out / "report.html").read_text()
        for name in ("tiny", "half"):
            self.assertIn(f'href="compare/{name}/report.html"', page)
            own = (self.out / "compare" / name / "report.html").read_text()
            self.assertIn('"training":{', own)
            self.assertIn('"study-1","train"', own)
            run_json = json.loads((self.out / "compare" / name / "runs" / "study-1" / "run.json").read_text())
            wanted = {"method": "sft", "adapter": "qlora", "lora_r": 2, "no_append_eos": True, "learning_rate": 3e-4}
            self.assertEqual({key: run_json["config"][key] for key in wanted}, wanted)

    def kill_workers(self, commands, cells, seconds):
        """Runs the commands side by side; KILLS times one of them is killed and started again. → kills. seconds: that it takes without."""
        moments, workers, killed = random.Random(SEED), {}, 0

        def start(number):
            workers[number] = subprocess.Popen(commands[number], stdout=subprocess.DEVNULL, stderr=open(self.folder / "errors.txt", "a"))

        for number in range(len(commands)):
            start(number)
        while killed < KILLS:
            time.sleep(moments.uniform(0.2, 0.8) * seconds / KILLS)
            number = moments.choice(sorted(workers))
            if workers[number].poll() is None:
                killed += 1
            workers[number].kill()
            workers[number].wait()
            start(number)
            if killed < KILLS and all(len(self.done(cell["id"])) for cell in cells):
                break  # faster than thought
        for worker in workers.values():
            self.assertEqual(worker.wait(timeout=patience(3000)), 0, (self.folder / "errors.txt").read_text())
        return killed

    def test_killed_workers_lose_nothing(self):
        # Arms differ in what is quick to change. From 20 kills on: 34 arms of 2 seeds, each trained and evaluated in two languages, 206 cells.
        arms = 34 if KILLS >= 20 else 2
        recipes = [self.recipe(f"sft-{i}", "sft", self.texts, learning_rate=1e-3 * (i + 1)) for i in range(arms)]
        self.write_grid(recipes, seeds=(1, 2), split="language")
        cells = self.plan()["cells"]
        whole = self.folder / "whole"
        begin = time.monotonic()
        self.assert_works(self.sweep("--workers", 3, output=whole, timeout=3000))
        seconds = time.monotonic() - begin
        killed = self.kill_workers([[XLT, "sweep", str(self.grid), "--output", str(self.out)]] * 3, cells, seconds)
        self.assertGreaterEqual(killed, min(KILLS, 1))
        print(f"{len(cells)} cells, {killed} kills, {sum(len([e for e in self.log(c['id']) if e['event'] == 'start']) for c in cells)} starts", flush=True)
        self.assert_each_done_once(cells)
        self.assertEqual(self.comparison(self.out), self.comparison(whole))
        self.assertEqual(sorted(path.name for path in (self.out / "cells").iterdir()), sorted(cell["id"] for cell in cells))

    @unittest.skipUnless(os.geteuid() == 0 and FAKETIME and shutil.which("unshare"), "needs root, unshare and Debian's libfaketime")
    def test_two_machines_whose_clocks_are_ten_minutes_apart(self):
        # The second sees the folder under another path, and has a host name, processes and a clock of its own.
        arms = 34 if KILLS >= 20 else 2
        self.write_grid([self.recipe(f"sft-{i}", "sft", self.texts, learning_rate=1e-3 * (i + 1)) for i in range(arms)], seeds=(1, 2), split="language")
        cells, whole, view = self.plan()["cells"], self.folder / "whole", self.folder / "view"
        begin = time.monotonic()
        self.assert_works(self.sweep("--workers", 2, output=whole, timeout=3000))
        seconds = time.monotonic() - begin
        view.mkdir()
        self.out.mkdir()
        # Waiting is by the clock that no machine shares with another; that one is the kernel's.
        ahead, behind = (["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", f"LD_PRELOAD={FAKETIME}", f"FAKETIME={offset}"]
                         for offset in ("+5m", "-5m"))
        here = [*ahead, XLT, "sweep", str(self.grid), "--output", str(self.out)]
        script = f"hostname other && mount --bind '{self.out}' '{view}' && exec \"$@\""
        there = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh",
                 *behind, XLT, "sweep", str(self.grid), "--output", str(view)]
        killed = self.kill_workers([here, there], cells, seconds)
        self.assert_each_done_once(cells)
        mounted = json.loads(json.dumps(self.comparison(self.out)).replace(str(view), "OUTPUT"))
        self.assertEqual(mounted, self.comparison(whole))
        events = [event for cell in cells for event in self.log(cell["id"])]
        by_host = {}
        for event in events:
            by_host.setdefault(event["worker"].split(":")[0], []).append(calendar.timegm(time.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")))
        self.assertEqual(len(by_host), 2)
        apart = [min(times) for times in by_host.values()]
        self.assertGreater(abs(apart[0] - apart[1]), 400)
        print(f"two machines: {len(cells)} cells, {killed} kills, events of each {[len(times) for times in by_host.values()]}, clocks {abs(apart[0] - apart[1])} s apart", flush=True)

    def done(self, cell):
        log = self.out / "cells" / cell / "log.jsonl"
        return [event for event in read_rows(log) if event["event"] == "done"] if log.exists() else []


if __name__ == "__main__":
    unittest.main()
