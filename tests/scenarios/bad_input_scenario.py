# SPDX-License-Identifier: Apache-2.0
"""Every kind of bad input: the right exit code, one short error that names file and place, nothing half-written.
2: the command line · 3: a file."""
import ctypes
import json
import os
import struct
import subprocess
import unittest

from support import PAIRS, TEXTS, XLT, Scenario, read_rows, run, write_rows


class CommandLine(Scenario):
    def test_no_command(self):
        self.assert_fails(run(), 2, "no command given", "xlt --help")

    def test_unknown_command_offers_the_nearest(self):
        self.assert_fails(run("trian"), 2, 'unknown command "trian"', 'did you mean "train"?')

    def test_unknown_option_offers_the_nearest(self):
        self.assert_fails(run("train", "--learning-rat", "1"), 2, 'unknown option "--learning-rat"', 'did you mean "--learning-rate"?')

    def test_option_before_the_command(self):
        self.assert_fails(run("--device", "cpu", "doctor"), 2, "options follow the command")

    def test_option_without_its_value(self):
        self.assert_fails(run("train", "--method"), 2, "--method")

    def test_unexpected_argument(self):
        self.assert_fails(run("doctor", "now"), 2, 'unexpected argument "now"')

    def test_missing_options_are_listed(self):
        self.assert_fails(run("score", "--model", self.model), 2, "--input, --output must be given")

    def test_what_is_trained_is_never_assumed(self):
        """Rows of one method are often rows of another too: a label that nobody reads would be lost in silence."""
        rows = write_rows(self.folder / "rows.jsonl", [{"prompt": "a", "completion": "b", "label": False}])
        train = ("train", "--model", self.model, "--data", rows)
        self.assert_fails(run(*train, "--output", self.folder / "run"), 2, "--method must be given")
        self.assert_fails(run(*train, "--dry-run"), 2, "--method must be given")
        config = self.folder / "config.json"
        config.write_text(json.dumps({"command": "train", "model": str(self.model), "data": str(rows), "output": "out"}))
        checked = run("validate", config)
        self.assertEqual(checked.returncode, 3)
        self.assertIn("--method must be given", checked.stdout)
        grid = self.folder / "grid.json"
        grid.write_text(json.dumps({"models": [{"name": "tiny", "model": str(self.model)}], "recipes": [{"name": "a", "train": {"data": str(rows)}}],
                                    "eval": {"data": str(self.folder), "benchmarks": ["perplexity"], "langs": ["en"]}}))
        self.assert_fails(run("sweep", grid, "--dry-run"), 3, "recipe a", "method is missing")

    def test_unknown_method_offers_the_nearest(self):
        self.assert_fails(run("train", "--method", "dop"), 2, "dop", "dpo")

    def test_unknown_dtype_device_and_kind(self):
        self.assert_fails(run("doctor", "--dtype", "float31"), 2, "float32")
        self.assert_fails(run("doctor", "--device", "cpuu"), 2, "cpu")
        self.assert_fails(run("ls", "benchmark"), 2, 'did you mean "benchmarks"?')

    def test_numbers_out_of_range(self):
        for flag, value in (("--max-steps", "-1"), ("--learning-rate", "-1e-3"), ("--batch-size", "0"), ("--label-smoothing", "2"),
                            ("--beta", "0"), ("--lora-r", "0"), ("--num-epochs", "nan"), ("--max-steps", "99999999999999999999"),
                            ("--max-steps", "1.5"), ("--max-length", "many"), ("--batch-size", "9223372036854775807"),
                            ("--gradient-accumulation-steps", "9223372036854775807")):
            with self.subTest(flag=flag, value=value):
                self.assert_fails(run("train", flag, value), 2, flag, value)

    def test_numbers_out_of_range_in_a_config(self):
        config = self.folder / "config.json"
        for option, value in (("max_steps", -1), ("learning_rate", -1e-3), ("batch_size", 0), ("max_length", "many")):
            config.write_text(json.dumps({option: value}))
            with self.subTest(option=option):
                self.assert_fails(run("train", "--config", config), 3, "config.json", option)

    def test_set_of_an_unknown_option_or_section(self):
        self.assert_fails(run("train", "--set", "max_step=1"), 2, "--set max_step=1", "max_steps")
        self.assert_fails(run("train", "--set", "trainin.max_steps=1"), 2, 'did you mean "training"?')
        self.assert_fails(run("train", "--set", "max_steps"), 2, "expected key=value")

    def test_model_and_model_config_together(self):
        rows = write_rows(self.folder / "rows.jsonl", PAIRS)
        self.assert_fails(run("train", "--method", "dpo", "--model", self.model, "--model-config", "x", "--data", rows, "--output", self.folder / "o"),
                          2, "one of them")
        self.assert_only("rows.jsonl")

    def test_unknown_benchmark_and_language(self):
        (self.folder / "data").mkdir()
        common = ("eval", "--model", self.model, "--data", self.folder / "data", "--output", self.folder / "out")
        self.assert_fails(run(*common, "--benchmarks", "perplexiti"), 2, 'did you mean "perplexity"?')
        self.assert_fails(run(*common, "--langs", "en,xq"), 2, "xq")
        self.assert_only("data")


