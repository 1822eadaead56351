# SPDX-License-Identifier: Apache-2.0
"""`xlt report` from the newcomer's side, and its page in a real browser (skipped where no Chromium runs)."""
import json
import random
import unittest

from chromium import Browser, find_axe, find_chromium
from support import Scenario, run, write_rows

CHROMIUM, AXE = find_chromium(), find_axe()
LANGUAGES = "en ar ca cs de es fr hi id it ja ko mt nl pl pt ru sv tr zh".split()


def metric(value):
    return {"value": value, "ci95": [value - 0.1, value + 0.1], "n": 20, "higher_is_better": False,
            "formula": {"kind": "ratio", "ratios": ["toxic"], "scale": 1, "bounded": True}}


def write_report(folder, cells, adapter):
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps({"status": "done", "model": {"path": "m", "hash": "1", "adapter": adapter}, "cells": cells,
                                                    "config": {"command": "eval", "model": "m", "adapter": adapter}}))
    return folder


def write_evaluation(folder, ones, adapter="", languages=("en", "ar", "fr")):
    """Twenty items a language, of which the first `ones` are 1, each with one completion."""
    cells = [{"benchmark": "rtp_lx", "benchmark_version": "1", "language": language, "scoring": scoring, "scorer": "word_list",
              "settings": {"limit": 20, "data": {f"{language}.json": "ab"}}, "n_items": 20, "n_scored": 19, "unscored": {"empty text": 1},
              "headline": ["toxic_fraction"], "metrics": {"toxic_fraction": metric(ones / 20)}}
             for language in languages for scoring in ("paper", "corrected")]
    write_report(folder, cells, adapter)
    for language in languages:
        write_rows(folder / "items" / "rtp_lx" / f"{language}.jsonl",
                   [{"id": str(i), "prompt": "</script><i>a prompt</i>", "completions": [{"text": f"answer {i} of {adapter}", "score": float(i < ones)}],
                     "ratios": {"toxic": [int(i < ones), 1]}} for i in range(20)])
    return folder


def write_run(folder, steps=29):
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"status": "finished", "config": {"command": "train", "method": "dpo"}}))
    write_rows(folder / "metrics.jsonl", [{"step": i, "split": "train", "loss": 1 / i, "rewards/margins": i / 9} for i in range(1, steps + 1)])
    return folder


def write_large(folder):
    """20 languages × 12 metrics × 5 arms × 3 seeds, with a comparison of them."""
    numbers, names = random.Random(1), [f"metric_{i}" for i in range(12)]
    arms, rows = ["base", "dpo", "sft", "ipo", "kto"], []
    for arm in arms:
        for seed in (1, 2, 3):
            cells = [{"benchmark": "b", "language": language, "scoring": "corrected", "n_items": 50, "n_scored": 50, "unscored": {},
                      "metrics": {name: metric(numbers.random()) for name in names}} for language in LANGUAGES]
            write_report(folder / f"{arm}-{seed}", cells, "" if arm == "base" else arm)
        for name in names if arm != "base" else []:
            for language in LANGUAGES + ["mean_others"]:
                change = numbers.gauss(0, 0.1)
                rows.append({"benchmark": "b", "language": language, "scoring": "corrected", "scorer": None, "metric": name, "arm": arm, "n_items": 50,
                             "n_ids": 50, "n_languages": 1, "n_seeds": 3, "base": 0.5, "value": 0.5 + change, "change": change,
                             "change_relative": 2 * change, "ci95": [change - 0.1, change + 0.1], "p_value": numbers.random(), "p_holm": numbers.random(),
                             "q_bh": numbers.random(), "mde": 0.1, "distance_from_ideal_change": None, "higher_is_better": False})
    (folder / "compare").mkdir()
    (folder / "compare" / "compare.json").write_text(json.dumps({
        "arms": [{"name": arm, "is_base": arm == "base", "n_seeds": 3, "folders": [str(folder / f"{arm}-{seed}") for seed in (1, 2, 3)]} for arm in arms],
        "rows": rows, "refused": [], "settings": {}}))


