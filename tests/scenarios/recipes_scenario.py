# SPDX-License-Identifier: Apache-2.0
"""Recipes of the study, what a run would take, and what a run looks at besides its loss."""
import json
import os
import struct
import subprocess
import tempfile
import unittest

from support import PAIRS, ROOT, TEXTS, Scenario, read_rows, run, write_rows


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field of a protocol buffer's message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        yield number, value


def read_events(file):
    """{(tag, step): value} of an event file, its checksums looked at."""
    data, at, scalars, version = file.read_bytes(), 0, {}, None
    while at < len(data):
        (length, crc) = struct.unpack_from("<QI", data, at)
        assert crc == masked(data[at : at + 8])
        event = data[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", data, at + 12 + length) == (masked(event),)
        at += 16 + length
        parts = dict(fields(event))
        version = parts.get(3, version)
        for number, value in fields(parts.get(5, b"")):
            scalar = dict(fields(value))
            scalars[scalar[1].decode(), parts[2]] = struct.unpack("<f", scalar[2])[0]
    assert version == b"brain.Event:2"
    return scalars


class Recipes(Scenario):
    def test_a_recipe_is_trained_by_and_options_win_over_it(self):
        pairs = write_rows(self.folder / "dataset.jsonl", PAIRS * 3)
        process = self.assert_works(run("train", "--recipe", "dpo_biasdpo", "--recipe-mode", "paper", "--model", self.model, "--data", pairs,
                                        "--output", self.folder / "run", "--lora-r", 2, "--max-steps", 3, "--set", "training.warmup_steps=1"))
        config = json.loads((self.folder / "run" / "run.json").read_text())["config"]
        wanted = {"recipe": "dpo_biasdpo", "method": "dpo", "optimizer": "rmsprop", "lora_r": 2, "lora_alpha": 16, "warmup_steps": 1, "pair_tokenization": "trl_0_8"}
        self.assertEqual({name: config[name] for name in wanted}, wanted)
        self.assertEqual(json.loads(process.stdout)["steps"], 3)

    def test_both_shapes_of_panda_and_kaggles_ratings_are_read_without_naming_a_preset(self):
        shapes = {"perturbed": [{"original": text, "selected_word": "x", "target_attribute": "y", "perturbed": text} for text in TEXTS],
                  "rewrite": [{"original": text, "rewrite": text, "selected_word": "x", "perturbed_category": "y"} for text in TEXTS]}
        plans = []
        for name, rows in shapes.items():
            file = write_rows(self.folder / f"{name}.jsonl", rows)
            plans.append(self.dry_run("--recipe", "sft_panda", "--data", file, "--eval-data", file, "--lora-r", 2))
        self.assertEqual(plans[0]["num_tokens"], plans[1]["num_tokens"])
        self.assertEqual((plans[0]["num_train_rows"], plans[0]["num_eval_rows"], plans[0]["total_steps"]), (len(TEXTS), len(TEXTS), 2))
        kaggle = self.folder / "train.csv"
        kaggle.write_text("id,toxicity,comment_text\n1,0.0,kind words\n2,0.9,rude words\n3,0.05,more of them\n")
        plan = self.dry_run("--recipe", "sft_jigsaw", "--recipe-mode", "paper", "--data", kaggle, "--lora-r", 2, "--no-append-eos")
        self.assertEqual((plan["num_train_rows"], plan["num_tokens"]), (2, len("kind words") + len("more of them") + 2))

    def dry_run(self, *flags):
        process = self.assert_works(run("train", "--model", self.model, "--dry-run", *flags))
        self.assertFalse((self.folder / "run").exists())
        return json.loads(process.stdout)

    def test_a_dry_run_says_what_a_run_then_takes(self):
        texts = write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS * 6])
        flags = ("--method", "sft", "--data", texts, "--eval-split", 0.25, "--eval-steps", 4, "--num-epochs", 2, "--lora-r", 4)
        plan = self.dry_run(*flags)
        self.assertEqual((plan["num_train_rows"], plan["num_eval_rows"], plan["steps_per_epoch"], plan["total_steps"]), (36, 12, 9, 18))
        self.assertGreater(plan["seconds"], 0)
        self.assert_works(run("train", "--model", self.model, *flags, "--output", self.folder / "run"))
        rows = read_rows(self.folder / "run" / "metrics.jsonl")
        self.assertEqual(rows[-1]["step"], plan["total_steps"])
        self.assertEqual(rows[-1]["num_tokens"], 2 * plan["num_tokens"])
        self.assertEqual(sum(row["split"] == "eval" for row in rows), plan["num_evaluations"])

    def test_recipes_are_listed_and_checked(self):
        names = [line.split()[0] for line in self.assert_works(run("ls", "recipes")).stdout.splitlines()]
        self.assertEqual(sorted(f"{name}.json" for name in names), sorted(file.name for file in (ROOT / "configs" / "recipes").glob("*.json")))
        for file in (ROOT / "configs" / "recipes").glob("*.json"):
            self.assert_works(run("validate", file))
        for recipe, parts in (("sft_panda", ("train.jsonl", "perturbed")), ("dpo_detoxdpo", ("split_0.jsonl", "unpert_gen_text")), ("sft_jigsaw", ("Kaggle", "comment_text"))):
            self.assert_fails(run("train", "--recipe", recipe, "--model", self.model, "--output", "y"), 2, recipe, "--data FILE", *parts)
        self.assert_fails(run("train", "--recipe", "sft_pande", "--model", self.model, "--data", "x", "--output", "y"), 2, 'did you mean "sft_panda"?')


