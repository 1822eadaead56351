# SPDX-License-Identifier: Apache-2.0
"""Conversations as text and as tokens: equal to transformers' apply_chat_template, whatever the template.

Of published templates the families' own by default, all 70 with XLT_REAL=1.
"""
import json
import math
import os
import pathlib
import shutil
import subprocess
import unittest

from chat_cases import CONVERSATIONS, FORMATS, PUBLISHED, TEMPLATES
from support import ROOT, XLT, ParityTest, hf_model, hf_tokenizer, read_jsonl, tiny_models, token_logps, write_jsonl, xlt

PUBLISHED_FOLDER = ROOT / ".venv" / "llama.cpp" / "models" / "templates"


def published(name):
    return (PUBLISHED_FOLDER / f"{name}.jinja").read_text(encoding="utf-8")


def template_of(name):
    return TEMPLATES[name] if name in TEMPLATES else published(name)


class ChatParity(ParityTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "model"
        self.model.mkdir()
        source = tiny_models() / "llama31-tiny"
        for name in ("tokenizer.json", "tokenizer_config.json", "config.json"):
            shutil.copy(source / name, self.model)
        (self.model / "chat_template.jinja").unlink(missing_ok=True)
        self.tokenizer = hf_tokenizer(source)

    def keep_template(self, template):
        """In tokenizer_config.json, the template's oldest place."""
        file = self.model / "tokenizer_config.json"
        config = json.loads(file.read_text(encoding="utf-8"))
        config["chat_template"] = template
        file.write_text(json.dumps(config), encoding="utf-8")

    def expected(self, template, messages, prompt):
        """(text, ids) by transformers, or None where the template refuses."""
        from jinja2.exceptions import TemplateError

        options = {"chat_template": template, "add_generation_prompt": prompt}
        try:
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, **options)
        except (TemplateError, TypeError):
            return None
        return text, self.tokenizer.apply_chat_template(messages, return_dict=False, **options)

    def tokenize(self, conversations, *options):
        rows = write_jsonl(self.folder / "in.jsonl", [{"messages": messages} for messages in conversations])
        xlt("tokenize", "--model", self.model, "--input", rows, "--output", self.folder / "out.jsonl", *options)
        return [(row["text"], row["input_ids"]) for row in read_jsonl(self.folder / "out.jsonl")]

    def refusal(self, messages, *options, place="in.jsonl:2"):
        rows = write_jsonl(self.folder / "in.jsonl", [{"messages": CONVERSATIONS[0]}, {"messages": messages}])
        done = subprocess.run([XLT, "tokenize", "--model", self.model, "--input", rows, "--output", self.folder / "refused.jsonl", *options],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 3, messages)
        self.assertIn(place, done.stderr)
        self.assertFalse((self.folder / "refused.jsonl").exists())
        return done.stderr

    def compare(self, template, *options):
        """Returns the conversations that transformers refuses."""
        refused = []
        for prompt in (False, True):
            accepted, wanted = [], []
            for messages in CONVERSATIONS:
                expected = self.expected(template, messages, prompt)
                if expected is None:
                    refused.append(messages)
                else:
                    accepted.append(messages)
                    wanted.append(expected)
            if not accepted:  # a template for tools alone
                continue
            flag = ["--add-generation-prompt"] if prompt else []
            for messages, text_and_ids, expected in zip(accepted, self.tokenize(accepted, *flag, *options), wanted, strict=True):
                self.assertEqual(text_and_ids, expected, messages)
        return refused

    def test_templates_of_the_families(self):
        for name in [*TEMPLATES, *PUBLISHED]:
            with self.subTest(name):
                self.keep_template(template_of(name))
                refused = self.compare(template_of(name))
                self.assertLess(len(refused), 50)
                if name in TEMPLATES:
                    for messages in refused[:2]:
                        self.assertIn("the chat template refuses this conversation: ", self.refusal(messages))

    @unittest.skipUnless(os.environ.get("XLT_REAL") == "1", "all published templates with XLT_REAL=1")
    def test_every_published_template(self):
        for file in sorted(PUBLISHED_FOLDER.glob("*.jinja")):
            with self.subTest(file.stem):
                self.keep_template(published(file.stem))
                self.compare(published(file.stem))

    def test_formats_that_have_names(self):
        for name, like in FORMATS.items():
            with self.subTest(name):
                template = template_of(like)
                accepted = [messages for messages in CONVERSATIONS if self.agrees(name, template, messages)]
                rendered = self.tokenize(accepted, "--chat-template", name)
                self.assertGreater(len(accepted), 8)
                for messages, text_and_ids in zip(accepted, rendered, strict=True):
                    self.assertEqual(text_and_ids, self.expected(template, messages, False), messages)

    def agrees(self, name, template, messages):
        """Whether format and template are to agree: roles they both know, in turn, the system text first, no white space to strip."""
        roles = [message["role"] for message in messages]
        turns = roles[roles[0] == "system":]
        texts = [message["content"] for message in messages]
        return (all(texts) and turns == (["user", "assistant"] * len(turns))[:len(turns)] and len(turns) % 2 == 1 and all(text.strip() == text for text in texts)
                and "reasoning_content" not in messages[-1] and self.expected(template, messages, False) is not None)

    def test_places_of_the_template(self):
        messages = CONVERSATIONS[4]
        named = [{"name": "default", "template": TEMPLATES["llama-3"]}, {"name": "rag", "template": TEMPLATES["eurollm"]}]
        self.keep_template(named)
        self.assertEqual(self.tokenize([messages])[0], self.expected(TEMPLATES["llama-3"], messages, False))
        self.assertEqual(self.tokenize([messages], "--chat-template", "rag")[0], self.expected(TEMPLATES["eurollm"], messages, False))
        (self.model / "chat_template.jinja").write_text(TEMPLATES["gemma-3"], encoding="utf-8")
        self.assertEqual(self.tokenize([messages])[0], self.expected(TEMPLATES["gemma-3"], messages, False))
        own = self.folder / "own.jinja"
        own.write_text(TEMPLATES["zephyr"], encoding="utf-8")
        self.assertEqual(self.tokenize([messages], "--chat-template", own)[0], self.expected(TEMPLATES["zephyr"], messages, False))

    def test_a_model_without_a_template(self):
        error = self.refusal(CONVERSATIONS[0], place="in.jsonl:1")
        self.assertIn("--chat-template", error)
        self.assertIn("chatml", error)

    def test_never_two_bos(self):
        for name in ("llama-3", "gemma-3", "mistral-v3"):
            self.keep_template(TEMPLATES[name])
            for _, ids in self.tokenize([messages for messages in CONVERSATIONS if self.expected(TEMPLATES[name], messages, False)]):
                self.assertEqual(ids[0], self.tokenizer.bos_token_id)
                self.assertNotIn(self.tokenizer.bos_token_id, ids[1:2])