class Report(Scenario):
    def setUp(self):
        super().setUp()
        self.page = self.folder / "out" / "report.html"
        self.base = write_evaluation(self.folder / "before", 12)
        self.after = write_evaluation(self.folder / "after", 3, "a1")

    def make(self, *arguments):
        return self.assert_works(run("report", *arguments, "--output", self.page))

    def test_two_evaluations_and_a_training_make_one_page(self):
        process = self.make(self.after, self.base, write_run(self.folder / "run"), "--csv", self.folder / "csv", "--latex", self.folder / "t.tex")
        self.assertEqual(process.stdout.strip(), str(self.page))
        self.assertIn("rtp_lx,en,corrected,word_list,toxic_fraction,after", (self.folder / "csv" / "changes.csv").read_text())
        self.assertIn("\\toprule", (self.folder / "t.tex").read_text())
        self.assertNotIn("http://", self.page.read_text().split("<body>")[0])

    def test_what_is_no_output_of_xlt_is_named(self):
        (self.folder / "nothing").mkdir()
        process = run("report", self.folder / "nothing", "--output", self.page)
        self.assertEqual(process.returncode, 3)
        self.assertIn("nothing of xlt's is there", process.stderr)
        self.assertFalse(self.page.exists())

    def test_predictors_of_few_languages_warn_and_join_the_page(self):
        rows = [{"benchmark": "b", "language": language, "scoring": "corrected", "metric": "m", "arm": "dpo", "change_relative": change}
                for language, change in (("en", 9), ("de", 1), ("fr", 2), ("es", 4), ("it", 3))]
        comparison = self.folder / "compare.json"
        comparison.write_text(json.dumps({"arms": [], "rows": rows}))
        for language, text in (("en", "one two"), ("de", "eins zwei drei"), ("fr", "un"), ("es", "uno dos"), ("it", "uno due tre")):
            write_rows(self.folder / "texts" / f"{language}.jsonl", [{"id": "a", "text": text}])
        out = self.folder / "predictors"
        process = self.assert_works(run("predictors", "--compare", comparison, "--model", self.model, "--parallel", self.folder / "texts", "--output", out))
        self.assertIn("4 languages cannot show more", process.stderr)
        found = json.loads((out / "predictors.json").read_text())
        self.assertEqual(sorted(found["languages"]), ["de", "es", "fr", "it"])
        german = found["languages"]["de"]
        self.assertEqual((german["fertility"], german["bytes_per_token"]), (14 / 3, 1))  # a token a byte
        self.assertEqual(list(german["sentence_similarity"]), ["0", "1", "2", "mean"])
        self.assertTrue((out / "predictors.csv").read_text().startswith("target,predictor,given,kind,value"))
        # What is printed as p is what `xlt compare` prints as p: corrected.
        row = next(row for row in found["correlations"] if row["kind"] == "spearman" and row["predictor"] == "fertility" and row["given"] is None)
        self.assertNotEqual(f"{row['p_holm']:.4f}", f"{row['p_value']:.4f}")
        line = next(line for line in process.stdout.splitlines() if line.startswith(f"{row['target']}  fertility  "))
        self.assertIn(f"  p={row['p_holm']:.4f}  n=4", line)
        self.assertIn("p corrected for the number of all rows (Holm)", process.stdout)
        process = self.assert_works(run("predictors", "--compare", comparison, "--model", self.model, "--parallel", self.folder / "texts", "--output", out,
                                        "--mode", "paper"))
        self.assertIn("  fertility  ", process.stdout)
        self.assertIn("not corrected, as published", process.stdout)
        self.make(out)
        self.assertIn('"correlations":{', self.page.read_text())

    def test_predictors_of_too_few_languages_say_so_instead_of_a_table(self):
        rows = [{"benchmark": "b", "language": language, "scoring": "corrected", "metric": "m", "arm": "dpo", "change_relative": change}
                for language, change in (("en", 9), ("de", 1))]
        comparison = self.folder / "compare.json"
        comparison.write_text(json.dumps({"arms": [], "rows": rows}))
        for language, text in (("en", "one two"), ("de", "eins zwei drei")):
            write_rows(self.folder / "texts" / f"{language}.jsonl", [{"id": "a", "text": text}])
        process = self.assert_works(run("predictors", "--compare", comparison, "--model", self.model, "--parallel", self.folder / "texts",
                                        "--output", self.folder / "predictors"))
        self.assertIn("languages besides the source: de; fewer than three languages have both", process.stdout)
        self.assertNotIn("(Spearman)", process.stdout)

    @unittest.skipUnless(CHROMIUM, "SKIPPED: no Chromium runs here (Debian's package chromium-headless-shell)")
    def test_the_page_in_a_browser(self):
        self.assert_works(run("compare", self.base, self.after, "--output", self.folder / "compare"))
        self.make(self.folder / "compare", write_run(self.folder / "run"))
        rows = [row for row in json.loads((self.folder / "compare" / "compare.json").read_text())["rows"] if row["scoring"] == "corrected"]
        with Browser(CHROMIUM) as browser:
            for width, is_dark in ((1280, False), (768, True), (390, False)):
                browser.open(self.page, width, is_dark=is_dark)
                self.assertLessEqual(browser.evaluate("document.documentElement.scrollWidth"), width)
            shown = browser.evaluate("[...document.querySelectorAll('#change path[data-value]')].map(e => [e.dataset.language, +e.dataset.value])")
            self.assertEqual(sorted(shown), sorted([row["language"], row["value"]] for row in rows))
            # Every picture, button and choice has a name; headings do not skip a level.
            self.assertEqual(browser.evaluate("""[...document.querySelectorAll('svg:not([aria-hidden]), button, select, input, section, nav')].filter(e =>
                !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.closest('label'))).length"""), 0)
            self.assertEqual(browser.evaluate("document.querySelectorAll('[id]').length - new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"), 0)
            self.check_table(browser)
            self.check_samples(browser)
            self.assertEqual(browser.problems, [])

    @unittest.skipUnless(CHROMIUM and AXE, "SKIPPED: no Chromium, or no axe-core (PyPI's axe-playwright-python has it, or XLT_AXE names axe.min.js)")
    def test_axe_finds_nothing_to_mend(self):
        """axe-core's rules on the page with everything uncovered, in the light and in the dark."""
        self.make(self.base, self.after, write_run(self.folder / "run"))
        with Browser(CHROMIUM, timeout=300) as browser:
            for is_dark in (False, True):
                browser.open(self.page, is_dark=is_dark)
                browser.evaluate("""(() => { for (const box of document.querySelectorAll('details')) { box.open = true; box.dispatchEvent(new Event('toggle')); }
                    for (const button of document.querySelectorAll('#samples article button')) button.click(); })()""")
                self.assertEqual(browser.broken_rules(AXE), [])

    @unittest.skipUnless(CHROMIUM, "SKIPPED: no Chromium runs here (Debian's package chromium-headless-shell)")
    def test_pictures_show_what_is_possible_and_no_difference_that_is_none(self):
        """Intervals beyond a metric's bounds, values that are all zero, and the published code's rounding."""
        before, after = write_evaluation(self.folder / "b", 1), write_evaluation(self.folder / "a", 0, "a1")
        for folder in (before, after):
            report = json.loads((folder / "report.json").read_text())
            for cell in report["cells"]:
                cell["headline"] += ["zero", "rounded"]
                cell["metrics"]["zero"] = dict(metric(0), ci95=None)
                cell["metrics"]["rounded"] = dict(metric(33.33 if cell["scoring"] == "paper" else 100 / 3), ci95=None)
                cell["metrics"]["rounded"]["formula"] = dict(metric(0)["formula"], ratios=["rounded"], scale=100)
                cell["metrics"]["zero"]["formula"] = dict(metric(0)["formula"], ratios=["zero"])
            (folder / "report.json").write_text(json.dumps(report))
            for file in (folder / "items" / "rtp_lx").iterdir():
                rows = [json.loads(line) for line in file.read_text().splitlines()]
                for i, row in enumerate(rows[:18]):
                    row["ratios"].update(zero=[0, 1], rounded=[int(i < 6), 1])
                write_rows(file, rows)
        self.make(before, after, write_run(self.folder / "run", 3))
        with Browser(CHROMIUM) as browser:
            browser.open(self.page)
            # Every stroke lies on its axis, and the axis of a share between 0 and 1.
            figures = browser.evaluate("""[...document.querySelectorAll('#change figure')].map(figure => {
                const all = selector => [...figure.querySelectorAll(selector)], axis = figure.querySelector('.axis path').getBBox();
                const places = [].concat(...all('svg > line').map(stroke => [+stroke.getAttribute('x1'), +stroke.getAttribute('x2')]));
                return {title: all('.title')[0].textContent, words: all('.words').map(e => e.textContent).join(), cuts: all('.cut').length,
                    ticks: all('.axis .tick text').map(tick => +tick.textContent.replace('−', '-')),
                    isInside: places.every(x => x >= axis.x - 1 && x <= axis.x + axis.width + 1)}; })""")
            figures = {figure["title"].split(",")[0]: figure for figure in figures}
            share, zero = figures["rtp_lx: toxic_fraction"], figures["rtp_lx: zero"]
            self.assertTrue(all(figure["isInside"] for figure in figures.values()), figures)
            self.assertGreater(share["cuts"], 0, "0 of 20 after, and the change's interval goes below")
            self.assertGreaterEqual(min(share["ticks"]), 0)
            self.assertIn("Share of completions that are toxic", share["words"])
            self.assertGreaterEqual(min(zero["ticks"]), 0)
            self.assertLessEqual(max(zero["ticks"]), 1)
            # 33.33 and 33.3333 are one value.
            self.assertIn("rounded", browser.evaluate("document.querySelector('#scorings .same').textContent"))
            self.assertEqual(browser.evaluate("document.querySelectorAll('#scorings figure').length"), 0)
            steps = browser.evaluate("[...document.querySelector('#training .axis').querySelectorAll('.tick text')].map(e => e.textContent)")
            self.assertEqual(steps, ["1", "2", "3"])
            # No name is cut off, and no label lies on another.
            self.assertEqual(browser.evaluate("""[].concat(...[...document.querySelectorAll('#change svg')].map(svg => {
                const {left, right} = svg.getBoundingClientRect(), box = text => text.getBoundingClientRect();
                const isCut = text => box(text).left < left - 1 || box(text).right > right + 1;
                return [...svg.querySelectorAll('text')].filter(isCut).map(text => text.textContent); }))"""), [])
            self.assertEqual(browser.evaluate("""(() => { let count = 0; for (const svg of document.querySelectorAll('figure svg')) {
                const boxes = [...svg.querySelectorAll('.tick text, text.point')].map(text => text.getBoundingClientRect());
                boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
                    count += a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4; })); } return count; })()"""), 0)

    @unittest.skipUnless(CHROMIUM, "SKIPPED: no Chromium runs here (Debian's package chromium-headless-shell)")
    def test_the_page_says_on_top_what_it_is_about(self):
        self.make(self.base, self.after)
        with Browser(CHROMIUM) as browser:
            browser.open(self.page)
            text = lambda selector: browser.evaluate(f"document.querySelector('{selector}').textContent")
            self.assertIn("This page holds after against before, on 1 benchmark (rtp_lx) in 3 languages.", text("#found"))
            facts = browser.evaluate("[...document.querySelectorAll('#facts div')].map(e => [...e.children].map(part => part.textContent).join(': '))")
            for fact in ("Model: m", "Languages: 3: Arabic (ar), English (en), French (fr)", "Items: 20 of each benchmark and language",
                         "Scoring: corrected, paper", "Scorers: word_list"):
                self.assertIn(fact, facts)
            self.assertIn("toxic_fractionshare of completions that are toxiclower is better0 to 1rtp_lx", text("#metrics"))
            self.assertEqual(text("#change figure button"), "Save picture as SVG")

    def check_table(self, browser):
        values = browser.evaluate("""(() => {
            const box = document.querySelector('#table-changes'), change = 12;
            box.open = true; box.dispatchEvent(new Event('toggle'));
            const head = () => box.querySelectorAll('th')[change], cells = () => [...box.querySelectorAll('tbody tr')].map(row => +row.children[change].title);
            head().querySelector('button').click(); const up = cells(), sort = head().getAttribute('aria-sort');
            head().querySelector('button').click();
            return {up, sort, down: cells(), name: head().textContent}; })()""")
        self.assertEqual((values["name"], values["sort"]), ("change", "ascending"))
        self.assertEqual(values["up"], sorted(values["up"]))
        self.assertEqual(values["down"], sorted(values["up"], reverse=True))

    def check_samples(self, browser):
        first = "document.querySelector('#samples article')"
        self.assertEqual(browser.evaluate(f"{first}.querySelectorAll('blockquote.covered').length"), 3)
        self.assertEqual(browser.evaluate(f"getComputedStyle({first}.querySelector('blockquote')).color"), "rgba(0, 0, 0, 0)")
        browser.evaluate(f"{first}.querySelector('button').click()")
        self.assertEqual(browser.evaluate(f"{first}.querySelectorAll('blockquote.covered').length"), 0)
        self.assertEqual(browser.evaluate(f"{first}.querySelector('blockquote').textContent"), "</script><i>a prompt</i>")
        browser.evaluate("(() => { const s = document.querySelector('#samples select'); s.value = 'ar'; s.dispatchEvent(new Event('change')); })()")
        self.assertEqual(browser.evaluate("[...new Set([...document.querySelectorAll('#samples blockquote')].map(e => e.dir + ' ' + e.lang))]"), ["rtl ar"])

    @unittest.skipUnless(CHROMIUM, "SKIPPED: no Chromium runs here (Debian's package chromium-headless-shell)")
    def test_a_large_study_opens_soon(self):
        write_large(self.folder / "large")
        self.make(self.folder / "large", "--num-samples", "0")
        self.assertLessEqual(self.page.stat().st_size, 2_000_000)
        with Browser(CHROMIUM) as browser:
            seconds = browser.open(self.page)
            self.assertEqual(browser.problems, [])
            computed = browser.cpu_seconds()
            print(f"20 languages × 12 metrics × 5 arms × 3 seeds: {self.page.stat().st_size / 1e6:.2f} MB, drawn in {seconds:.1f} s, "
                  f"of which computing {computed:.2f} s")
            self.assertGreater(computed, 0)
            self.assertLessEqual(computed, 2)  # by the clock 0.3 s on an idle core; the tests share theirs


if __name__ == "__main__":
    unittest.main()
