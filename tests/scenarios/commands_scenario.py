# SPDX-License-Identifier: Apache-2.0
"""Every command on a tiny model, from the newcomer's side."""
import array
import json
import pathlib
import struct
import unittest

from support import CACHE, PAIRS, ROOT, TEXTS, Scenario, read_rows, run, write_rows

COMMANDS = ["bench", "card", "compare", "convert", "doctor", "embed", "eval", "generate", "ls", "merge", "predictors", "probe", "report", "score", "tokenize", "train", "validate"]


def read_floats(file):
    """Every number of a float32 safetensors file, in the file's order."""
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    values = array.array("f")
    values.frombytes(data[8 + length:])
    return values.tolist()


class Help(Scenario):
    def test_help_names_every_command(self):
        process = self.assert_works(run("--help"))
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", process.stdout)
        self.assertEqual(process.stderr, "")

    def test_every_command_has_a_purpose_an_example_and_options_in_groups(self):
        for command in COMMANDS:
            with self.subTest(command):
                text = self.assert_works(run(command, "--help")).stdout
                self.assertIn(f"Example:\n  xlt {command}", text)
                self.assertIn("Every command:", text)
                for flag in ("--config", "--set", "--device", "--dtype", "--threads", "--seed", "--log-level", "--quiet"):
                    self.assertIn(flag, text)

    def test_version_is_printed_with_and_without_a_command(self):
        self.assertTrue(self.assert_works(run("--version")).stdout.startswith("xlt "))
        self.assertTrue(self.assert_works(run("train", "--version")).stdout.startswith("xlt "))