class ConfigFiles(Scenario):
    def fails(self, text, code, *parts):
        path = self.folder / "config.json"
        path.write_text(text)
        self.assert_fails(run("train", "--config", path), code, "config.json", *parts)
        self.assert_only("config.json")

    def test_malformed_json(self):
        self.fails('{"max_steps": 1,\n "beta" 2}', 3, "line 2")

    def test_unknown_keys_offer_the_nearest_and_all_faults_are_listed(self):
        self.fails('{"max_step": 1, "beta": "much"}', 3, "max_steps", "beta: expected a number")

    def test_numbers_out_of_range(self):
        self.fails('{"batch_size": 0}', 3, "batch_size: must be between 1 and")

    def test_config_of_another_command(self):
        self.fails('{"command": "eval"}', 3, "command", "xlt eval")

    def test_no_such_file(self):
        self.assert_fails(run("train", "--config", self.folder / "none.json"), 3, "none.json")

    def test_validate_names_an_unknown_command(self):
        path = write_rows(self.folder / "c.json", [{"command": "trian"}])
        self.assert_fails(run("validate", path), 3, "c.json: command", 'did you mean "train"?')


class DataFiles(Scenario):
    def train(self, data, method="dpo"):
        return run("train", "--method", method, "--model", self.model, "--data", data, "--output", self.folder / "run", "--max-steps", 1)

    def raw(self, content, name="rows.jsonl"):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def test_malformed_row(self):
        self.assert_fails(self.train(self.raw(b'{"prompt":"a","chosen":"b","rejected":"c"}\n{"prompt":\n')), 3, "rows.jsonl:2")
        self.assert_only("rows.jsonl")

    def test_row_that_is_not_utf8(self):
        self.assert_fails(self.train(self.raw(b'{"text":"fine"}\n\n{"text":"\xff\xfe"}\n'), "sft"), 3, "rows.jsonl:3", "UTF-8")
        self.assert_only("rows.jsonl")

    def test_missing_field_names_what_is_there(self):
        self.assert_fails(self.train(write_rows(self.folder / "rows.jsonl", [{"prompt": "a", "choosen": "b", "rejected": "c"}])), 3,
                          "rows.jsonl:1", "chosen", "choosen")

    def test_field_that_is_no_text(self):
        self.assert_fails(self.train(write_rows(self.folder / "rows.jsonl", [{"text": 7}]), "sft"), 3, "rows.jsonl:1", "text")

    def test_empty_file(self):
        self.assert_fails(self.train(self.raw(b"")), 3, "rows.jsonl")
        self.assert_only("rows.jsonl")

    def test_empty_answer(self):
        self.assert_fails(self.train(write_rows(self.folder / "rows.jsonl", [{"prompt": "a", "chosen": "", "rejected": "c"}])), 3, "rows.jsonl:1")

    def test_no_such_file(self):
        self.assert_fails(self.train(self.folder / "none.jsonl"), 3, "none.jsonl")
        self.assert_only()

    def test_unknown_preset_offers_the_nearest(self):
        rows = write_rows(self.folder / "rows.jsonl", PAIRS)
        process = self.train(f"biasdop={rows}")
        self.assert_fails(process, 2, "biasdpo")

    def test_verbs_name_the_row(self):
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a"}, {"txt": "b"}])
        for command, flag in (("tokenize", "--input"), ("score", "--input"), ("generate", "--prompts")):
            with self.subTest(command):
                process = run(command, "--model", self.model, flag, rows, "--output", self.folder / "out.jsonl")
                self.assert_fails(process, 3, "rows.jsonl:1" if command == "generate" else "rows.jsonl:2")
                self.assert_only("rows.jsonl")

    def test_a_failed_command_keeps_the_older_output(self):
        output = write_rows(self.folder / "out.jsonl", [{"old": 1}])
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a"}, {"txt": "b"}])
        self.assert_fails(run("score", "--model", self.model, "--input", rows, "--output", output), 3)
        self.assertEqual(read_rows(output), [{"old": 1}])