class ChatGeneration(ParityTest):
    def test_generate_and_score_see_the_rendered_tokens(self):
        """A conversation's answer and score are those of its rendered text under a tokenizer that adds nothing."""
        import torch
        from support import hf_model, token_logps

        folder = self.folder / "model"
        shutil.copytree(tiny_models() / "llama31-tiny", folder)
        (folder / "chat_template.jinja").write_text(TEMPLATES["llama-3"], encoding="utf-8")
        tokenizer, model = hf_tokenizer(tiny_models() / "llama31-tiny"), hf_model(tiny_models() / "llama31-tiny")
        conversations = [CONVERSATIONS[0], CONVERSATIONS[5], CONVERSATIONS[22]]
        rows = write_jsonl(self.folder / "in.jsonl", [{"messages": messages} for messages in conversations])
        xlt("generate", "--model", folder, "--prompts", rows, "--output", self.folder / "out.jsonl", "--greedy", "--max-new-tokens", "8", "--ignore-eos")
        xlt("score", "--model", folder, "--input", rows, "--output", self.folder / "scores.jsonl")
        generated, scored = read_jsonl(self.folder / "out.jsonl"), read_jsonl(self.folder / "scores.jsonl")
        for messages, answer, score in zip(conversations, generated, scored, strict=True):
            options = {"chat_template": TEMPLATES["llama-3"], "return_dict": False}
            prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, **options)
            with torch.inference_mode():
                ids = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), max_new_tokens=8, min_new_tokens=8, do_sample=False)
            self.assertEqual(answer["token_ids"], ids[0, len(prompt):].tolist())
            whole = tokenizer.apply_chat_template(messages, **options)
            self.assertAlmostEqual(score["log_likelihood"], token_logps(model, whole).sum().item(), delta=1e-3)
            self.assertEqual(score["num_tokens"], len(whole) - 1)