class LookingOn(Scenario):
    def watched(self, output, *flags):
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        (self.folder / "de.txt").write_text("Wo ist er?\nDort.\n", encoding="utf-8")
        write_rows(self.folder / "zh.jsonl", [{"text": "他在哪里?"}])
        prompts = write_rows(self.folder / "prompts.jsonl", [{"prompt": TEXTS[0]}, {"Prompt": "Wo", "language": "de"}])
        lists = self.folder / "lists"
        lists.mkdir(exist_ok=True)
        (lists / "en.txt").write_text("a\n")
        return run("train", "--method", "dpo", "--model", self.model, "--data", pairs, "--output", self.folder / output, "--lora-r", 4, "--learning-rate", "1e-2", "--lr-schedule", "constant",
                   "--eval-split", 0.25, "--eval-steps", 2, "--save-steps", 2, "--monitor", f"de={self.folder}/de.txt,zh={self.folder}/zh.jsonl", "--tensorboard",
                   "--probe-prompts", prompts, "--scorer", f"word_list:{lists}", "--probe-samples", 3, *flags)

    def test_languages_are_monitored_prompts_sampled_and_events_written(self):
        self.assert_works(self.watched("run", "--max-steps", 4))
        rows = read_rows(self.folder / "run" / "metrics.jsonl")
        evaluations = [row for row in rows if row["split"] == "eval"]
        self.assertEqual([row["step"] for row in evaluations], [2, 4])
        for row in evaluations:
            self.assertEqual(sorted(row["monitor"]), ["de", "zh"])
            self.assertTrue(all(one["kl_to_base"] > 0 and one["bits_per_byte"] > 0 for one in row["monitor"].values()), row)
            (score,) = row["probe"]["scores"].values()
            self.assertEqual((row["probe"]["num_completions"], score["n"], sum(score["unscored"].values())), (6, 3, 3))  # no list for German
        samples = read_rows(self.folder / "run" / "probe" / "step-4.jsonl")
        self.assertEqual([(row["language"], row["sample"]) for row in samples], [("en", 0), ("en", 1), ("en", 2), ("de", 0), ("de", 1), ("de", 2)])
        (events,) = (self.folder / "run" / "tensorboard").iterdir()
        scalars = read_events(events)
        for row in rows:
            self.assertAlmostEqual(scalars[f"{row['split']}/loss", row["step"]], row["loss"], places=5)
        self.assertAlmostEqual(scalars["eval/monitor/de/kl_to_base", 4], evaluations[1]["monitor"]["de"]["kl_to_base"], places=6)

    def test_going_on_writes_the_same(self):
        self.assert_works(self.watched("whole", "--max-steps", 4))
        self.assert_works(self.watched("run", "--max-steps", 2))
        self.assert_works(self.watched("run", "--max-steps", 4, "--resume"))

        def all_of(name):
            rows = read_rows(self.folder / name / "metrics.jsonl")
            for row in rows:
                del row["seconds"]
            probes = {file.name: file.read_bytes() for file in (self.folder / name / "probe").iterdir()}
            (events,) = (self.folder / name / "tensorboard").iterdir()
            scalars = {key: value for key, value in read_events(events).items() if not key[0].endswith("/seconds")}
            return rows, probes, scalars, (self.folder / name / "adapter" / "adapter_model.safetensors").read_bytes()

        self.assertEqual(all_of("run"), all_of("whole"))

    def test_what_makes_no_sense_is_refused(self):
        texts = write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS])
        sft = ("train", "--method", "sft", "--model", self.model, "--data", texts, "--output", self.folder / "run", "--max-steps", 1)
        self.assert_fails(run(*sft, "--monitor", "de.txt"), 2, "LANG=FILE")
        self.assert_fails(self.watched("run", "--probe-prompts", ""), 2, "--probe-prompts FILE")
        self.assert_fails(self.watched("run", "--scorer", "nobody"), 2, "nobody")


class FetchingData(unittest.TestCase):
    def test_sets_are_listed_with_their_licences_and_unknown_ones_refused(self):
        script = ROOT / "scripts" / "fetch_data.sh"
        text = subprocess.run([script, "--list"], capture_output=True, text=True, check=True).stdout
        for name in ("panda", "jigsaw", "biasdpo", "detoxdpo", "crows_pairs", "global_mmlu"):
            self.assertIn(f"\n{name}", "\n" + text)
        self.assertEqual(text.count("licence:"), text.count("from:"))
        process = subprocess.run([script, "nobody"], capture_output=True, text=True)
        self.assertEqual(process.returncode, 2)
        self.assertIn("panda", process.stderr)

    def test_sets_that_no_script_may_fetch_say_what_to_do_by_hand(self):
        script = ROOT / "scripts" / "fetch_data.sh"
        for name, parts in (("jigsaw", ("kaggle.com/settings", "accept the rules", "train.csv")), ("detoxdpo", ("split_0.jsonl", "split_5.jsonl"))):
            with tempfile.TemporaryDirectory() as folder:
                process = subprocess.run([script, "--to", folder, name], capture_output=True, text=True, env={**os.environ, "PATH": "/usr/bin:/bin"})
                self.assertEqual(process.returncode, 3, process.stderr)
                for part in ("licence:", "by a script", f"{folder}/{name}", *parts):
                    self.assertIn(part, process.stderr)
                self.assertEqual(os.listdir(folder), [])  # nothing that looks fetched


if __name__ == "__main__":
    unittest.main()
