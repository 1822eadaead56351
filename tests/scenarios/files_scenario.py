# SPDX-License-Identifier: Apache-2.0
"""What happens to files: two at once, kills at any moment, links, modes, pipes, names that are no text."""
import json
import os
import shutil
import signal
import stat
import subprocess
import time
import unittest

from support import PAIRS, TEXTS, XLT, Scenario, patience, read_rows, run, write_rows


def start(*arguments, **options):
    return subprocess.Popen([XLT, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def end(process):
    """(exit code, stderr) of a started process."""
    _, errors = process.communicate(timeout=patience(120))
    return process.returncode, errors


class Files(Scenario):
    def rows(self, name="in.jsonl"):
        return write_rows(self.folder / name, [{"text": text} for text in TEXTS])

    def tokenize(self, source, output, **options):
        return run("tokenize", "--model", self.model, "--input", source, "--output", output, **options)

    def adapter(self):
        """An adapter of the tiny model, trained once for all tests."""
        folder = Scenario.shared / "adapter-run"
        if not folder.exists():
            pairs = write_rows(Scenario.shared / "adapter-pairs.jsonl", PAIRS)
            self.assert_works(run("train", "--method", "dpo", "--model", self.model, "--data", pairs, "--output", folder, "--max-steps", 1, "--lora-r", 2))
        return folder / "adapter"

    def assert_nothing_hidden(self, folder=None):
        self.assertEqual([path.name for path in (folder or self.folder).rglob(".*")], [])


class TwoAtOnce(Files):
    def test_two_merges_into_one_folder_leave_it_whole(self):
        merge = ("merge", "--model", self.model, "--adapter", self.adapter(), "--output", self.folder / "merged")
        for _ in range(3):
            outcomes = [end(process) for process in [start(*merge), start(*merge)]]
            self.assertIn(0, [code for code, _ in outcomes])
            for code, errors in outcomes:
                self.assertTrue(code == 0 or (code == 2 and "is in use by process" in errors), (code, errors))
            self.assertLessEqual({"config.json", "model.safetensors", "tokenizer.json", "merge.json"}, set(os.listdir(self.folder / "merged")))
            self.assert_nothing_hidden()
        self.assert_works(run("score", "--model", self.folder / "merged", "--input", self.rows(), "--output", self.folder / "out.jsonl"))

    def test_two_runs_in_one_folder_are_one_run(self):
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        train = ("train", "--method", "dpo", "--model", self.model, "--data", pairs, "--output", self.folder / "run", "--max-steps", 8, "--lora-r", 2)
        outcomes = [end(process) for process in [start(*train), start(*train)]]
        self.assertIn(0, [code for code, _ in outcomes])
        for code, errors in outcomes:
            self.assertTrue(code == 0 or (code == 2 and "is in use by process" in errors), (code, errors))
        self.assertEqual(len(read_rows(self.folder / "run" / "metrics.jsonl")), 8)
        self.assert_nothing_hidden()

    def test_two_evaluations_in_one_folder_are_one(self):
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(TEXTS * 20)])
        evaluate = ("eval", "--model", self.model, "--benchmarks", "perplexity", "--langs", "en", "--data", self.folder / "data", "--output",
                    self.folder / "out")
        outcomes = [end(process) for process in [start(*evaluate), start(*evaluate)]]
        self.assertIn(0, [code for code, _ in outcomes])
        for code, errors in outcomes:
            self.assertTrue(code == 0 or (code == 2 and "is in use by process" in errors), (code, errors))
        self.assertEqual(json.loads((self.folder / "out" / "report.json").read_text())["status"], "done")
        self.assert_nothing_hidden()

    def test_two_writers_of_one_file_leave_one_whole(self):
        rows = self.rows()
        generate = ("generate", "--model", self.model, "--prompts", write_rows(self.folder / "p.jsonl", [{"prompt": text} for text in TEXTS]),
                    "--output", self.folder / "out.jsonl", "--num-samples", 4)
        self.assertEqual([end(process)[0] for process in [start(*generate), start(*generate)]], [0, 0])
        self.assertEqual(len(read_rows(self.folder / "out.jsonl")), 4 * len(TEXTS))
        self.assert_only("in.jsonl", "out.jsonl", "p.jsonl")
        self.assertTrue(rows.exists())


class Stopped(Files):
    def test_train_leaves_nothing_hidden(self):
        texts = self.rows()
        output = self.folder / "run"
        command = ("train", "--method", "sft", "--model", self.model, "--adapter", "none", "--data", texts, "--output", output, "--max-steps", 12,
                   "--save-steps", 2)
        process = start(*command)
        while process.poll() is None and not (output / "checkpoints" / "step-4").exists():
            time.sleep(0.002)
        process.kill()
        process.communicate()
        self.assert_works(run(*command))
        self.assert_nothing_hidden()

    def test_hanging_up_saves(self):
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        process = start("train", "--method", "dpo", "--model", self.model, "--data", pairs, "--output", self.folder / "run", "--max-steps", 100000,
                        "--lora-r", 2)
        while process.poll() is None and not (self.folder / "run" / "metrics.jsonl").exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGHUP)
        code, errors = end(process)
        self.assertEqual(code, 130, errors)
        self.assertEqual(json.loads((self.folder / "run" / "run.json").read_text())["status"], "interrupted")
        self.assertTrue(list((self.folder / "run" / "checkpoints").iterdir()))