class Verbs(Scenario):
    def tokenize(self, texts, *flags):
        rows = write_rows(self.folder / "in.jsonl", [{"text": text} for text in texts])
        process = self.assert_works(run("tokenize", "--model", self.model, "--input", rows, "--output", self.folder / "out.jsonl", *flags))
        self.assertEqual(process.stdout, "")
        return [row["input_ids"] for row in read_rows(self.folder / "out.jsonl")]

    def test_tokenize_adds_bos_unless_told_not_to(self):
        self.assertEqual(self.tokenize(["ab"]), [[0, 2 + ord("a") - 33, 2 + ord("b") - 33]])
        self.assertEqual(self.tokenize(["ab"], "--no-special-tokens"), [[2 + ord("a") - 33, 2 + ord("b") - 33]])

    def test_score_of_a_text_is_the_sum_of_its_tokens_and_of_its_halves(self):
        rows = write_rows(self.folder / "in.jsonl", [{"text": "ab cd"}, {"context": "ab", "continuation": " cd"}, {"text": "ab"}])
        self.assert_works(run("score", "--model", self.model, "--input", rows, "--output", self.folder / "out.jsonl", "--per-token"))
        whole, second, first = read_rows(self.folder / "out.jsonl")
        self.assertEqual((whole["num_tokens"], second["num_tokens"], first["num_tokens"]), (5, 3, 2))
        self.assertAlmostEqual(whole["log_likelihood"], sum(whole["token_log_likelihoods"]), places=4)
        self.assertAlmostEqual(whole["log_likelihood"], first["log_likelihood"] + second["log_likelihood"], places=4)

    def generate(self, *flags, batch_tokens=0):
        prompts = write_rows(self.folder / "prompts.jsonl", [{"prompt": text, "id": f"p{i}"} for i, text in enumerate(TEXTS)])
        self.assert_works(run("generate", "--model", self.model, "--prompts", prompts, "--output", self.folder / "out.jsonl",
                              "--batch-tokens", batch_tokens, *flags))
        return read_rows(self.folder / "out.jsonl")

    def test_score_says_when_a_text_outgrows_the_context(self):
        rows = write_rows(self.folder / "in.jsonl", [{"text": "a" * 300}, {"text": "short"}])
        process = self.assert_works(run("score", "--model", self.model, "--input", rows, "--output", self.folder / "out.jsonl"))
        self.assertIn("1 of 2 texts are longer than the model's 128 tokens", process.stderr)
        self.assertEqual([row["num_tokens"] for row in read_rows(self.folder / "out.jsonl")], [300, 5])

    def test_embed_gives_a_vector_a_layer_and_is_the_same_at_any_batch_size(self):
        rows = write_rows(self.folder / "in.jsonl", [{"text": text, "id": i} for i, text in enumerate(TEXTS)])
        outputs = []
        for batch_tokens in (0, 1, 40):
            self.assert_works(run("embed", "--model", self.model, "--input", rows, "--output", self.folder / "out.jsonl", "--batch-tokens", batch_tokens))
            outputs.append((self.folder / "out.jsonl").read_bytes())
        self.assertEqual(len(set(outputs)), 1)
        embedded = read_rows(self.folder / "out.jsonl")
        self.assertEqual([row["id"] for row in embedded], list(range(len(TEXTS))))
        for row in embedded:
            self.assertEqual(list(row["embeddings"]), ["0", "1", "2"])
            self.assertTrue(all(len(vector) == 32 for vector in row["embeddings"].values()))
        self.assert_works(run("embed", "--model", self.model, "--input", rows, "--output", self.folder / "last.jsonl", "--layers", "last", "--normalize"))
        for row in read_rows(self.folder / "last.jsonl"):
            self.assertEqual(list(row["embeddings"]), ["2"])
            self.assertAlmostEqual(sum(x * x for x in row["embeddings"]["2"]), 1, places=5)
        self.assert_fails(run("embed", "--model", self.model, "--input", rows, "--output", self.folder / "bad.jsonl", "--layers", "3"), 2, "0 … 2")
        self.assert_only("in.jsonl", "out.jsonl", "last.jsonl")

    def test_a_probe_is_the_same_at_any_batch_size_and_its_card_goes_into_a_report(self):
        rows = write_rows(self.folder / "in.jsonl", [{"text": f"{'vile' if i % 2 else 'fair'} {word} {i}", "label": i % 2, "language": language}
                                                     for i in range(12) for word, language in (("cat", "en"), ("Hund", "de"))])
        for name, flags in (("one", ()), ("two", ("--batch-tokens", 7, "--threads", 1))):
            self.assert_works(run("probe", "--model", self.model, "--data", rows, "--output", self.folder / name, *flags))
        for file in ("probe.json", "probe.safetensors"):
            self.assertEqual((self.folder / "one" / file).read_bytes(), (self.folder / "two" / file).read_bytes())
        record = json.loads((self.folder / "one" / "probe.json").read_text())
        self.assertEqual((record["languages"]["de"], len(record["layers"])), ({"n": 12, "n_positive": 6}, 3))

        scorer, card = f"probe:{self.folder / 'one'}", self.folder / "card.json"
        rows.write_text(rows.read_text() + '{"text":"vile chat","label":0.75,"language":"fr"}\n{"text":" ","label":0,"language":"fr"}\n')
        process = self.assert_works(run("card", "--scorer", scorer, "--data", rows, "--output", card))
        self.assertIn("mean AUC over 2 seen languages", process.stdout)
        languages = json.loads(card.read_text())["languages"]
        self.assertEqual((languages["en"]["n"], languages["en"]["seen"], languages["fr"]["seen"]), (12, True, False))
        self.assertEqual((languages["fr"]["auc"], languages["fr"]["unscored"]), (None, {"empty text": 1}))

        completions = write_rows(self.folder / "completions.jsonl", [{"prompt": "a", "completion": " cat", "language": tag} for tag in ("en", "sw")])
        evaluate = ["eval", "--completions", completions, "--num-samples", 1, "--scorer", scorer, "--output", self.folder / "out"]
        process = self.assert_works(run(*evaluate, "--card", card))
        self.assertIn("scorer's AUC (card)", process.stdout)
        cells = {cell["language"]: cell["card"] for cell in json.loads((self.folder / "out" / "report.json").read_text())["cells"] if "card" in cell}
        self.assertEqual(cells["en"]["auc"], languages["en"]["auc"])
        self.assertEqual(cells["sw"], {"auc": None, "reason": "the card has no rows in this language"})
        changed = json.loads(card.read_text())
        changed["scorer_hash"] = "0" * 64
        card.write_text(json.dumps(changed))
        self.assert_fails(run(*evaluate, "--card", card), 2, "this evaluation asks probe:one")

    def test_a_card_of_word_lists_says_which_lists_it_needs(self):
        rows = write_rows(self.folder / "rows.jsonl", [{"text": "you fool", "label": 1}, {"text": "good day", "label": 0}])
        card = ("card", "--data", rows, "--output", self.folder / "card.json")
        self.assert_fails(run(*card, "--scorer", "word_list"), 2, "word_list:data/toxic_words", "--toxic-words data")
        lists = self.folder / "data" / "toxic_words"
        lists.mkdir(parents=True)
        (lists / "en.txt").write_text("fool\n")
        theirs = self.folder / "card.json.scores" / "notes.txt"  # where costly scorers' answers are kept; a list's are not
        theirs.parent.mkdir()
        theirs.write_text("keep")
        process = self.assert_works(run(*card, "--scorer", f"word_list:{lists}"))
        self.assertEqual(theirs.read_text(), "keep")
        self.assertIn("und: these rows say no language; give --language", process.stderr)
        self.assert_works(run(*card, "--scorer", "word_list", "--toxic-words", self.folder / "data", "--language", "en"))
        self.assertEqual(json.loads((self.folder / "card.json").read_text())["languages"]["en"]["auc"], 1)
        (lists / "en.txt").write_text("fool\nidiot\n")  # the card is of the lists as they were
        completions = write_rows(self.folder / "completions.jsonl", [{"prompt": "a", "completion": " cat", "language": "en"}])
        evaluate = ("eval", "--completions", completions, "--data", self.folder / "data", "--output", self.folder / "out", "--card", self.folder / "card.json")
        self.assert_fails(run(*evaluate), 2, "of other lists", "xlt card --scorer word_list --toxic-words DATA")

    def test_a_probe_of_bad_rows_or_on_another_model_is_refused(self):
        out = self.folder / "out"
        for name, rows, said in (("one class", [{"text": "a", "label": 1}, {"text": "b", "label": 1}], "a label below 0.5"),
                                 ("no number", [{"text": "a", "label": "toxic"}], "rows.jsonl:1"), ("empty", [], "rows.jsonl"),
                                 ("no text", [{"text": "a", "label": 1}, {"text": "", "label": 0}], "rows.jsonl:2")):
            with self.subTest(name):
                self.assert_fails(run("probe", "--model", self.model, "--data", write_rows(self.folder / "rows.jsonl", rows), "--output", out), 3, said)
                self.assertFalse(out.exists())
        rows = write_rows(self.folder / "rows.jsonl", [{"text": f"{i} {'bad' * (i % 2)}", "label": i % 2} for i in range(8)])
        self.assert_works(run("probe", "--model", self.model, "--data", rows, "--output", out))
        record = json.loads((out / "probe.json").read_text())
        record["model_hash"] = "0" * 64
        (out / "probe.json").write_text(json.dumps(record))
        self.assert_fails(run("card", "--scorer", f"probe:{out}", "--data", rows, "--output", self.folder / "card.json"), 3, "another model")

    def test_generate_writes_a_row_a_sample_and_is_the_same_at_any_batch_size(self):
        rows = self.generate("--num-samples", 3, "--max-new-tokens", 6)
        self.assertEqual([(row["id"], row["sample"]) for row in rows], [(f"p{i}", k) for i in range(len(TEXTS)) for k in range(3)])
        self.assertTrue(all(len(row["token_ids"]) <= 6 and row["finish_reason"] in ("eos", "length") for row in rows))
        for batch_tokens in (1, 3, 7, 32, 1000):
            self.assertEqual(rows, self.generate("--num-samples", 3, "--max-new-tokens", 6, batch_tokens=batch_tokens))
        self.assertNotEqual(rows, self.generate("--num-samples", 3, "--max-new-tokens", 6, "--seed", 7))

    def test_what_generate_writes_is_judged_as_it_is(self):
        prompts = write_rows(self.folder / "prompts.jsonl", [{"prompt": text} for text in TEXTS])
        self.assert_works(run("generate", "--model", self.model, "--prompts", prompts, "--output", self.folder / "out.jsonl", "--num-samples", 2,
                              "--max-new-tokens", 4))
        judge = ("eval", "--completions", self.folder / "out.jsonl", "--data", ROOT / "data", "--output", self.folder / "judged")
        self.assert_fails(run(*judge), 3, "out.jsonl:1", 'no field "language"', "--langs LANG")
        self.assert_works(run(*judge, "--langs", "en"))
        items = read_rows(self.folder / "judged" / "items" / "completions" / "en.jsonl")
        self.assertEqual([item["prompt"] for item in items], TEXTS)
        self.assertEqual([len(item["completions"]) for item in items], [2] * len(TEXTS))

    def test_samples_of_a_prompt_without_an_id_do_not_depend_on_its_place(self):
        def sampled(texts):
            prompts = write_rows(self.folder / "prompts.jsonl", [{"prompt": text} for text in texts])
            self.assert_works(run("generate", "--model", self.model, "--prompts", prompts, "--output", self.folder / "out.jsonl", "--num-samples", 2))
            rows = read_rows(self.folder / "out.jsonl")
            return [(texts[row["id"]], row["sample"], row["token_ids"]) for row in rows]

        forward = sampled(TEXTS)
        self.assertEqual(sorted(forward), sorted(sampled(TEXTS[::-1])))
        twice = sampled(TEXTS[:1] * 2)
        self.assertNotEqual([row[2] for row in twice[:2]], [row[2] for row in twice[2:]])  # a prompt asked twice is drawn twice

    def test_greedy_writes_one_row_a_prompt(self):
        rows = self.generate("--greedy", "--ignore-eos", "--max-new-tokens", 5)
        self.assertEqual(len(rows), len(TEXTS))
        self.assertTrue(all(len(row["token_ids"]) == 5 and row["finish_reason"] == "length" for row in rows))


