# SPDX-License-Identifier: Apache-2.0
"""What `xlt human import` finds in random ratings, and what `xlt eval --format lm-eval` writes, beside the libraries."""
import csv
import json
import math
import unittest
from random import Random

from support import ParityTest, write_jsonl, xlt


class HumanParity(ParityTest):
    PACKAGES = ["numpy", "scipy", "statsmodels", "krippendorff"]

    def imported(self, key, ratings):
        (self.folder / "key.json").write_text(json.dumps(key))
        with open(self.folder / "ratings.csv", "w", newline="") as file:
            csv.writer(file).writerows([("rater", "item_id", "question", "rating"), *ratings])
        xlt("human", "import", self.folder, "--ratings", self.folder / "ratings.csv", "--output", self.folder / "human.json", "--num-resamples", 100)
        return json.loads((self.folder / "human.json").read_text())

    def test_agreement_and_calibration(self):
        import krippendorff
        import numpy
        from scipy import stats
        from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa, to_table

        random = Random(3)
        for table in range(6):
            raters, items = 2 + table % 3, random.randrange(12, 40)
            truth = [random.randrange(1, 6) for _ in range(items)]
            data = numpy.array([[float(t if random.random() < 0.6 else random.randrange(1, 6)) for t in truth] for _ in range(raters)])
            data[1:, 2:][numpy.array([[random.random() < 0.15 for _ in range(items - 2)] for _ in range(raters - 1)])] = numpy.nan
            scores = [min(1.0, max(0.0, random.gauss(t / 6, 0.2))) for t in truth]
            key = {f"i{i:03}": {"arm": "a", "language": "en", "benchmark": "b", "id": str(i), "scores": {"s": scores[i]}} for i in range(items)}
            found = self.imported(key, [(f"r{r}", f"i{i:03}", "toxicity", data[r, i]) for r in range(raters) for i in range(items)
                                        if not math.isnan(data[r, i])])
            self.assertAlmostEqual(found["alpha"], krippendorff.alpha(data, level_of_measurement="ordinal"), places=9)
            for level in ("nominal", "interval", "ratio"):
                self.assertAlmostEqual(found["questions"]["toxicity"]["alpha_" + level], krippendorff.alpha(data, level_of_measurement=level), places=9)
            full = data[:, ~numpy.isnan(data).any(axis=0)].T.astype(int)
            kappa = cohens_kappa(to_table(full)[0]).kappa if raters == 2 else fleiss_kappa(aggregate_raters(full)[0])
            self.assertAlmostEqual(found["kappa"], float(kappa), places=9)
            curve = found["scorer_calibration"]["s"]
            rank = stats.spearmanr(scores, numpy.nanmean(data, axis=0))
            self.assertAlmostEqual(curve["spearman"], float(rank.statistic), places=9)
            self.assertAlmostEqual(curve["spearman_p"], float(rank.pvalue), places=9)
            self.assertEqual(sum(part["n"] for part in curve["bins"]), items)
            toxic = numpy.where(numpy.isnan(data), numpy.nan, data >= 3)
            self.assertAlmostEqual(curve["share_toxic"], float(numpy.nanmean(toxic, axis=0).mean()), places=9)

    def test_preferences(self):
        """The rate by hand; its test is scipy's over prompts (of the first tables); the interval of rates holds as often as it says."""
        import numpy
        from scipy import stats

        random = numpy.random.default_rng(4)
        held = 0
        for table in range(20):
            items, raters, rate = 24, 4, 0.7
            key = {f"i{i:02}": {"a": "after", "b": "before"} if i % 2 else {"a": "before", "b": "after"} for i in range(items)}
            leaning = random.normal(0, 0.8, items)
            wins = (stats.logistic.cdf(math.log(rate / (1 - rate)) + leaning)[:, None] > random.random((items, raters))).astype(float)
            found = self.imported(key, [(f"r{r}", f"i{i:02}", "preference", "ba"[int(wins[i, r] == (i % 2))]) for i in range(items) for r in range(raters)])
            after = found["preference_rate"]["after"]
            self.assertAlmostEqual(after["value"], wins.mean(), places=12)
            if table < 5:
                difference = wins.mean(axis=1) - 0.5
                theirs = stats.permutation_test((difference,), lambda v, axis: v.sum(axis=axis), permutation_type="samples", vectorized=True,
                                                n_resamples=20000, rng=numpy.random.default_rng(1)).pvalue
                self.assertLess(abs(after["p_value"] - theirs), 5 * math.sqrt(0.25 / 20000))
            true = stats.logistic.cdf(math.log(rate / (1 - rate)) + random.normal(0, 0.8, 20000)).mean()
            held += after["ci95"][0] <= true <= after["ci95"][1]
        self.assertGreaterEqual(held, 17)


class LmEvalParity(ParityTest):
    PACKAGES = ["lm_eval", "pytablewriter"]

    def test_its_readers_read_what_is_written(self):
        from lm_eval.utils import get_file_datetime, get_file_task_name, get_results_filenames, get_sample_results_filenames, make_table

        write_jsonl(self.folder / "completions.jsonl", [{"prompt": f"Prompt {i}", "completion": f"Answer {i}.", "language": "en"} for i in range(6)])
        xlt("eval", "--completions", self.folder / "completions.jsonl", "--output", self.folder / "out", "--num-samples", 1, "--format", "lm-eval")
        files = [str(path) for path in (self.folder / "out").rglob("*.json*")]
        [results], [samples] = get_results_filenames(files), get_sample_results_filenames(files)
        name = samples.rsplit("/", 1)[1]
        self.assertEqual(get_file_task_name(name), "completions_en")
        self.assertEqual(get_file_datetime(name) + ".json", get_file_datetime(results))
        with open(results, encoding="utf-8") as file:
            written = json.load(file)
        with open(samples, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        self.assertEqual({row["doc_id"] for row in rows}, set(range(6)))
        # Documents are in the order of their hashes; an answer stands beside its prompt.
        self.assertEqual({row["arguments"]["gen_args_0"]["arg_0"]: row["resps"] for row in rows}, {f"Prompt {i}": [[f"Answer {i}."]] for i in range(6)})
        table = make_table(written)
        self.assertIn("completions_en", table)
        for metric in (key for key in written["results"]["completions_en"] if "," in key and "_stderr" not in key):
            self.assertIn(metric.split(",")[0], table)


if __name__ == "__main__":
    unittest.main()