class LinksAndModes(Files):
    def test_a_link_to_a_file_stays_a_link(self):
        (self.folder / "disk").mkdir()
        (self.folder / "out.jsonl").symlink_to("disk/real.jsonl")
        for _ in range(2):  # to nothing, then to a file
            self.assert_works(self.tokenize(self.rows(), self.folder / "out.jsonl"))
            self.assertTrue((self.folder / "out.jsonl").is_symlink())
            self.assertEqual(len(read_rows(self.folder / "disk" / "real.jsonl")), len(TEXTS))
        self.assert_nothing_hidden()

    def test_a_link_to_a_folder_stays_a_link(self):
        (self.folder / "disk" / "real").mkdir(parents=True)
        (self.folder / "merged").symlink_to(self.folder / "disk" / "real")
        for _ in range(2):
            self.assert_works(run("merge", "--model", self.model, "--adapter", self.adapter(), "--output", self.folder / "merged"))
            self.assertTrue((self.folder / "merged").is_symlink())
            self.assertTrue((self.folder / "disk" / "real" / "merge.json").is_file())
        self.assert_nothing_hidden()

    def test_modes_are_kept(self):
        output = self.folder / "out.jsonl"
        output.write_text("")
        for mode in (0o600, 0o640, 0o664):
            output.chmod(mode)
            self.assert_works(self.tokenize(self.rows(), output))
            self.assertEqual(stat.S_IMODE(output.stat().st_mode), mode)

    def test_new_files_follow_the_umask(self):
        for mask in (0o022, 0o077):
            output = self.folder / f"out-{mask}.jsonl"
            self.assert_works(self.tokenize(self.rows(), output, preexec_fn=lambda mask=mask: os.umask(mask)))
            self.assertEqual(stat.S_IMODE(output.stat().st_mode), 0o666 & ~mask)

    def test_what_only_looks_like_a_leftover_is_left_alone(self):
        names = [".out.jsonl.tmp-1", ".out.jsonl.tmp-mine", ".merged.partial", ".merged.old", ".out.jsonl.tmp-0123abcd-1-1-abcdef"]
        for name in names:
            (self.folder / name).write_text("mine")
        self.assert_works(self.tokenize(self.rows(), self.folder / "out.jsonl"))
        self.assert_works(run("merge", "--model", self.model, "--adapter", self.adapter(), "--output", self.folder / "merged"))
        self.assert_only("in.jsonl", "merged", "out.jsonl", *names)