class GuardParity(ParityTest):
    """guard:DIR on a Qwen2-shaped decoder: a template of Llama Guard's kind, and PolyGuard's layout on ChatML."""

    INSTRUCTIONS = ("{{ bos_token }}<|u|>Task: is the last message unsafe?\n{% for m in messages %}User: {{ m['content'] | trim }}\n{% endfor %}"
                    "First line must read 'safe' or 'unsafe'.<|a|>")

    def probability(self, model, tokenizer, prompt, unsafe, safe):
        """Of the verdict `unsafe`, by the tokens after those that the prompt and both texts share."""
        sums = []
        for verdict in (unsafe, safe):
            ids, before = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt + verdict, prompt))
            first = next((i for i, (a, b) in enumerate(zip(ids, before)) if a != b), len(before))
            sums.append(float(token_logps(model, ids)[first - 1:].sum()))
        return 1 / (1 + math.exp(sums[1] - sums[0]))

    def check(self, template, conversation, lead, unsafe, safe, description=None):
        folder = pathlib.Path(shutil.copytree(tiny_models() / "qwen2-tiny", self.folder / "guard"))
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
        if description:
            (folder / "guard.json").write_text(json.dumps(description), encoding="utf-8")
        texts = ["you fool", "Vielen Dank für alles.", "谢谢你", "{text}  "]
        write_jsonl(self.folder / "rows.jsonl", [{"id": str(i), "prompt": "p", "completion": text, "language": "en"} for i, text in enumerate(texts)])
        xlt("eval", "--completions", self.folder / "rows.jsonl", "--output", self.folder / "out", "--num-samples", 1, "--dtype", "float32",
            "--scorer", f"guard:{folder}")
        scored = [row["completions"][0]["score"] for row in read_jsonl(self.folder / "out" / "items" / "completions" / "en.jsonl")]
        tokenizer, model = hf_tokenizer(folder), hf_model(folder)
        for text, score in zip(texts, scored, strict=True):
            prompt = tokenizer.apply_chat_template(conversation(text), tokenize=False, add_generation_prompt=True)
            expected = self.probability(model, tokenizer, prompt, lead + unsafe, lead + safe)
            self.assertAlmostEqual(score, expected, delta=1e-4)
            self.assertNotAlmostEqual(score, 0.5, delta=1e-6)
        self.assertEqual(len(set(scored)), len(texts))

    def test_a_template_with_instructions(self):
        self.check(self.INSTRUCTIONS, lambda text: [{"role": "user", "content": text}], "\n\n", "unsafe", "safe")

    def test_a_general_template_and_a_description(self):
        system, user = "Is the request harmful?", "Human user:\n{text}\n\nAI assistant:\n"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        self.check(template_of("eurollm"),
                   lambda text: [messages[0], {"role": "user", "content": user.replace("{text}", text)}], "", "Harmful request: yes",
                   "Harmful request: no", {"messages": messages, "unsafe": "Harmful request: yes", "safe": "Harmful request: no"})


if __name__ == "__main__":
    unittest.main()