class Training(Scenario):
    def train(self, *flags):
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        return run("train", "--method", "dpo", "--model", self.model, "--data", pairs, "--output", self.folder / "run",
                   "--max-steps", 3, "--lora-r", 4, "--learning-rate", "1e-3", *flags)

    def test_train_writes_the_run_and_one_line_of_json(self):
        process = self.assert_works(self.train())
        summary = json.loads(process.stdout)
        self.assertEqual((summary["status"], summary["steps"]), ("finished", 3))
        record = json.loads((self.folder / "run" / "run.json").read_text())
        self.assertEqual(record["config"]["learning_rate"], 1e-3)
        self.assertEqual(record["data"][0]["bytes"], (self.folder / "pairs.jsonl").stat().st_size)
        self.assertEqual(set(record["code"]), {"commit", "dirty"})
        self.assertEqual(record["env"]["device"], "cpu")
        self.assertEqual([row["step"] for row in read_rows(self.folder / "run" / "metrics.jsonl") if row["split"] == "train"], [1, 2, 3])
        for name in ("adapter_config.json", "adapter_model.safetensors", "tokenizer.json"):
            self.assertTrue((self.folder / "run" / "adapter" / name).is_file(), name)

    def test_the_same_command_again_has_nothing_to_do(self):
        first = self.assert_works(self.train()).stdout
        begin = (self.folder / "run" / "metrics.jsonl").stat().st_mtime_ns
        self.assertEqual(self.assert_works(self.train()).stdout, first)
        self.assertEqual((self.folder / "run" / "metrics.jsonl").stat().st_mtime_ns, begin)

    def test_the_record_of_a_run_is_its_config(self):
        """What `xlt validate` says ok of runs again, elsewhere too; but no other command takes it."""
        first = json.loads(self.assert_works(self.train()).stdout)
        record = self.folder / "run" / "run.json"
        again = json.loads(self.assert_works(run("train", "--config", record, "--output", self.folder / "again")).stdout)
        self.assertEqual((again["status"], again["steps"]), (first["status"], first["steps"]))
        self.assertEqual(*((self.folder / name / "adapter" / "adapter_model.safetensors").read_bytes() for name in ("run", "again")))
        self.assert_fails(run("eval", "--config", record), 3, "run.json: command: is a config of `xlt train`, not of `xlt eval`")

    def test_micro_batches_of_one_equal_one_batch_of_eight(self):
        rows = {"dpo": write_rows(self.folder / "pairs.jsonl", PAIRS * 2), "sft": write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS * 2])}
        for method in rows:
            runs = []
            for name, batch, accumulation in (("one", 1, 8), ("eight", 8, 1)):
                output = self.folder / f"{method}-{name}"
                self.assert_works(run("train", "--method", method, "--model", self.model, "--data", rows[method], "--output", output, "--max-steps", 4,
                                      "--batch-size", batch, "--gradient-accumulation-steps", accumulation, "--lora-r", 4, "--learning-rate", "1e-3",
                                      "--lora-dropout", "0.1"))
                losses = [row["loss"] for row in read_rows(output / "metrics.jsonl")]
                runs.append(losses + read_floats(output / "adapter" / "adapter_model.safetensors"))
            with self.subTest(method=method):
                self.assertLess(max(abs(a - b) for a, b in zip(*runs, strict=True)), 1e-5)

    def test_texts_in_other_languages_hold_the_model(self):
        texts = self.folder / "texts.tsv"
        texts.write_text("Wo ist er?\tWhere is he?\nOù est-il ?\tWhere is he?\n他在哪里?\tWhere is he?\n", encoding="utf-8")
        self.assert_works(self.train("--retain", texts, "--retain-weight", 2))
        rows = read_rows(self.folder / "run" / "metrics.jsonl")
        self.assertEqual(rows[0]["retain_loss"], 0)
        self.assertTrue(all(row["retain_loss"] > 0 for row in rows[1:]))
        record = json.loads((self.folder / "run" / "run.json").read_text())
        self.assertEqual([pathlib.Path(data["file"]).name for data in record["data"]], ["pairs.jsonl", "texts.tsv"])
        self.assert_fails(self.train("--output", self.folder / "other", "--retain-weight", 2), 2, "--retain")

    def test_another_beta_and_seed_reuse_what_the_reference_said(self):
        cache = self.folder / "cache"
        counts = []
        for name, flags in (("a", ()), ("b", ("--beta", "0.5", "--seed", 9)), ("c", ("--reference-cache", "none"))):
            self.assert_works(self.train("--output", self.folder / name, "--max-steps", 4, "--batch-size", 2, "--reference-cache", cache, *flags))
            record = json.loads((self.folder / name / "run.json").read_text())
            counts.append((record["reference"]["computed"], record["reference"]["reused"]))
            self.assertEqual((self.folder / name / "reference").exists(), name == "c")
        self.assertEqual(counts, [(8, 0), (0, 8), (8, 0)])

    def test_the_default_cache_is_the_users(self):
        self.assert_works(self.train("--seed", 77))
        self.assertTrue(list((CACHE / "xlt" / "references").rglob("*.safetensors")))
        self.assertFalse((self.folder / "run" / "reference").exists())

    def test_an_option_of_another_method_is_refused_by_name(self):
        texts = write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS])
        sft = ("train", "--method", "sft", "--model", self.model, "--data", texts, "--output", self.folder / "sft", "--max-steps", 1)
        self.assert_fails(run(*sft, "--beta", "0.3"), 2, '"beta" is an option of', "dpo", "not of sft")
        self.assert_works(run(*sft, "--beta", "0.1"))  # its default, as the full list of another run's options has it

    def test_steps_are_counted_downwards_when_asked(self):
        flags = ("--max-steps", 0, "--num-epochs", 2, "--batch-size", 1, "--gradient-accumulation-steps", 3)
        for name, more, steps in (("up", (), 6), ("down", ("--drop-last-accumulation",), 4)):
            self.assert_works(self.train("--output", self.folder / name, *flags, *more))
            self.assertEqual(read_rows(self.folder / name / "metrics.jsonl")[-1]["step"], steps)

    def test_long_texts_go_on_in_further_rows_when_asked(self):
        texts = write_rows(self.folder / "texts.jsonl", [{"text": "abcdefghij"}] * 4)
        for name, more, steps in (("cut", (), 4), ("split", ("--long-texts", "split"), 12)):
            self.assert_works(run("train", "--method", "sft", "--model", self.model, "--data", texts, "--output", self.folder / name, "--batch-size", 1,
                                  "--max-length", 5, "--no-append-eos", "--lora-r", 2, *more))
            self.assertEqual(read_rows(self.folder / name / "metrics.jsonl")[-1]["step"], steps)

    def test_another_command_in_the_same_run_is_refused(self):
        self.assert_works(self.train())
        self.assert_fails(self.train("--beta", "0.3"), 2, "beta differs", "choose another --output")

    def test_merged_model_scores_as_model_and_adapter_do(self):
        self.assert_works(self.train())
        adapter, merged = self.folder / "run" / "adapter", self.folder / "merged"
        self.assert_works(run("merge", "--model", self.model, "--adapter", adapter, "--output", merged))
        self.assertEqual(json.loads((merged / "merge.json").read_text())["precision"], "full")
        rows = write_rows(self.folder / "in.jsonl", [{"text": text} for text in TEXTS])
        scores = []
        for name, flags in (("a", ("--model", self.model, "--adapter", adapter)), ("b", ("--model", merged)), ("c", ("--model", self.model))):
            self.assert_works(run("score", *flags, "--input", rows, "--output", self.folder / name))
            scores.append([row["log_likelihood"] for row in read_rows(self.folder / name)])
        for with_adapter, with_merged in zip(scores[0], scores[1]):
            self.assertAlmostEqual(with_adapter, with_merged, places=3)
        self.assertNotEqual(scores[0], scores[2])

    def test_four_bit_weights_are_trained_on_and_compared_with_their_like_alone(self):
        self.assert_works(self.train("--adapter", "qlora"))
        self.assert_fails(run("train", "--method", "sft", "--model", self.model, "--data", self.folder / "pairs.jsonl", "--output", self.folder / "all",
                              "--adapter", "none", "--quantize", "nf4"), 2, "--adapter lora")
        write_rows(self.folder / "data" / "udhr" / "en.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(TEXTS)])
        adapter = ("--adapter", self.folder / "run" / "adapter")
        for name, flags in (("control", ("--quantize", "nf4")), ("base", ()), ("after", ("--quantize", "nf4", *adapter))):
            self.assert_works(run("eval", "--model", self.model, *flags, "--benchmarks", "perplexity", "--langs", "en", "--data", self.folder / "data",
                                  "--output", self.folder / name))
        base, control, after = (self.folder / name for name in ("base", "control", "after"))
        self.assert_works(run("compare", control, after, "--output", self.folder / "alike"))
        self.assert_fails(run("compare", base, after, "--output", self.folder / "mixed"), 3, "nf4", "--allow dtype")
        self.assert_works(run("compare", base, after, "--allow", "dtype", "--output", self.folder / "mixed"))


class Evaluation(Scenario):
    def test_eval_writes_a_report_and_says_what_it_could_not_measure(self):
        data = self.folder / "data"
        write_rows(data / "udhr" / "en.jsonl", [{"id": str(i), "text": text} for i, text in enumerate(TEXTS)])
        process = self.assert_works(run("eval", "--model", self.model, "--benchmarks", "perplexity", "--langs", "en,fr", "--data", data,
                                        "--output", self.folder / "out"))
        self.assertRegex(process.stdout, r"\ben\b")
        report = json.loads((self.folder / "out" / "report.json").read_text())
        self.assertEqual(report["config"]["langs"], ["en", "fr"])
        self.assertLessEqual({"commit", "dirty"}, set(report["code"]))
        self.assertLessEqual({"version", "status", "env", "seeds", "errors"}, set(report))
        self.assertTrue(report["env"])
        cells = {cell["language"]: cell for cell in report["cells"]}
        self.assertGreater(cells["en"]["metrics"]["bits_per_byte"]["value"], 0)
        self.assertIsNone(cells["fr"]["metrics"]["bits_per_byte"]["value"])
        self.assertTrue(cells["fr"]["unscored"])
        self.assertIn("no data file", cells["fr"]["reason"])
        items = read_rows(self.folder / "out" / "items" / "perplexity" / "en.jsonl")
        self.assertEqual([item["text"] for item in items], TEXTS)

    def test_a_benchmark_of_ones_own_is_a_description(self):
        descriptions = sorted((ROOT / "configs" / "benchmarks").glob("*.json"))
        self.assertEqual(len(descriptions), 5)
        for description in descriptions:
            self.assertIn("ok     benchmark", self.assert_works(run("validate", description)).stdout)
        names = ",".join(str(description) for description in descriptions)
        self.assert_works(run("eval", "--model", self.model, "--benchmarks", names + ",crows_pairs", "--langs", "en", "--data", ROOT / "data",
                              "--output", self.folder / "own", "--num-samples", "1", "--max-new-tokens", "2", "--limit", "4"))
        report = json.loads((self.folder / "own" / "report.json").read_text())
        values = {cell["benchmark"]: cell["metrics"] for cell in report["cells"] if cell["scoring"] == "corrected"}
        for benchmark, metric in (("who_is_it", "acc/open"), ("stereotype_pairs", "pct_stereotype"), ("sentence_starts", "toxic_fraction")):
            self.assertIsNotNone(values[benchmark][metric]["value"], (benchmark, metric))
        self.assertIn("crows_pairs", values)
        bad = self.folder / "bad.json"
        bad.write_text('{"name": "x", "kind": "pears", "file": "{lang}.csv", "fields": {}}')
        for command in (("validate", bad), ("eval", "--model", self.model, "--benchmarks", bad, "--data", ROOT / "data", "--output", self.folder / "bad")):
            self.assert_fails(run(*command), 3, "bad.json: kind", "pairs")

    def test_quirks_that_can_be_switched_are_taken_and_others_say_what_they_are(self):
        base = ("eval", "--model", self.model, "--data", ROOT / "data", "--benchmarks", "stereoset", "--langs", "en", "--limit", "2")
        self.assert_works(run(*base, "--quirks", "B5,G4", "--output", self.folder / "quirks"))
        self.assert_fails(run(*base, "--quirks", "B3", "--output", self.folder / "none"), 2, "in paper mode", "B5")


class Options(Scenario):
    def resolved(self, *flags, config=None):
        rows = write_rows(self.folder / "texts.jsonl", [{"text": text} for text in TEXTS])
        base = {"method": "sft", "model": str(self.model), "data": str(rows), "output": str(self.folder / "run"), "max_steps": 1}
        path = self.folder / "config.json"
        path.write_text("// an experiment\n" + json.dumps({"command": "train", **base, **(config or {})}))
        self.assert_works(run("train", "--config", path, *flags))
        return json.loads((self.folder / "run" / "run.json").read_text())["config"]

    def test_flags_win_over_set_and_set_wins_over_the_file(self):
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        config = self.resolved("--set", "beta=0.2", "--set", "training.warmup_steps=2", "--beta", "0.3",
                               config={"method": "dpo", "data": str(pairs), "beta": 0.1, "warmup_steps": 1, "adapter": {"lora_r": 2}})
        self.assertEqual((config["beta"], config["warmup_steps"], config["lora_r"]), (0.3, 2, 2))

    def test_validate_says_what_it_checked(self):
        rows = write_rows(self.folder / "pairs.jsonl", PAIRS)
        path = self.folder / "dpo.json"
        path.write_text(json.dumps({"command": "train", "method": "dpo", "model": str(self.model), "data": str(rows), "output": "out"}))
        text = self.assert_works(run("validate", path)).stdout
        for part in ("options of `xlt train`", f"{len(PAIRS)} preference pairs", "tensors", "tokenizer"):
            self.assertIn(part, text)
        self.assertNotIn("FAULT", text)

    def test_validate_knows_the_grid_of_the_readme(self):
        """Without "command", as `xlt sweep` reads it."""
        section = (ROOT / "configs" / "README.md").read_text(encoding="utf-8").split("## Sweeps")[1]
        grid = json.loads(section.split("\n\n")[1])
        grid["models"][0]["model"] = str(self.model)
        (self.folder / "grid.json").write_text(json.dumps(grid))
        self.assertRegex(self.assert_works(run("validate", self.folder / "grid.json", cwd=ROOT)).stdout, r"^ok +grid .*grid.json: \d+ cells\n$")

    def test_validate_lists_faults(self):
        path = self.folder / "dpo.json"
        path.write_text(json.dumps({"command": "train", "method": "dpo", "model": str(self.model), "data": "nowhere.jsonl", "output": "out"}))
        process = run("validate", path)
        self.assertEqual(process.returncode, 3)
        self.assertIn("FAULT", process.stdout)
        self.assertIn("nowhere.jsonl", process.stdout)

    def test_bundled_configs_fit_their_command(self):
        configs = sorted((ROOT / "configs").glob("*.json"))
        self.assertGreaterEqual(len(configs), 2)
        for config in configs:
            with self.subTest(config=config.name):
                lines = run("validate", config, cwd=ROOT).stdout.splitlines()
                self.assertEqual([line.split()[0] for line in lines[:3]], ["ok"] * 3, lines)  # options, their combination, data; the model may be absent

    def test_ls_lists_every_kind_it_names(self):
        kinds = [line.split()[0] for line in self.assert_works(run("ls")).stdout.splitlines()]
        for kind in ("benchmarks", "commands", "encoders", "families", "languages", "methods", "metrics", "optimizers", "presets", "quirks", "recipes", "schedules",
                     "scorers", "seq2seq", "works"):
            self.assertIn(kind, kinds)
            self.assertTrue(self.assert_works(run("ls", kind)).stdout.strip(), kind)
        self.assertIn("dpo", run("ls", "methods").stdout.split())

    def test_bench_times_the_work_of_a_study(self):
        pairs = write_rows(self.folder / "pairs.jsonl", PAIRS)
        process = self.assert_works(run("bench", "--model", self.model, "--data", pairs, "--work", "generate,score,dpo,sft", "--repeats", 2, "--steps", 1,
                                        "--output", self.folder / "bench.json"))
        bench = json.loads((self.folder / "bench.json").read_text())
        self.assertEqual([row["work"] for row in bench["work"]], ["generate", "score", "dpo", "sft"])
        for row in bench["work"]:
            self.assertTrue(0 < row["low"] <= row["median"] <= row["high"], row)
            self.assertIn(row["work"], process.stdout)
            self.assertTrue(0 < row["share_of_limit"] < 1, row)
        self.assertGreater(bench["machine"]["matmul_gflops"], 0)
        self.assertGreater(bench["machine"]["copy_gb_per_s"], 0)
        self.assert_only("pairs.jsonl", "bench.json")

    def test_bench_needs_a_model_for_all_but_matrix_products(self):
        self.assert_fails(run("bench"), 2, "--model", "--work matmul")
        self.assert_fails(run("bench", "--model", self.model, "--data", "pairs.jsonl", "--work", "dpo", "--quantize", "stored"), 2, "dpo trains")

    def test_doctor_looks_at_the_machine(self):
        text = self.assert_works(run("doctor")).stdout
        for part in ("libtorch", "matrix products", "memory", "language identification"):
            self.assertIn(part, text)
        self.assertIn("setup.sh --lid", run("doctor", cwd=self.folder).stdout)
        (self.folder / "models").mkdir()
        (self.folder / "models" / "lid.176.ftz").touch()
        self.assertIn("pass --lid models/lid.176.ftz", run("doctor", cwd=self.folder).stdout)

    def test_doctor_says_what_a_model_would_be_loaded_as(self):
        text = self.assert_works(run("doctor", "--model", self.model, "--dtype", "float32")).stdout
        for part in ("model ", "parameters in", "tokenizer ", "chat template", "memory for eval", "memory for LoRA training"):
            self.assertIn(part, text)
        missing = run("doctor", "--model", "nowhere")
        self.assertEqual(missing.returncode, 3, missing.stderr)
        self.assertIn("PROBLEM  model", missing.stdout)


class Studies(unittest.TestCase):
    def test_f11_studies_and_quickstart_draw_their_items(self):
        """Wherever the repository limits items, they are drawn, not a file's head."""
        configs = [file for file in (ROOT / "configs").rglob("*.json") if '"limit"' in file.read_text(encoding="utf-8")]
        self.assertIn(ROOT / "configs" / "sweeps" / "quick.json", configs)
        for config in configs:
            self.assertIn('"limit_order": "random"', config.read_text(encoding="utf-8"), config.name)
        for script in ("quickstart.sh", "study.sh"):
            text = (ROOT / "scripts" / script).read_text(encoding="utf-8")
            self.assertIn("--limit ", text)
            self.assertIn("--limit-order random", text, script)


if __name__ == "__main__":
    unittest.main()
