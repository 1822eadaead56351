# SPDX-License-Identifier: Apache-2.0
"""`xlt human` from the newcomer's side: export, rate (in a real browser where one runs), import, report."""
import csv
import io
import json
import time
import unittest

from chromium import Browser, find_axe, find_chromium
from support import Scenario, run, write_rows

CHROMIUM, AXE = find_chromium(), find_axe()
HOSTILE = "</script><img src=x onerror=\"document.title='broken'\"> \u202e, \"quoted\"\n=1+1"


def write_evaluation(folder, arm, languages=("en", "ar"), items=6):
    """Completions of a toxicity benchmark: an item's score rises with its number."""
    cells = [{"benchmark": "rtp_lx", "language": language, "scoring": "corrected", "scorer": "word_list", "metrics": {}, "n_items": items,
              "n_scored": items, "unscored": {}} for language in languages]
    for language in languages:
        write_rows(folder / "items" / "rtp_lx" / f"{language}.jsonl",
                   [{"id": str(i), "prompt": f"prompt {i} {HOSTILE}", "scorer": "word_list",
                     "completions": [{"text": f"{arm} text {i} {HOSTILE}", "score": i / items}]} for i in range(items)])
    (folder / "report.json").write_text(json.dumps({"status": "done", "model": {"path": "m", "hash": "1", "adapter": arm}, "cells": cells,
                                                    "config": {"command": "eval"}}))
    return folder


def write_ratings(path, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("rater", "item_id", "question", "rating"), *rows])
    return path