class Checkpoints(Scenario):
    def score(self, model, *parts):
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a"}])
        self.assert_fails(run("score", "--model", model, "--input", rows, "--output", self.folder / "out.jsonl"), 3, *parts)
        self.assertFalse((self.folder / "out.jsonl").exists())

    def damaged(self, change):
        """The tiny model with its safetensors file taken apart, changed and put together: change(header, data) → bytes or None."""
        model = self.copy_model()
        path = model / "model.safetensors"
        content = path.read_bytes()
        (length,) = struct.unpack("<Q", content[:8])
        header, data = json.loads(content[8:8 + length]), content[8 + length:]
        changed = change(header, data)
        if changed is None:
            text = json.dumps(header).encode()
            changed = struct.pack("<Q", len(text)) + text + data
        path.write_bytes(changed)
        return model

    def test_no_such_folder(self):
        self.score(self.folder / "none", "none")

    def test_folder_without_weights_says_what_is_there(self):
        model = self.copy_model()
        (model / "model.safetensors").rename(model / "pytorch_model.bin")
        self.score(model, "model.safetensors", "pytorch_model.bin")

    def test_truncated_file(self):
        self.score(self.damaged(lambda header, data: struct.pack("<Q", len(json.dumps(header))) + json.dumps(header).encode() + data[:-100]),
                   "model.safetensors", "truncated")

    def test_lying_header_length(self):
        self.score(self.damaged(lambda header, data: struct.pack("<Q", 1 << 40) + b"{}"), "model.safetensors", "header length")

    def test_offsets_out_of_range(self):
        def change(header, data):
            header["model.norm.weight"]["data_offsets"] = [len(data), len(data) + 128]
        self.score(self.damaged(change), 'tensor "model.norm.weight"', "outside")

    def test_overlapping_tensors(self):
        def change(header, data):
            header["model.norm.weight"]["data_offsets"] = [4, 132]
        self.score(self.damaged(change), "overlap")

    def test_unknown_dtype(self):
        def change(header, data):
            header["model.norm.weight"]["dtype"] = "F4"
        self.score(self.damaged(change), 'dtype "F4"', "model.norm.weight")

    def test_missing_tensor(self):
        def change(header, data):
            header["model.norm.wait"] = header.pop("model.norm.weight")
        self.score(self.damaged(change), 'missing: "model.norm.weight"', 'nearest: "model.norm.wait"', "model.safetensors")

    def test_misshapen_tensor_names_both_shapes(self):
        def change(header, data):
            header["model.layers.0.mlp.gate_proj.weight"]["shape"] = [32, 64]
        self.score(self.damaged(change), "model.layers.0.mlp.gate_proj.weight", "[32, 64]", "[64, 32]")

    def test_index_that_names_a_missing_shard(self):
        model = self.copy_model()
        (model / "model.safetensors").unlink()
        for shard in ("model-1.safetensors", "../model.safetensors", "/etc/passwd", "model.safetensors.index.json"):  # the last would be read for ever
            (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"model.norm.weight": shard}}))
            self.score(model, "model.safetensors.index.json", shard)

    def with_config(self, **changes):
        model = self.copy_model()
        config = json.loads((model / "config.json").read_text())
        config.update(changes)
        (model / "config.json").write_text(json.dumps(config))
        return model

    def test_unknown_architecture_lists_the_known(self):
        self.score(self.with_config(model_type="lama"), 'unknown architecture "lama"', "llama", "config.json")

    def test_config_value_of_the_wrong_type(self):
        self.score(self.with_config(hidden_size="wide"), "config.json", "hidden_size")

    def test_config_value_out_of_range(self):
        self.score(self.with_config(num_attention_heads=0), "config.json", "num_attention_heads")

    def test_malformed_config(self):
        model = self.copy_model()
        (model / "config.json").write_text('{"model_type": "llama",')
        self.score(model, "config.json")

    def test_malformed_tokenizer(self):
        model = self.copy_model()
        for content in ('{"model":', '{"model": {"type": "BPE", "vocab": {}, "merges": []}}', "[]"):
            with self.subTest(content):
                (model / "tokenizer.json").write_text(content)
                self.score(model, "tokenizer.json")

    def test_model_without_tokenizer(self):
        model = self.copy_model()
        (model / "tokenizer.json").unlink()
        self.score(model, "tokenizer")

    def test_adapter_that_is_none(self):
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a"}])
        self.assert_fails(run("score", "--model", self.model, "--adapter", self.folder, "--input", rows, "--output", self.folder / "out"), 3,
                          "adapter_config.json")
        self.assert_only("rows.jsonl")

    def test_train_leaves_no_run_when_the_model_does_not_load(self):
        rows = write_rows(self.folder / "rows.jsonl", PAIRS)
        process = run("train", "--method", "dpo", "--model", self.folder / "none", "--data", rows, "--output", self.folder / "run")
        self.assert_fails(process, 3, "none")
        self.assert_only("rows.jsonl")

    def test_device_that_is_not_there(self):
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "a"}])
        process = run("score", "--model", self.model, "--input", rows, "--output", self.folder / "out", "--device", "cuda:63")
        self.assert_fails(process, 3, "cuda:63")
        self.assert_only("rows.jsonl")


