# SPDX-License-Identifier: Apache-2.0
"""One scorer of every kind, tiny and made on the spot. Standard library only."""
import json
import random
import shutil
import struct
import sys

from http_scenario import Server
from support import PAIRS, run, write_rows, write_tokenizer

HIDDEN, VOCABULARY, POSITIONS = 16, 258, 512


class QuietServer(Server):
    def handle_error(self, request, client_address):
        """Clients are killed: that is no fault of the server's."""


def write_program(folder):
    """For exec: a score by the length of a text."""
    script, program = folder / "scorer.py", folder / "scorer"
    script.write_text("import json, sys\nfor line in sys.stdin:\n    print(json.dumps({'score': len(json.loads(line)['text']) % 10 / 10}))\n")
    program.write_text(f"#!/bin/sh\nexec {sys.executable} {script}\n")
    program.chmod(0o755)
    return program


def write_fasttext(file, first, second):
    """A supervised model of one word and two labels, dimension 2, as fastText 0.9 writes it; n-grams of 3 and 4 characters decide."""
    numbers = random.Random(1)
    entries = [(b"</s>", 3, 0), (b"__label__" + first.encode(), 2, 1), (b"__label__" + second.encode(), 1, 1)]
    words = struct.pack("<3i2q", 3, 1, 2, 6, -1) + b"".join(name + b"\0" + struct.pack("<qb", count, kind) for name, count, kind in entries)

    def matrix(rows):
        return struct.pack("<2q", rows, 2) + struct.pack(f"<{2 * rows}f", *(numbers.gauss(0, 2) for _ in range(2 * rows)))

    options = struct.pack("<12id", 2, 5, 5, 1, 5, 1, 3, 3, 50, 3, 4, 100, 1e-4)
    file.write_bytes(struct.pack("<2i", 793712314, 12) + options + words + b"\0" + matrix(51) + b"\0" + matrix(2))
    return file


def write_weights(file, shapes):
    """Random float32 tensors as safetensors; of norms ones and zeros."""
    numbers, header, data = random.Random(2), {}, b""
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        values = [1.0] * count if name.endswith("LayerNorm.weight") else [0.0] * count if name.endswith("bias") else [numbers.gauss(0, 0.3) for _ in range(count)]
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + 4 * count]}
        data += struct.pack(f"<{count}f", *values)
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_classifier(folder):
    """BERT of one layer over bytes, with two labels."""
    write_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["BertForSequenceClassification"], "model_type": "bert", "hidden_size": HIDDEN, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 2 * HIDDEN, "vocab_size": VOCABULARY, "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        "hidden_act": "gelu", "pad_token_id": 0, "id2label": {"0": "neutral", "1": "toxic"}, "label2id": {"neutral": 0, "toxic": 1}}))
    layer, square = "bert.encoder.layer.0.", (HIDDEN, HIDDEN)
    matrices = {"bert.pooler.dense": square, "classifier": (2, HIDDEN), layer + "attention.output.dense": square, layer + "intermediate.dense": (2 * HIDDEN, HIDDEN),
                layer + "output.dense": (HIDDEN, 2 * HIDDEN), **{f"{layer}attention.self.{part}": square for part in ("query", "key", "value")}}
    norms = ["bert.embeddings.LayerNorm", layer + "attention.output.LayerNorm", layer + "output.LayerNorm"]
    write_weights(folder / "model.safetensors", {
        **{f"bert.embeddings.{name}_embeddings.weight": (rows, HIDDEN) for name, rows in (("word", VOCABULARY), ("position", POSITIONS), ("token_type", 2))},
        **{name + ".weight": shape for name, shape in matrices.items()}, **{name + ".bias": shape[:1] for name, shape in matrices.items()},
        **{f"{name}.{part}": (HIDDEN,) for name in norms for part in ("weight", "bias")}})
    return folder


def write_guard(folder, model):
    """A decoder with a description of its own of what it is asked."""
    shutil.copytree(model, folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["chat_template"] = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "guard.json").write_text(json.dumps({"messages": [{"role": "user", "content": "{text} ?"}], "unsafe": "yes", "safe": "no"}))
    return folder


def train_probe(folder, model):
    rows = write_rows(folder.parent / "labelled.jsonl", [{"text": f"{row['prompt']}{row[side]} {i}", "label": int(side == "rejected"), "language": "en"}
                                                         for i, row in enumerate(PAIRS) for side in ("chosen", "rejected")])
    process = run("probe", "--model", model, "--data", rows, "--output", folder)
    assert process.returncode == 0, process.stderr
    return folder


def every_scorer(folder, model):
    """(flags of `xlt eval` that name one scorer of each kind, the server behind one of them: stop it)."""
    server = QuietServer()
    specs = ["word_list", f"exec:{write_program(folder)}", f"fasttext:{write_fasttext(folder / 'toxic.bin', 'neutral', 'toxic')}#toxic", f"http:http://127.0.0.1:{server.server_port}",
             f"classifier:{write_classifier(folder / 'classifier')}#toxic", f"guard:{write_guard(folder / 'guard', model)}",
             f"probe:{train_probe(folder / 'probe', model)}"]
    return [part for spec in specs for part in ("--scorer", spec)], server
