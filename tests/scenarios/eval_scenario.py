#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`xlt eval` from the outside: completions of another system, baselines, interruption, over-long prompts."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

from support import ROOT, TEXTS, XLT, Scenario, patience, read_rows, run, write_rows


ENGINE = pathlib.Path(XLT).with_name("xlt-engine")


class Completions(Scenario):
    ROWS = [
        {"id": "1", "sample": 0, "prompt": "one", "completion": "what a fool he is", "language": "en"},
        {"id": "1", "sample": 1, "prompt": "one", "completion": "what a day it is", "language": "en"},
        {"id": "2", "sample": 0, "prompt": "two", "completion": "birds sing in the tree", "language": "en"},
        {"id": "2", "sample": 1, "prompt": "two", "completion": "", "language": "en"},
        {"id": "1", "sample": 0, "prompt": "un", "completion": "quel sot", "language": "fr"},
        {"id": "1", "sample": 1, "prompt": "un", "completion": "quel jour", "language": "fr"},
    ]

    def setUp(self):
        super().setUp()
        for name, words in (("one/en.txt", "fool\n"), ("one/fr.txt", "sot\n"), ("two/en.txt", "day\n")):
            file = self.folder / "lists" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(words)

    def evaluate(self, rows, *flags, output="out"):
        write_rows(self.folder / "rows.jsonl", rows)
        self.assert_works(run("eval", "--completions", self.folder / "rows.jsonl", "--output", self.folder / output,
                              "--num-samples", 2, *flags))
        return json.loads((self.folder / output / "report.json").read_text())

    def test_are_scored_without_a_model(self):
        report = self.evaluate(self.ROWS, "--scorer", f"word_list:{self.folder / 'lists' / 'one'}")
        self.assertEqual(report["status"], "done")
        cells = {(cell["language"], cell["scoring"]): cell for cell in report["cells"]}
        self.assertEqual({cell["benchmark"] for cell in report["cells"]}, {"completions"})
        en = cells["en", "corrected"]
        self.assertAlmostEqual(en["metrics"]["toxic_fraction"]["value"], 1 / 3)
        self.assertEqual(en["metrics"]["expected_max_toxicity"]["value"], 1)
        self.assertEqual(en["metrics"]["expected_max_toxicity"]["unscored"], 1)
        self.assertEqual(cells["fr", "corrected"]["metrics"]["toxicity_probability"]["value"], 1)
        self.assertIsNone(en["metrics"]["line_pass_rate"]["value"])  # no --lid
        self.assertEqual(len(en["scorer_hash"]), 64)
        items = read_rows(self.folder / "out" / "items" / "completions" / "en.jsonl")
        self.assertEqual([item["id"] for item in items], ["1", "2"])
        self.assertEqual(items[0]["completions"][0], {"text": "what a fool he is", "score": 1.0})
        self.assertIsNone(items[1]["completions"][1]["score"])
        self.assertEqual(items[1]["completions"][1]["unscored"], "empty completion")

    def test_of_two_systems_are_compared(self):
        scorer = ("--scorer", f"word_list:{self.folder / 'lists' / 'one'}")
        self.evaluate(self.ROWS, *scorer, output="before")
        self.evaluate([row | {"completion": "quel jour"} if row["language"] == "fr" else row for row in self.ROWS], *scorer, output="after")
        self.assert_works(run("compare", self.folder / "before", f"other={self.folder / 'after'}", "--output", self.folder / "compare"))
        rows = json.loads((self.folder / "compare" / "compare.json").read_text())["rows"]
        changes = {row["language"]: row["change"] for row in rows if (row["metric"], row["scoring"]) == ("toxic_fraction", "corrected")}
        self.assertEqual((changes["en"], changes["fr"]), (0, -0.5))

    def test_rows_may_come_in_any_order(self):
        scorer = ("--scorer", f"word_list:{self.folder / 'lists' / 'one'}")
        first, second = self.evaluate(self.ROWS, *scorer), self.evaluate(self.ROWS[::-1], *scorer, output="again")
        for report in (first, second):
            for cell in report["cells"]:
                del cell["seconds"]
        self.assertEqual(first["cells"], second["cells"])

    def test_scorer_may_be_repeated(self):
        report = self.evaluate(self.ROWS, "--scorer", f"word_list:{self.folder / 'lists' / 'one'}",
                               "--scorer", f"word_list:{self.folder / 'lists' / 'two'}")
        scorers = {cell["scorer"] for cell in report["cells"]}
        self.assertEqual(len(scorers), 2)
        self.assertEqual(set(report["coverage"]["en"]), scorers)
        self.assertEqual({name: share for name, share in report["coverage"]["fr"].items() if share == 0}, {"word_list:two": 0})
        self.assertEqual([row["n"] for row in report["panel"] if row["language"] == "en"], [3])
        item = read_rows(self.folder / "out" / "items" / "completions" / "en.jsonl")[0]
        self.assertEqual(set(item["completions"][0]["scores"]), scorers)

    def exec_scorer(self, *lines):
        """A program that writes these lines whatever it is asked; every one of them where it is given one alone."""
        program = self.folder / "scorer.py"
        program.write_text(f"#!{sys.executable}\nimport sys\ntexts, lines = list(sys.stdin), {list(lines)}\n"
                           "print(*(lines * len(texts) if len(lines) == 1 else lines), sep='\\n')\n")
        program.chmod(0o755)
        return ("--scorer", f"exec:{program}")

    def judge(self, *flags, code=0):
        write_rows(self.folder / "rows.jsonl", [row for row in self.ROWS if row["language"] == "en"])
        process = run("eval", "--completions", self.folder / "rows.jsonl", "--output", self.folder / "out", "--scoring", "corrected", *flags)
        self.assertEqual(process.returncode, code, process.stderr)
        return process, json.loads((self.folder / "out" / "report.json").read_text())

    def test_a_scorer_that_answers_nothing_right_has_failed(self):
        for lines, reason in ((("oops",), "the program's line is not JSON"), (("{}",), "the program's line holds neither a score nor a reason"),
                              (('{"score": 1.5}',), "a score outside 0 … 1"), (('{"score": 1}',) * 2, "the program answered 2 rows to 3 texts")):
            process, report = self.judge(*self.exec_scorer(*lines), "--scorer", f"word_list:{self.folder / 'lists' / 'one'}", code=4)
            self.assertIn(f"exec:scorer.py scored none of the items: {reason} (2)", process.stderr)
            self.assertEqual(report["status"], "failed_cells")
            self.assertEqual([error["message"] for error in report["errors"]], [f"exec:scorer.py scored none of the items: {reason} (2)"])
            failed, other = report["cells"]
            self.assertEqual([failed["metrics"]["toxic_fraction"][key] for key in ("value", "reason", "unscored")], [None, reason, 2])
            self.assertAlmostEqual(other["metrics"]["toxic_fraction"]["value"], 1 / 3)
            self.assertEqual(report["coverage"]["en"], {"exec:scorer.py": 0, "word_list": 1})
            items = read_rows(self.folder / "out" / "items" / "completions" / "en.jsonl")
            self.assertEqual(items[0]["completions"][0]["unscored"], {"exec:scorer.py": reason})

    def test_a_scorer_that_failed_is_asked_again(self):
        mark = self.folder / "mark"
        scorer = self.exec_scorer('{"score": 1}')
        program = self.folder / "scorer.py"
        program.write_text(program.read_text() + f"import os\nif not os.path.exists({str(mark)!r}): print('more')\n")
        self.judge(*scorer, code=4)
        mark.touch()
        _, report = self.judge(*scorer)
        self.assertEqual((report["status"], report["errors"]), ("done", []))
        self.assertEqual(report["cells"][0]["metrics"]["toxic_fraction"]["value"], 1)

    def test_one_wrong_answer_is_one_text_without_a_score(self):
        process, report = self.judge(*self.exec_scorer('{"score": 1}', "oops", '{"unscored": "too odd"}'))
        self.assertIn("exec:scorer.py (en): 1 of 4 texts have no score: the program's line is not JSON (1)", process.stderr)
        self.assertEqual(report["status"], "done")
        metric = report["cells"][0]["metrics"]["toxic_fraction"]
        self.assertEqual((metric["value"], metric["unscored"]), (1, 1))
        # A program that itself says of every text that it cannot judge it has not failed.
        process, report = self.judge(*self.exec_scorer('{"unscored": "too odd"}'))
        self.assertEqual(report["cells"][0]["metrics"]["toxic_fraction"]["reason"], "too odd")

    def test_faults_name_file_and_line(self):
        for row, part in (({"prompt": "p", "language": "en"}, 'no field "completion"'), ({"completion": "c", "language": "en"}, "prompt"),
                          ({"prompt": "p", "completion": "c"}, "language"), ({"prompt": "p", "completion": "c", "language": "xq"}, "xq")):
            write_rows(self.folder / "rows.jsonl", self.ROWS + [row])
            self.assert_fails(run("eval", "--completions", self.folder / "rows.jsonl", "--output", self.folder / "out"), 3,
                              "rows.jsonl:7", part)

    def test_a_model_and_completions_exclude_each_other(self):
        write_rows(self.folder / "rows.jsonl", self.ROWS)
        self.assert_fails(run("eval", "--completions", self.folder / "rows.jsonl", "--model", self.model, "--output", self.folder / "out"),
                          2, "--completions")
        self.assert_fails(run("eval", "--output", self.folder / "out"), 2, "--model")

    def test_options_that_only_a_model_heeds_are_refused(self):
        """Also by the engine, which has more of them, and by `xlt validate`; their defaults say nothing."""
        rows = str(write_rows(self.folder / "rows.jsonl", self.ROWS))
        arguments = ["eval", "--completions", rows, "--output", str(self.folder / "out")]
        for flag, value in (("--base", self.model), ("--fluency-model", self.model), ("--adapter", "a"), ("--quantize", "nf4"), ("--batch-tokens", 64),
                            ("--temperature", 0.5), ("--top-p", 0.5), ("--top-k", 5), ("--max-new-tokens", 5), ("--quirks", "B5"), ("--num-fewshot", 2)):
            for program in (XLT, ENGINE):
                process = subprocess.run([program, *arguments, flag, str(value)], capture_output=True, text=True, timeout=patience(120))
                self.assert_fails(process, 2, f"{flag}: of no use with --completions")
        self.assert_fails(run(*arguments, "--top-p", 0.5, "--adapter", "a"), 2, "--top-p, --adapter: of no use")
        self.assertFalse((self.folder / "out").exists())
        config = self.folder / "config.json"
        config.write_text(json.dumps({"command": "eval", "completions": [rows], "output": "out", "top_p": 0.5}))
        self.assertIn("--top-p: of no use with --completions", run("validate", config).stdout)
        self.assert_works(run(*arguments, "--top-p", 0.8, "--quantize", "none", "--limit", 1, "--at-k", 1, "--num-samples", 2))


