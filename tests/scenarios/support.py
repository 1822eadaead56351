# SPDX-License-Identifier: Apache-2.0
"""What the scenarios share: the binary, a tiny model trained by it, folders that clean up after themselves. Standard library only."""
import atexit
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
XLT = os.environ.get("XLT_BINARY", str(ROOT / "build" / "release" / "xlt"))

# What runs keep for one another is kept here, not in the user's cache.
CACHE = pathlib.Path(tempfile.mkdtemp(prefix="xlt_cache_"))
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
os.environ["XDG_CACHE_HOME"] = str(CACHE)

TEXTS = [
    "The bakery opens at six.", "A tram stops near the old bridge.", "Rain fell on the market all morning.",
    "She plants beans behind the house.", "The library lends maps and records.", "Two boats left the harbour at noon.",
    "He repairs clocks in a small room.", "Snow covers the road to the village.",
]
PAIRS = [
    {"prompt": text, "chosen": " Thank you for telling me.", "rejected": " Nobody asked you."} for text in TEXTS
]
CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32, "intermediate_size": 64,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128,
    "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "initializer_range": 0.05, "tie_word_embeddings": False,
    "hidden_act": "silu", "bos_token_id": 0, "eos_token_id": 1,
}


@functools.cache
def is_sanitized():
    """Whether the binary was built with AddressSanitizer (GCC's, the preset `asan`)."""
    return "libasan" in subprocess.run(["ldd", XLT], capture_output=True, text=True).stdout


def patience(seconds):
    """How long to wait for what takes much less, unless it hangs; under AddressSanitizer all takes longer."""
    return 10 * seconds if is_sanitized() else seconds


def run(*arguments, timeout=120, **options):
    """Runs `xlt ARGUMENTS` to its end and returns the finished process with text output."""
    return subprocess.run([XLT, *map(str, arguments)], capture_output=True, text=True, timeout=patience(timeout), **options)


def unless_sanitized(test):
    """Of tests that limit memory or measure it or time: under AddressSanitizer they would measure that."""
    @functools.wraps(test)
    def guarded(self):
        if is_sanitized():
            self.skipTest("under AddressSanitizer memory and time are its own")
        test(self)
    return guarded


def write_rows(path, rows):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_rows(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]


def byte_characters():
    """The printable character that stands for each byte in byte-level tokenizers, by byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + i) for i, byte in enumerate(others)}}


def write_tokenizer(folder):
    """A byte-level tokenizer without merges: BOS, EOS and one token a byte."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    special = ["<bos>", "<eos>"]
    vocab = {token: i for i, token in enumerate(special + list(byte_characters().values()))}
    added = [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": True} for i, token in enumerate(special)]
    template = [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": {"type": "TemplateProcessing", "single": template, "pair": template,
                           "special_tokens": {"<bos>": {"id": "<bos>", "ids": [0], "tokens": ["<bos>"]}}},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": vocab, "merges": []}}), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<bos>", "eos_token": "<eos>"}), encoding="utf-8")
    return folder


class Scenario(unittest.TestCase):
    """A test case with a folder of its own (`self.folder`) and a tiny model that is trained once (`self.model`)."""
    shared = None

    @classmethod
    def setUpClass(cls):
        if not os.access(XLT, os.X_OK):
            raise unittest.SkipTest(f"no binary at {XLT}; build it, or set XLT_BINARY")
        if Scenario.shared is None:
            Scenario.shared = pathlib.Path(tempfile.mkdtemp(prefix="xlt_scenario_"))
            atexit.register(shutil.rmtree, Scenario.shared, ignore_errors=True)
            make_tiny_model(Scenario.shared)
        cls.model = Scenario.shared / "run" / "model"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="case_", dir=Scenario.shared))

    def tearDown(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def copy_model(self):
        """A copy of the tiny model that a test may damage."""
        return pathlib.Path(shutil.copytree(self.model, self.folder / "model"))

    def assert_fails(self, process, code, *parts):
        """The exit code, and every part in one `xlt: error:` line; nothing on stdout."""
        self.assertEqual(process.returncode, code, process.stderr)
        errors = [line for line in process.stderr.splitlines() if line.startswith("xlt: error: ")]
        self.assertEqual(len(errors), 1, process.stderr)
        for part in parts:
            self.assertIn(part, process.stderr)
        self.assertNotIn("please report", process.stderr)
        self.assertEqual(process.stdout, "")

    def assert_works(self, process):
        self.assertEqual(process.returncode, 0, process.stderr)
        return process

    def assert_only(self, *names):
        """The case's folder holds these entries and nothing else: nothing half-written."""
        self.assertEqual(sorted(entry.name for entry in self.folder.iterdir()), sorted(names))


def make_tiny_model(folder):
    write_tokenizer(folder / "tokenizer")
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    write_rows(folder / "texts.jsonl", [{"text": text} for text in TEXTS])
    process = run("train", "--method", "sft", "--model-config", folder / "config.json", "--tokenizer", folder / "tokenizer",
                  "--data", folder / "texts.jsonl", "--output", folder / "run", "--max-steps", 5, "--learning-rate", "1e-2")
    if process.returncode != 0:
        sys.exit(f"the tiny model could not be trained:\n{process.stderr}")