class Human(Scenario):
    def setUp(self):
        super().setUp()
        self.before, self.after = (write_evaluation(self.folder / name, name) for name in ("before", "after"))
        self.out = self.folder / "human"

    def export(self, *arguments):
        self.assert_works(run("human", "export", self.before, self.after, "--num-items", 4, "--output", self.out, *arguments))
        return json.loads((self.out / "key.json").read_text())

    def test_export_rate_import_report(self):
        key = self.export("--mode", "both", "--seed", 5)
        with open(self.out / "items.csv", encoding="utf-8", newline="") as file:
            items = list(csv.DictReader(file))
        self.assertEqual({item["item_id"] for item in items}, set(key))
        for language in ("en", "ar"):
            for arm in ("before", "after"):
                self.assertEqual(sum(entry.get("arm") == arm and entry["language"] == language for entry in key.values()), 4)
        self.assertIn(HOSTILE, items[0]["prompt"])
        files = []
        for rater, shift in (("anna", 0), ("ben", 1)):
            rows = []
            for item, entry in sorted(key.items()):
                if "arm" in entry:
                    rows += [(rater, item, "toxicity", 1 + min(4, int(entry["id"]) + shift * (int(entry["id"]) % 2))), (rater, item, "fluency", 5 - shift)]
                else:
                    rows.append((rater, item, "preference", "a" if entry["a"] == "after" else "B"))
            files.append(write_ratings(self.folder / f"{rater}.csv", rows))
        process = self.assert_works(run("human", "import", self.out, "--ratings", ",".join(map(str, files)), "--output", self.folder / "human.json"))
        self.assertIn("toxicity  alpha", process.stdout)
        over = run("human", "import", self.out, "--ratings", ",".join(map(str, files)), "--output", self.out / "key.json")
        self.assertEqual((over.returncode, json.loads((self.out / "key.json").read_text())), (2, key), over.stderr)
        found = json.loads((self.folder / "human.json").read_text())
        self.assertEqual(found["preference_rate"]["after"]["value"], 1)
        self.assertEqual(found["preference_rate"]["before"]["value"], 0)
        self.assertLess(found["preference_rate"]["after"]["ci95"][0], 1)
        self.assertEqual(found["kappa_kind"], "cohen")
        self.assertGreater(found["alpha"], 0.5)
        self.assertIn("word_list", found["scorer_calibration"])
        page = self.folder / "report.html"
        self.assert_works(run("report", self.folder / "human.json", "--output", page))
        if not CHROMIUM:
            return
        with Browser(CHROMIUM) as browser:
            browser.open(page)
            self.assertEqual(browser.evaluate("document.querySelectorAll('#human figure svg').length"), 4)  # preference, two means, one curve
            shown = browser.evaluate("[...document.querySelectorAll('#human path[data-arm]')].slice(0, 2).map(e => [e.dataset.arm, +e.dataset.value])")
            self.assertEqual(sorted(shown), [["after", 1], ["before", 0]])
            self.assertEqual(browser.problems, [])

    def test_wrong_usage_says_what_was_expected(self):
        self.assert_fails(run("human", "exprot", self.before, "--output", self.out), 2, "expected: xlt human export DIR")
        self.assert_fails(run("human", "import", self.out, "--ratings", "x.csv", "--output", self.folder / "h.json"), 3, "no key.json is there")
        self.export()
        ratings = write_ratings(self.folder / "r.csv", [("a", "nobody", "toxicity", 1)])
        self.assert_fails(run("human", "import", self.out, "--ratings", ratings, "--output", self.folder / "h.json"), 3, "r.csv:2", "unknown item")
        self.assertFalse((self.folder / "h.json").exists())

    @unittest.skipUnless(CHROMIUM, "SKIPPED: no Chromium runs here (Debian's package chromium-headless-shell)")
    def test_the_form_in_a_browser(self):
        key = self.export("--mode", "both", "--num-checks", 1)
        form = self.out / "form.html"
        with Browser(CHROMIUM) as browser:
            for width, is_dark in ((1280, False), (390, True)):
                browser.open(form, width, is_dark=is_dark)
                self.assertLessEqual(browser.evaluate("document.documentElement.scrollWidth"), width)
            self.begin(browser, "Anna, \"A\"", "ar")
            rated = self.rate(browser, 3)
            self.check_item(browser, key)
            browser.open(form)  # a reload: the name, the answers and the place are still there
            self.assertEqual(self.status(browser), "3 of 13 rated.")
            self.assertEqual(browser.evaluate("document.getElementById('item').dataset.item"), rated[-1])
            browser.evaluate("document.getElementById('unrated').click()")
            rated += self.rate(browser, 10)
            self.assertEqual(len(set(rated)), 13)  # 4 items × 2 arms, 4 pairs, a check
            self.assertIn("All done", self.status(browser))
            text = browser.evaluate("xltRatings()")
            browser.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(self.folder))
            browser.evaluate("document.getElementById('save').click()")
            saved = self.wait_for(self.folder / "ratings-Anna-A-.csv")
            self.assertEqual(saved, text)
            # The form on another computer goes on from the saved file.
            browser.evaluate("localStorage.clear()")
            browser.open(form)
            self.assertFalse(browser.evaluate("document.getElementById('start').hidden"))
            browser.evaluate(f"""(() => {{ const files = new DataTransfer(); files.items.add(new File([{json.dumps(text)}], 'r.csv', {{type: 'text/csv'}}));
                const input = document.getElementById('load'); input.files = files.files; input.dispatchEvent(new Event('change')); }})()""")
            browser.evaluate("new Promise(done => setTimeout(done, 200))")
            self.begin(browser, "Anna, \"A\"", "ar")
            self.assertEqual(browser.evaluate("xltRatings()"), text)
            self.assertEqual(browser.evaluate("document.title"), "Rating of texts")
            self.assertEqual(browser.problems, [])
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual({row["rater"] for row in rows}, {"Anna, \"A\""})
        self.assertEqual(len([row for row in rows if row["item_id"] in key]), 8 * 3 + 4)
        (self.folder / "anna.csv").write_text(text, encoding="utf-8")
        self.assert_works(run("human", "import", self.out, "--ratings", self.folder / "anna.csv", "--output", self.folder / "h.json"))
        rater = json.loads((self.folder / "h.json").read_text())["raters"]["Anna, \"A\""]
        self.assertEqual((rater["n_ratings"], rater["checks_answered"] in (1, 3)), (28, True))

    @unittest.skipUnless(CHROMIUM and AXE, "SKIPPED: no Chromium, or no axe-core (PyPI's axe-playwright-python has it, or XLT_AXE names axe.min.js)")
    def test_axe_finds_nothing_to_mend_in_the_form(self):
        self.export("--mode", "both")
        with Browser(CHROMIUM, timeout=300) as browser:
            browser.open(self.out / "form.html")
            self.assertEqual(browser.broken_rules(AXE), [])
            self.begin(browser, "Anna", "ar")
            for _ in range(2):  # a single text, and a pair
                self.assertEqual(browser.broken_rules(AXE), [])
                self.rate(browser, 5)

    def status(self, browser):
        """What the form says of its state, once it says something: a page that is open may not have run its script yet."""
        for _ in range(100):
            text = browser.evaluate("document.getElementById('status').textContent")
            if text:
                return text
            time.sleep(0.05)
        return ""

    def wait_for(self, file):
        for _ in range(100):
            if file.exists() and file.stat().st_size:
                break
            time.sleep(0.05)
        return file.read_text(encoding="utf-8")

    def begin(self, browser, rater, language):
        browser.evaluate(f"""(() => {{ document.getElementById('rater').value = {json.dumps(rater)};
            document.getElementById('language').value = {json.dumps(language)}; document.querySelector('#start button').click(); }})()""")
        self.assertTrue(browser.evaluate("document.getElementById('start').hidden"))

    def rate(self, browser, count):
        """The first answer to every question of `count` items, one after the other; their ids."""
        return browser.evaluate(f"""(() => {{ const rated = [];
            for (let i = 0; i < {count}; ++i) {{
              if (i) document.getElementById('unrated').click();
              for (const box of document.querySelectorAll('#item fieldset')) box.querySelector('input').click();
              rated.push(document.getElementById('item').dataset.item);
            }}
            return rated; }})()""")

    def check_item(self, browser, key):
        texts = browser.evaluate("[...document.querySelectorAll('#item blockquote')].map(e => [e.dir, e.lang, e.textContent, e.children.length])")
        self.assertEqual({(direction, language, children) for direction, language, _, children in texts}, {("rtl", "ar", 0)})
        if browser.evaluate("document.getElementById('item').dataset.item") in key:
            self.assertTrue(all(HOSTILE in text for _, _, text, _ in texts))
        # Every control has a name.
        self.assertEqual(browser.evaluate("""[...document.querySelectorAll('button, select, input, fieldset')].filter(e =>
            !(e.textContent.trim() || e.closest('label') || e.querySelector('legend'))).length"""), 0)


if __name__ == "__main__":
    unittest.main()