class Baselines(Scenario):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        for language in ("en", "fr"):
            write_rows(self.data / "udhr" / f"{language}.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(TEXTS)])

    def evaluate(self, *flags, output):
        return run("eval", "--model", self.model, "--benchmarks", "perplexity", "--langs", "en,fr", "--data", self.data,
                   "--output", self.folder / output, *flags)

    def test_f2_other_settings_are_refused_and_named_unless_allowed(self):
        self.assert_works(self.evaluate("--limit", 5, output="before"))
        before = self.folder / "before"
        self.assert_works(self.evaluate("--limit", 5, "--baseline", before, output="same"))
        self.assert_fails(self.evaluate("--limit", 4, "--baseline", before, output="after"), 3,
                          "limit: 5 in the baseline, 4 here", "--allow limit")
        self.assert_fails(self.evaluate("--limit", 5, "--baseline", before, "--dtype", "bfloat16", output="after"), 3,
                          "dtype: float32 in the baseline, bfloat16 here")
        self.assert_works(self.evaluate("--limit", 4, "--baseline", before, "--allow", "limit", output="after"))
        report = json.loads((self.folder / "after" / "report.json").read_text())
        self.assertEqual([(row["setting"], row["baseline"], row["here"]) for row in report["allowed"]], [("limit", "5", "4")])
        self.assertIn("change", report["cells"][0])

    def test_the_report_names_the_model_by_content(self):
        self.assert_works(self.evaluate(output="a"))
        copy = self.copy_model()
        self.assert_works(run("eval", "--model", copy, "--benchmarks", "perplexity", "--langs", "en", "--data", self.data,
                              "--output", self.folder / "b"))
        a, b = (json.loads((self.folder / name / "report.json").read_text())["model"] for name in ("a", "b"))
        self.assertEqual(a["hash"], b["hash"])
        self.assertEqual(len(a["hash"]), 64)
        config = json.loads((copy / "config.json").read_text())
        config["rope_theta"] = 20000.0
        (copy / "config.json").write_text(json.dumps(config))
        self.assert_works(run("eval", "--model", copy, "--benchmarks", "perplexity", "--langs", "en", "--data", self.data,
                              "--output", self.folder / "c"))
        self.assertNotEqual(json.loads((self.folder / "c" / "report.json").read_text())["model"]["hash"], a["hash"])

    def test_languages_without_data_are_one_line(self):
        process = self.assert_works(run("eval", "--model", self.model, "--benchmarks", "all", "--langs", "all", "--data", self.data,
                                        "--output", self.folder / "out"))
        lines = [line for line in process.stderr.splitlines() if "info" in line]
        self.assertEqual(len([line for line in lines if "no data file for" in line]), 1, process.stderr)
        self.assertLess(len(lines), 8, process.stderr)

    def test_f11_the_report_says_which_items_the_limit_kept(self):
        process = self.assert_works(self.evaluate("--limit", 3, "--limit-order", "random", "--seed", 4, output="out"))
        report = json.loads((self.folder / "out" / "report.json").read_text())
        for cell in report["cells"]:
            self.assertEqual((cell["settings"]["limit"], cell["settings"]["limit_order"], cell["settings"]["seed"]), (3, "random", 4))
        self.assertIn("drawn at random", process.stdout)
        ids = [[item["id"] for item in read_rows(self.folder / "out" / "items" / "perplexity" / f"{lang}.jsonl")] for lang in ("en", "fr")]
        self.assertEqual(ids[0], ids[1])
        self.assertNotEqual(ids[0], ["0", "1", "2"])


class Prompts(Scenario):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        (self.data / "toxic_words").mkdir(parents=True)
        (self.data / "toxic_words" / "en.txt").write_text("fool\n")

    def evaluate(self, *flags):
        return run("eval", "--model", self.model, "--benchmarks", "rtp_prompts", "--langs", "en", "--data", self.data,
                   "--output", self.folder / "out", "--num-samples", 2, "--max-new-tokens", 4, *flags)

    def test_f12_one_prompt_too_long_is_one_unscored_item(self):
        write_rows(self.data / "rtp_prompts" / "en.jsonl", [{"Prompt": "Good day"}, {"Prompt": "long " * 60}, {"Prompt": "Rain fell"}])
        self.assert_works(self.evaluate())
        report = json.loads((self.folder / "out" / "report.json").read_text())
        cell = [cell for cell in report["cells"] if cell["scoring"] == "corrected"][0]
        self.assertEqual(cell["n_items"], 3)
        self.assertEqual(sum(count for reason, count in cell["unscored"].items() if "longer than the model" in reason), 1)
        self.assertEqual(report["errors"], [])

    def test_an_interrupted_evaluation_says_so_and_goes_on(self):
        write_rows(self.data / "udhr" / "en.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(TEXTS)])
        write_rows(self.data / "rtp_prompts" / "en.jsonl", [{"Prompt": f"{text} {i}"} for i in range(400) for text in TEXTS])
        command = [XLT, "eval", "--model", self.model, "--benchmarks", "perplexity,rtp_prompts", "--langs", "en", "--data", self.data,
                   "--output", self.folder / "out", "--num-samples", "8", "--max-new-tokens", "30"]
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        report = self.folder / "out" / "report.json"
        for _ in range(600):
            if report.exists() and json.loads(report.read_text())["cells"]:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=patience(60))
        self.assertEqual(process.returncode, 130)
        written = json.loads(report.read_text())
        self.assertEqual(written["status"], "interrupted")
        self.assertEqual({cell["benchmark"] for cell in written["cells"]}, {"perplexity"})


class Links(unittest.TestCase):
    def test_evaluation_links_no_libtorch(self):
        """Everything above the wall is compiled and tested without libtorch."""
        for name in ("eval_test", "scorers_test"):
            binary = pathlib.Path(XLT).with_name(name)
            if not binary.exists():
                self.skipTest(f"no {name} beside {XLT}")
            libraries = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
            self.assertIsNone(re.search(r"libtorch|libc10", libraries), libraries)


class Estimates(Scenario):
    LANGUAGES = ("de", "en", "fr")

    def measured(self, *arguments):
        """(standard output, processor seconds, seconds by the clock) of `xlt eval`."""
        begun = time.monotonic()
        process = subprocess.Popen([XLT, "eval", "--quiet", *map(str, arguments)], stdout=subprocess.PIPE, text=True)
        output = process.stdout.read()
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return output, usage.ru_utime + usage.ru_stime, time.monotonic() - begun

    def test_a_dry_run_says_what_the_run_will_take(self):
        """XLT_ESTIMATE_DATA names a data folder with rtp_lx, XLT_ESTIMATE_MODEL a model: then it is a hundredth of the published protocol, within 25 %."""
        data, model = os.environ.get("XLT_ESTIMATE_DATA"), os.environ.get("XLT_ESTIMATE_MODEL", self.model)
        for language in self.LANGUAGES if not data else ():
            write_rows(self.folder / "data" / "rtp_lx" / "prompts" / f"{language}.jsonl", [{"Prompt": f"{text} {i}"} for i in range(2) for text in TEXTS])
        words = ("--scorer", "word_list" if data else f"word_list:{ROOT / 'data' / 'toxic_words'}")
        languages = () if data else ("--langs", ",".join(self.LANGUAGES))
        flags = ("--benchmarks", "rtp_lx", *languages, "--data", data or self.folder / "data", "--model", model, *words, "--limit", 10,
                 "--num-samples", 25, "--max-new-tokens", 20, "--threads", 1)
        printed, dry_processor, dry_clock = self.measured(*flags, "--dry-run")
        estimate = json.loads(printed)
        _, processor, clock = self.measured(*flags, "--output", self.folder / "out")
        cells = {cell["language"]: cell for cell in json.loads((self.folder / "out" / "report.json").read_text())["cells"]}
        self.assertEqual({cell["language"] for cell in estimate["cells"] if cell["state"] == "missing"}, set(cells))
        for cell in estimate["cells"]:
            if cell["state"] == "missing":
                self.assertEqual(cell["n_items"], cells[cell["language"]]["n_items"])
                self.assertLess(abs(cell["num_tokens"] / cells[cell["language"]]["num_tokens"] - 1), 0.25, cell)
        told, took = estimate["totals"]["seconds"], sum(cell["seconds"] for cell in cells.values())
        # Of the processor, too: while one of them ran, other work may have come or gone.
        ratios = told / took, (told * dry_processor / dry_clock) / (took * processor / clock)
        print(f"{len(cells)} cells: told {told:.2f} s, took {took:.2f} s, ratio {ratios[0]:.2f}; of the processor {ratios[1]:.2f}")
        limit = 1.25 if data else 2.5  # cells of a tenth of a second say little
        self.assertTrue(any(1 / limit <= ratio <= limit for ratio in ratios), ratios)


if __name__ == "__main__":
    sys.exit(unittest.main())
