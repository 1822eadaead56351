# SPDX-License-Identifier: Apache-2.0
"""Statistics are those of scipy, statsmodels and krippendorff, on random tables."""
import json
import math
import os
import random
import unittest

from support import ROOT, ParityTest, run

TABLES = 120


class StatsParity(ParityTest):
    PACKAGES = ["numpy", "scipy", "statsmodels", "krippendorff"]

    def setUp(self):
        super().setUp()
        self.random = random.Random(5)
        self.cases, self.expected = [], []

    def ask(self, what, expected, **question):
        self.cases.append({"what": what, **question})
        self.expected.append(expected)

    def answers(self):
        """What stats_test answers to the cases (tests/stats/oracle_test.cpp)."""
        (self.folder / "cases.json").write_text(json.dumps(self.cases))
        output = run([ROOT / "build" / "release" / "stats_test", "--gtest_filter=Stats.AnswersAnOracle"],
                     env={**os.environ, "XLT_STATS_ORACLE": str(self.folder)})
        self.assertIn("[  PASSED  ] 1 test", output)
        self.assertNotIn("SKIPPED", output)
        return json.loads((self.folder / "answers.json").read_text())

    def check(self, tolerance=1e-8):
        largest = 0.0
        for case, expected, answer in zip(self.cases, self.expected, self.answers(), strict=True):
            if expected is None or answer is None:
                self.assertEqual(expected, answer, case)
                continue
            pairs = zip(expected, answer, strict=True) if isinstance(expected, list) else [(expected, answer)]
            for theirs, ours in pairs:
                self.assertFalse(math.isnan(theirs), case)
                largest = max(largest, abs(theirs - ours) / max(1.0, abs(theirs)))
                self.assertLess(abs(theirs - ours), tolerance * max(1.0, abs(theirs)), case)
        print(f"{self.id().split('.')[-1]}: {len(self.cases)} cases, largest difference {largest:.1e}")

    def values(self, count, ties=False):
        draw = (lambda: float(self.random.randrange(5))) if ties else (lambda: self.random.gauss(0, 1))
        return [draw() for _ in range(count)]

    def test_distributions(self):
        from scipy import stats

        for _ in range(TABLES):
            a, b, x, p = (math.exp(self.random.uniform(-2, 6)), math.exp(self.random.uniform(-2, 6)), self.random.random(),
                          self.random.uniform(1e-6, 1 - 1e-6))
            self.ask("beta_cdf", float(stats.beta.cdf(x, a, b)), x=x, a=a, b=b)
            self.ask("beta_quantile", float(stats.beta.ppf(p, a, b)), p=p, a=a, b=b)
            self.ask("t_two_sided", float(2 * stats.t.sf(abs(4 * x), a)), t=4 * x, df=a)
            self.ask("t_quantile", float(stats.t.ppf(p, 1 + a)), p=p, df=1 + a)
            self.ask("normal_quantile", float(stats.norm.ppf(p)), p=p)
        self.check()

    def test_intervals_of_shares(self):
        from scipy import stats
        from statsmodels.stats.proportion import proportion_confint

        for _ in range(TABLES):
            trials = self.random.randrange(2, 2000)
            successes = self.random.randrange(1, trials)
            theirs = proportion_confint(successes, trials, 0.05, "jeffreys")
            self.ask("share_interval", [float(end) for end in theirs], successes=successes, trials=trials)
        for trials in (2, 50, 1000):  # where there is no success or no failure: Clopper and Pearson
            for successes in (0, trials):
                theirs = stats.binomtest(successes, trials).proportion_ci(method="exact")
                self.ask("share_interval", [theirs.low, theirs.high], successes=successes, trials=trials)
        self.check()

    def test_multiplicity(self):
        from statsmodels.stats.multitest import multipletests

        for _ in range(TABLES):
            p = [round(self.random.random() ** 3, self.random.choice((2, 9))) for _ in range(self.random.randrange(1, 200))]
            self.ask("holm", [float(q) for q in multipletests(p, method="holm")[1]], p=p)
            self.ask("benjamini_hochberg", [float(q) for q in multipletests(p, method="fdr_bh")[1]], p=p)
        self.check()

    def test_correlations(self):
        import numpy
        from scipy import stats

        for table in range(TABLES):
            n, ties = self.random.randrange(5, 60), table % 3 == 0
            x, y, z, w = (self.values(n, ties) for _ in range(4))
            y = [b + a for a, b in zip(x, y)]
            for rank in (False, True):
                theirs = (stats.spearmanr if rank else stats.pearsonr)(x, y)
                self.ask("correlation", [float(theirs.statistic), float(theirs.pvalue)], x=x, y=y, rank=rank)
                a, b, c, d = (numpy.array(stats.rankdata(v) if rank else v) for v in (x, y, z, w))
                given = numpy.stack([numpy.ones(n), c, d], 1)
                rest = [v - given @ numpy.linalg.lstsq(given, v, rcond=None)[0] for v in (a, b)]
                r = float(numpy.corrcoef(*rest)[0, 1])
                if n > 8:  # with fewer, ties may explain a side fully
                    p = float(2 * stats.t.sf(abs(r) * math.sqrt((n - 4) / (1 - r * r)), n - 4))
                    self.ask("partial_correlation", [r, p], x=x, y=y, given=[z, w], rank=rank)
            self.ask("ranks", [float(r) for r in stats.rankdata(x)], x=x)
        self.check()

    def test_partial_correlations_are_pingouins(self):
        try:
            import pandas
            import pingouin
        except ImportError:
            self.skipTest("no pingouin (pip install pingouin)")

        for table in range(TABLES):
            n, ties = self.random.randrange(9, 60), table % 3 == 0
            x, y, z, w = (self.values(n, ties) for _ in range(4))
            data = pandas.DataFrame({"x": x, "y": [a + b for a, b in zip(x, y)], "z": z, "w": w})
            for rank in (False, True):
                theirs = pingouin.partial_corr(data, "x", "y", ["z", "w"], method="spearman" if rank else "pearson").iloc[0]
                p = theirs["p_val" if "p_val" in theirs else "p-val"]
                self.ask("partial_correlation", [float(theirs["r"]), float(p)], x=x, y=list(data["y"]), given=[z, w], rank=rank)
        self.check()

    def test_agreement(self):
        import krippendorff
        import numpy
        from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

        for _ in range(TABLES):
            units, raters = self.random.randrange(4, 40), self.random.randrange(2, 5)
            truth = [self.random.randrange(1, 5) for _ in range(units)]
            ratings = [[float(t if self.random.random() < 0.6 else self.random.randrange(1, 5)) for _ in range(raters)] for t in truth]
            ratings[0][:2], ratings[1][:2] = [1.0, 1.0], [2.0, 2.0]  # not all equal
            holes = [[r if u < 2 or self.random.random() < 0.8 else None for r in row] for u, row in enumerate(ratings)]
            data = numpy.array([[numpy.nan if r is None else r for r in row] for row in holes]).T
            for level, name in enumerate(("nominal", "ordinal", "interval", "ratio")):
                self.ask("krippendorff", float(krippendorff.alpha(data, level_of_measurement=name)), ratings=holes, level=level)
            a, b = [row[0] for row in ratings], [row[1] for row in ratings]
            table = [[sum(1 for x, y in zip(a, b) if (x, y) == (i, j)) for j in range(1, 5)] for i in range(1, 5)]
            self.ask("cohen", float(cohens_kappa(numpy.array(table)).kappa), a=a, b=b)
            counts = [[row.count(float(c)) for c in range(1, 5)] for row in ratings]
            self.ask("fleiss", float(fleiss_kappa(numpy.array(counts))), counts=counts)
        self.check()

    def test_means_clustered_by_item_and_rater(self):
        """statsmodels' sandwich of a regression on nothing but a constant, one way and by both."""
        import numpy
        from statsmodels.regression.linear_model import OLS
        from statsmodels.stats.sandwich_covariance import cov_cluster, cov_cluster_2groups

        for _ in range(TABLES):
            items, raters = self.random.randrange(3, 30), self.random.randrange(2, 6)
            rows = [(i, r) for i in range(items) for r in range(raters) if r == i % raters or self.random.random() < 0.7]
            values = [self.random.choice((0.0, 0.5, 1.0)) + 0.1 * r + self.random.random() for i, r in rows]
            fit, by = OLS(numpy.array(values), numpy.ones(len(rows))).fit(), numpy.array(rows)
            pair = cov_cluster(fit, numpy.arange(len(rows)))
            both, item, rater = cov_cluster_2groups(fit, by[:, 0], by[:, 1])
            self.assertAlmostEqual(float(both.item()), float((item + rater - pair).item()), places=12)
            self.ask("clustered_mean", [float(fit.params[0])] + [math.sqrt(v.item()) for v in (item, rater, pair)],
                     values=values, items=by[:, 0].tolist(), raters=by[:, 1].tolist())
        self.check()

    def test_classification(self):
        """DeLong's variance by its definition, over all pairs; the area by scipy's Mann-Whitney U."""
        import numpy
        from scipy import stats

        for table in range(TABLES):
            labels = [True, False, True, False] + [self.random.random() < 0.4 for _ in range(self.random.randrange(80))]
            scores = [min(1, max(0, self.random.gauss(0.45 + 0.2 * label, 0.25))) for label in labels]
            if table % 3 == 0:
                scores = [round(score, 1) for score in scores]
            scores[0] = 0.7  # or F1 may be undefined
            x, y = numpy.array(scores), numpy.array(labels)
            pairs = (x[y][:, None] > x[~y][None]) + 0.5 * (x[y][:, None] == x[~y][None])
            area = stats.mannwhitneyu(x[y], x[~y]).statistic / (y.sum() * (~y).sum())
            error = math.sqrt(pairs.mean(1).var(ddof=1) / y.sum() + pairs.mean(0).var(ddof=1) / (~y).sum())
            found, bins = x >= 0.5, numpy.minimum((x * 10).astype(int), 9)
            gaps = [(bins == b).mean() * abs(x[bins == b].mean() - y[bins == b].mean()) for b in range(10) if (bins == b).any()]
            f1 = 2 * (found & y).sum() / (found.sum() + y.sum())
            self.ask("classification", [float(v) for v in (area, error, (found == y).mean(), f1, ((x - y) ** 2).mean(), sum(gaps))],
                     scores=scores, labels=labels)
        self.check()

    def test_logistic_regression(self):
        """The same minimum as scipy finds by Newton's method, targets graded and not."""
        import numpy
        from scipy import optimize, special

        def loss(w, x, y, l2):
            z = x @ w
            return (numpy.logaddexp(0, z) - y * z).mean() + l2 / 2 * (w[:-1] ** 2).sum()

        def slope(w, x, y, l2):
            return x.T @ (special.expit(x @ w) - y) / len(y) + l2 * numpy.append(w[:-1], 0)

        def curvature(w, x, y, l2):
            p = special.expit(x @ w)
            return (x.T * (p * (1 - p))) @ x / len(y) + l2 * numpy.diag(numpy.append(numpy.ones(len(w) - 1), 0))

        random = numpy.random.default_rng(2)
        for table in range(40):
            rows, width, l2 = int(random.integers(5, 120)), int(random.integers(1, 30)), float(10 ** random.uniform(-3, 1))
            x = random.normal(size=(rows, width)) * random.uniform(0.2, 3, size=width)
            y = special.expit(x[:, 0] + random.normal(size=rows)) if table % 3 == 0 else (x[:, 0] + random.normal(size=rows) > 0) * 1.0
            y[:2] = 1, 0
            ones = numpy.column_stack([x, numpy.ones(rows)])
            best = optimize.minimize(loss, numpy.zeros(width + 1), (ones, y, l2), "trust-exact", slope, curvature, options={"gtol": 1e-11})
            self.ask("logistic", best.x.tolist(), features=x.ravel().tolist(), targets=y.tolist(), width=width, l2=l2)
            logits = ones @ best.x * random.uniform(0.5, 3)
            scale = optimize.minimize_scalar(lambda t: (numpy.logaddexp(0, logits / t) - y * logits / t).mean(), bounds=(0.05, 20),
                                             method="bounded", options={"xatol": 1e-10})
            self.ask("temperature", float(scale.x), x=logits.tolist(), y=y.tolist())
        self.check(tolerance=1e-5)

    def sign_flips(self, x, draws):
        """scipy's two-sided test of the sum under changes of sign."""
        import numpy
        from scipy import stats

        result = stats.permutation_test((numpy.array(x),), lambda v, axis: v.sum(axis=axis), permutation_type="samples", vectorized=True,
                                        n_resamples=draws, rng=numpy.random.default_rng(1))
        return float(result.pvalue)

    def test_sign_flips_of_few_items_are_exact(self):
        for table in range(TABLES):
            x = self.values(self.random.randrange(2, 14), ties=table % 2 == 0)
            x = [v - 2 if table % 2 == 0 else v for v in x]
            self.ask("sign_flip", [self.sign_flips(x, float("inf")), True], x=x, draws=1)
        self.check()

    def test_sign_flips_of_ones_are_mcnemars_exact_test(self):
        from scipy import stats
        from statsmodels.stats.contingency_tables import mcnemar

        for _ in range(TABLES):
            up, down = self.random.randrange(60), self.random.randrange(1, 60)
            theirs = float(mcnemar([[5, up], [down, 5]], exact=True).pvalue)
            self.assertAlmostEqual(theirs, float(stats.binomtest(up, up + down).pvalue), places=9)
            self.ask("sign_flip", [theirs, True], x=[1.0] * up + [-1.0] * down + [0.0] * 7, draws=1)
        self.check()

    def test_sign_flips_of_many_items_are_within_monte_carlo_error(self):
        draws = 20000
        for _ in range(20):
            x = [v + 0.2 for v in self.values(60)]
            self.ask("sign_flip", self.sign_flips(x, draws), x=x, draws=draws)
        for theirs, (ours, is_exact) in zip(self.expected, self.answers(), strict=True):
            self.assertFalse(is_exact)
            self.assertLess(abs(theirs - ours), 5 * math.sqrt(2 * 0.25 / draws))


if __name__ == "__main__":
    unittest.main()