class Outputs(Scenario):
    """Folders that cannot be written. Below a regular file nothing can be made, not even by root."""

    def setUp(self):
        super().setUp()
        self.rows = write_rows(self.folder / "rows.jsonl", [{"text": text} for text in TEXTS])
        (self.folder / "file").write_text("x")

    def test_verbs_write_below_a_file(self):
        output = self.folder / "file" / "out.jsonl"
        self.assert_fails(run("tokenize", "--model", self.model, "--input", self.rows, "--output", output), 3, "file/out.jsonl")
        self.assert_fails(run("score", "--model", self.model, "--input", self.rows, "--output", output), 3, "file/out.jsonl")
        self.assert_only("rows.jsonl", "file")

    def test_train_writes_below_a_file(self):
        process = run("train", "--method", "sft", "--model", self.model, "--data", self.rows, "--output", self.folder / "file" / "run", "--max-steps", 1)
        self.assert_fails(process, 3, "file")
        self.assert_only("rows.jsonl", "file")

    def test_train_writes_into_a_folder_of_something_else(self):
        (self.folder / "thesis").mkdir()
        (self.folder / "thesis" / "chapter.tex").write_text("x")
        process = run("train", "--method", "sft", "--model", self.model, "--data", self.rows, "--output", self.folder / "thesis", "--max-steps", 1)
        self.assert_fails(process, 2, "holds no xlt run")
        self.assertEqual(os.listdir(self.folder / "thesis"), ["chapter.tex"])

    def test_eval_writes_below_a_file(self):
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", [{"id": "1", "text": TEXTS[0]}])
        process = run("eval", "--model", self.model, "--data", self.folder / "data", "--benchmarks", "perplexity", "--langs", "en",
                      "--output", self.folder / "file" / "out")
        self.assert_fails(process, 3, "file")
        self.assert_only("rows.jsonl", "file", "data")

    def test_results_that_cannot_be_printed(self):
        with open("/dev/full", "w") as full:
            process = subprocess.run([XLT, "ls", "languages"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(process.returncode, 3)
        self.assertIn("standard output", process.stderr)


class DiskFull(Scenario):
    """On a file system of 256 KiB. Mounting one takes root; elsewhere these tests are skipped by name."""

    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"tmpfs", str(self.disk).encode(), b"tmpfs", 0, b"size=256k") != 0:
            self.skipTest(f"no small file system could be mounted: {os.strerror(ctypes.get_errno())}")
        self.addCleanup(libc.umount2, str(self.disk).encode(), 2)
        self.rows = write_rows(self.folder / "rows.jsonl", [{"text": text * 40} for text in TEXTS] * 40)

    def test_tokenize(self):
        self.assert_fails(run("tokenize", "--model", self.model, "--input", self.rows, "--output", self.disk / "out.jsonl"), 3, "out.jsonl", "space")
        self.assertEqual(os.listdir(self.disk), [])

    def fill(self, left):
        """Leaves `left` bytes of the disk."""
        (self.disk / "filler").write_bytes(b"x" * (256 * 1024 - left))

    def test_score(self):
        self.fill(4096)
        self.assert_fails(run("score", "--model", self.model, "--input", self.rows, "--output", self.disk / "out.jsonl"), 3, "out.jsonl", "space")
        self.assertEqual(os.listdir(self.disk), ["filler"])

    def test_generate(self):
        self.fill(4096)
        prompts = write_rows(self.folder / "prompts.jsonl", [{"prompt": text} for text in TEXTS])
        process = run("generate", "--model", self.model, "--prompts", prompts, "--output", self.disk / "out.jsonl", "--num-samples", 20)
        self.assert_fails(process, 3, "out.jsonl", "space")
        self.assertEqual(os.listdir(self.disk), ["filler"])
        (self.disk / "filler").unlink()
        self.assert_works(run("generate", "--model", self.model, "--prompts", prompts, "--output", self.disk / "out.jsonl", "--num-samples", 20))
        self.assertEqual(len(read_rows(self.disk / "out.jsonl")), 20 * len(TEXTS))

    def test_eval(self):
        self.fill(20480)  # room for the report twice, the old one and the one that replaces it, and not for the items
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", [{"text": text} for text in TEXTS * 80])
        process = run("eval", "--model", self.model, "--data", self.folder / "data", "--benchmarks", "perplexity", "--langs", "en",
                      "--output", self.disk / "out")
        self.assertEqual(process.returncode, 4, process.stderr)  # the report says which cell failed, and why
        self.assertIn("space", json.loads((self.disk / "out" / "report.json").read_text())["errors"][0]["message"])
        self.assertFalse([path for path in self.disk.rglob("*.*") if path.name != "report.json" and path.suffix in (".json", ".jsonl") or path.name.startswith(".")])
        (self.disk / "filler").unlink()
        self.assert_works(run("eval", "--model", self.model, "--data", self.folder / "data", "--benchmarks", "perplexity", "--langs", "en", "--limit", 50,
                              "--output", self.disk / "out"))

    def test_merge(self):
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        self.assert_works(run("train", "--method", "dpo", "--model", self.model, "--data", pairs, "--output", self.folder / "run", "--max-steps", 1))
        size = (self.model / "model.safetensors").stat().st_size
        precious = self.folder / "notes.txt"
        precious.write_text("mine")
        self.assert_fails(run("merge", "--model", self.model, "--adapter", self.folder / "run" / "adapter", "--output", precious), 2, "is a file")
        self.assertEqual(precious.read_text(), "mine")
        self.assertGreater(size, 100 * 1024)  # else the test would not test
        (self.disk / "filler").write_bytes(b"x" * 160 * 1024)
        process = run("merge", "--model", self.model, "--adapter", self.folder / "run" / "adapter", "--output", self.disk / "merged", "--dtype", "float32")
        self.assert_fails(process, 3, "space")
        self.assertNotIn("merged", os.listdir(self.disk))
        self.assertFalse([name for name in os.listdir(self.disk) if name.startswith(".")])

    def test_train(self):
        process = run("train", "--method", "sft", "--model", self.model, "--adapter", "none", "--data", self.rows, "--output", self.disk / "run",
                      "--max-steps", 2, "--batch-size", 1)
        self.assert_fails(process, 3, "space")
        self.assertFalse((self.disk / "run" / "model").exists())
        self.assertFalse([path for path in self.disk.rglob("*") if path.name.startswith(".")])


if __name__ == "__main__":
    unittest.main()