class Pipes(Files):
    def test_rows_come_from_stdin_and_go_to_stdout(self):
        expected = [json.loads(line) for line in self.assert_works(self.tokenize(self.rows(), "/dev/stdout")).stdout.splitlines()]
        self.assertEqual(len(expected), len(TEXTS))
        for flags, text in (((), (self.folder / "in.jsonl").read_text()), ((), json.dumps([{"text": text} for text in TEXTS], indent=1)),
                            (("--input-format", "txt"), "\n".join(TEXTS)), (("--input-format", "tsv"), "text\n" + "\n".join(TEXTS))):
            with self.subTest(flags=flags):
                process = run("tokenize", "--model", self.model, "--input", "/dev/stdin", "--output", "/dev/stdout", *flags, input=text)
                self.assertEqual([json.loads(line) for line in self.assert_works(process).stdout.splitlines()], expected)
        for name in ("/dev/stdin", "-"):
            score = run("score", "--model", self.model, "--input", name, "--output", "/dev/stdout", input='{"text":"ab"}')
            self.assertEqual(json.loads(self.assert_works(score).stdout)["num_tokens"], 2)
        process = run("tokenize", "--model", self.model, "--input", "-", "--output", "/dev/stdout", "--input-format", "txt", input="\n".join(TEXTS))
        self.assertEqual([json.loads(line) for line in self.assert_works(process).stdout.splitlines()], expected)

    def test_stdin_that_is_no_json_asks_for_its_format(self):
        process = run("tokenize", "--model", self.model, "--input", "/dev/stdin", "--output", self.folder / "out.jsonl", input="text\nx\n")
        self.assert_fails(process, 3, "/dev/stdin:1", "--input-format")
        self.assert_only()

    def test_stdout_that_is_a_file_is_added_to(self):
        log = self.folder / "log"
        log.write_text("first\n")
        with log.open("a") as file:
            subprocess.run([XLT, "tokenize", "--model", self.model, "--input", self.rows(), "--output", "/dev/stdout"], stdout=file, check=True,
                           stderr=subprocess.DEVNULL)
        lines = log.read_text().splitlines()
        self.assertEqual((lines[0], len(lines)), ("first", 1 + len(TEXTS)))

    def test_output_that_is_the_input_is_refused(self):
        rows = self.rows()
        (self.folder / "link.jsonl").symlink_to("in.jsonl")
        for output in (rows, self.folder / "link.jsonl"):
            self.assert_fails(self.tokenize(rows, output), 2, "also the input")
            self.assert_fails(run("score", "--model", self.model, "--input", rows, "--output", output), 2, "also the input")
            self.assert_fails(run("generate", "--model", self.model, "--prompts", rows, "--output", output), 2, "also the input")
        self.assertEqual(len(read_rows(rows)), len(TEXTS))

    def test_help_that_cannot_be_written_is_an_error(self):
        for arguments in (("--help",), ("train", "--help"), ("--version",), ("ls", "methods")):
            with open("/dev/full", "w") as full:
                process = subprocess.run([XLT, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=patience(60))
            self.assertEqual(process.returncode, 3, arguments)
            self.assertIn("standard output", process.stderr)


class Names(Files):
    def test_a_path_that_is_no_text_survives_the_run(self):
        folder = os.fsencode(self.folder) + b"/caf\xe9"
        os.mkdir(folder)
        data, output = folder + b"/rows.jsonl", folder + b"/run"
        with open(data, "w") as file:
            file.write(self.rows().read_text())
        command = [XLT, "train", "--method", "sft", "--model", str(self.model), "--data", data, "--output", output, "--max-steps", "1", "--lora-r", "2"]
        first = subprocess.run(command, capture_output=True, timeout=patience(120))
        self.assertEqual(first.returncode, 0, first.stderr)
        again = subprocess.run(command, capture_output=True, timeout=patience(120))
        self.assertEqual((again.returncode, again.stdout), (0, first.stdout), again.stderr)
        with open(output + b"/run.json", encoding="utf-8") as file:
            record = json.load(file)
        self.assertTrue(record["config"]["data"].endswith("/caf\\xE9/rows.jsonl"), record["config"]["data"])
        self.assertTrue(record["data"][0]["file"].endswith("/caf\\xE9/rows.jsonl"))

    def test_reports_name_such_paths_by_their_bytes(self):
        folder = os.fsencode(self.folder) + b"/caf\xe9"
        shutil.copytree(os.fsencode(self.model), folder + b"/model")
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(TEXTS)])
        for output in (b"/a", b"/b"):
            process = subprocess.run([XLT, "eval", "--model", folder + b"/model", "--benchmarks", "perplexity", "--langs", "en", "--data",
                                      str(self.folder / "data"), "--output", folder + output], capture_output=True, timeout=120)
            self.assertEqual(process.returncode, 0, process.stderr)
        with open(folder + b"/a/report.json", encoding="utf-8") as file:
            report = json.load(file)
        self.assertTrue(report["model"]["path"].endswith("/caf\\xE9/model"), report["model"])
        process = subprocess.run([XLT, "compare", folder + b"/a", folder + b"/b", "--output", folder + b"/c"], capture_output=True, timeout=patience(120))
        self.assertEqual(process.returncode, 0, process.stderr)
        with open(folder + b"/c/compare.json", encoding="utf-8") as file:
            self.assertTrue(json.load(file)["arms"][0]["folders"][0].endswith("/caf\\xE9/a"))

    def test_training_data_that_cannot_be_read_twice_are_refused(self):
        for name in ("/dev/stdin", "-"):
            process = run("train", "--method", "sft", "--model", self.model, "--data", name, "--output", self.folder / "run", input='{"text":"ab"}')
            self.assert_fails(process, 3, "/dev/stdin", "pipe", "give a file")
        self.assert_only()

    def test_a_working_folder_that_is_gone_is_said(self):
        gone = self.folder / "gone"
        gone.mkdir()
        script = f'cd "{gone}" && rmdir "{gone}" && exec "{XLT}" tokenize --model m --input in.jsonl --output out.jsonl'
        process = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=patience(60))
        self.assert_fails(process, 3, "working folder: it is not there any more")

    def test_places_that_cannot_be_written_are_bad_input(self):
        rows = self.rows()
        (self.folder / "loop").symlink_to("loop")
        (self.folder / "file").write_text("")
        for output in ("loop", "file/out.jsonl", "n" * 300, "."):
            with self.subTest(output=output[:10]):
                self.assert_fails(self.tokenize(rows, self.folder / output), 3)

    def test_more_threads_than_cores_are_not_used(self):
        rows = self.rows()
        process = run("score", "--model", self.model, "--input", rows, "--output", self.folder / "out.jsonl", "--threads", 256)
        self.assertIn("--threads 256", self.assert_works(process).stderr)


if __name__ == "__main__":
    unittest.main()
