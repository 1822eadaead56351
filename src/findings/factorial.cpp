// SPDX-License-Identifier: Apache-2.0
#include "xlt/findings/factorial.h"

#include "findings/p_values.h"

#include <algorithm>
#include <cmath>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/base/split.h"
#include "xlt/stats/descriptive.h"
#include "xlt/stats/distribution.h"
#include "xlt/stats/multiplicity.h"

namespace xlt {

namespace {

// −½, +½, or nothing at another level.
std::optional<double> coded(const Factor& factor, const FactorialUnit& unit) {
  const auto found = unit.factors.find(factor.name);
  if (found == unit.factors.end()) return std::nullopt;
  if (found->second == factor.low) return -0.5;
  if (found->second == factor.high) return 0.5;
  return std::nullopt;
}

// The constant and the terms of a unit; nothing where it takes no part.
std::optional<std::vector<double>> row_of(const FactorialPlan& plan, const FactorialUnit& unit) {
  if (!unit.value) return std::nullopt;
  for (const auto& [name, level] : plan.where) {
    const auto found = unit.factors.find(name);
    if (found == unit.factors.end() || found->second != level) return std::nullopt;
  }
  std::map<std::string, double> codes;
  for (const Factor& factor : plan.factors) {
    const auto code = coded(factor, unit);
    if (!code) return std::nullopt;
    codes[factor.name] = *code;
  }
  std::vector<double> row{1};
  for (const std::string& term : plan.all_terms()) {
    double product = 1;
    for (const std::string& part : split(term, ':')) product *= codes.at(part);
    row.push_back(product);
  }
  return row;
}

// Solves the normal equations by elimination with pivots; nothing where they have no single solution.
std::optional<std::vector<double>> least_squares(const std::vector<std::vector<double>>& rows,
                                                 const std::vector<double>& values) {
  const size_t n = rows[0].size();
  std::vector<std::vector<double>> a(n, std::vector<double>(n + 1, 0));
  for (size_t r = 0; r < rows.size(); ++r)
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) a[i][j] += rows[r][i] * rows[r][j];
      a[i][n] += rows[r][i] * values[r];
    }
  for (size_t i = 0; i < n; ++i) {
    const auto pivot = std::max_element(a.begin() + static_cast<int64_t>(i), a.end(),
                                        [&](auto& x, auto& y) { return std::abs(x[i]) < std::abs(y[i]); });
    std::swap(a[i], *pivot);
    if (std::abs(a[i][i]) < 1e-9) return std::nullopt;
    for (size_t k = 0; k < n; ++k) {
      if (k == i) continue;
      const double scale = a[k][i] / a[i][i];
      for (size_t j = i; j <= n; ++j) a[k][j] -= scale * a[i][j];
    }
  }
  std::vector<double> solution;
  for (size_t i = 0; i < n; ++i) solution.push_back(a[i][n] / a[i][i]);
  return solution;
}

// Coefficients by term of one block; nothing where its units cannot tell the terms apart.
std::optional<std::map<std::string, double>> coefficients_of(const FactorialPlan& plan,
                                                             const FactorialBlock& block,
                                                             int64_t& num_units) {
  std::vector<std::vector<double>> rows;
  std::vector<double> values;
  for (const FactorialUnit& unit : block.units)
    if (auto row = row_of(plan, unit)) {
      rows.push_back(std::move(*row));
      values.push_back(*unit.value);
    }
  const auto terms = plan.all_terms();
  if (rows.size() <= terms.size()) return std::nullopt;
  const auto solution = least_squares(rows, values);
  if (!solution) return std::nullopt;
  num_units += static_cast<int64_t>(rows.size());
  std::map<std::string, double> coefficients;
  for (size_t i = 0; i < terms.size(); ++i) coefficients[terms[i]] = (*solution)[i + 1];
  return coefficients;
}

Json contrast_row(const Contrast& contrast, const std::map<std::string, double>& by_block) {
  std::vector<double> values;
  for (const auto& [block, value] : by_block) values.push_back(value);
  Json row = {{"name", contrast.name},     {"weights", contrast.weights},
              {"estimate", Json()},        {"ci95", Json()},
              {"p_value", Json()},         {"p_holm", Json()},
              {"n_blocks", values.size()}, {"n_same_sign", Json()},
              {"by_block", by_block},      {"is_effect", Json()}};
  const auto mean = mean_of(values);
  if (!mean) return row;
  row["estimate"] = *mean;
  row["n_same_sign"] =
      std::count_if(values.begin(), values.end(), [&](double value) { return value * *mean > 0; });
  const auto sd = sd_of(values);
  if (!sd || *sd == 0) return row;  // of equal blocks nothing is known of the spread
  const auto n = static_cast<double>(values.size());
  const double error = *sd / std::sqrt(n), reach = t_quantile(0.975, n - 1) * error;
  row["ci95"] = {*mean - reach, *mean + reach};
  row["p_value"] = t_two_sided(*mean / error, n - 1);
  return row;
}

void correct(Json& rows, double alpha) {
  const PValues tests(rows);
  tests.write("p_holm", holm(tests.values()));
  for (Json& row : rows)
    if (row.at("p_holm").is_number()) row["is_effect"] = row.at("p_holm").get<double>() < alpha;
}

}  // namespace

std::vector<std::string> FactorialPlan::all_terms() const {
  if (!terms.empty()) return terms;
  std::vector<std::string> names;
  for (const Factor& factor : factors) names.push_back(factor.name);
  return names;
}

std::vector<Contrast> FactorialPlan::all_contrasts() const {
  if (!contrasts.empty()) return contrasts;
  std::vector<Contrast> own;
  for (const std::string& term : all_terms()) own.push_back({term, {{term, 1}}});
  return own;
}

void check_plan(const FactorialPlan& plan, const std::string& where) {
  std::vector<std::string> names;
  for (const Factor& factor : plan.factors) {
    names.push_back(factor.name);
    if (factor.low == factor.high)
      throw Error(ErrorKind::kConfig, "low and high of \"" + factor.name + "\" are equal",
                  where + ".factors");
  }
  const auto terms = plan.all_terms();
  for (const std::string& term : terms)
    for (const std::string& part : split(term, ':'))
      if (std::find(names.begin(), names.end(), part) == names.end())
        throw Error(ErrorKind::kConfig, unknown_name_message("factor", part, names), where + ".terms");
  for (const Contrast& contrast : plan.all_contrasts())
    for (const auto& [term, weight] : contrast.weights)
      if (std::find(terms.begin(), terms.end(), term) == terms.end())
        throw Error(ErrorKind::kConfig, unknown_name_message("term", term, terms), where + ".contrasts");
}

Json factorial_effects(const FactorialPlan& plan, const std::vector<FactorialBlock>& blocks) {
  std::map<std::string, std::map<std::string, double>> coefficients;  // block → term → coefficient
  Json left_out = Json::object();
  int64_t num_units = 0;
  for (const FactorialBlock& block : blocks) {
    if (auto own = coefficients_of(plan, block, num_units))
      coefficients[block.name] = std::move(*own);
    else
      left_out[block.name] = "its languages with a value cannot tell the terms apart";
  }
  Json rows = Json::array();
  for (const Contrast& contrast : plan.all_contrasts()) {
    std::map<std::string, double> by_block;
    for (const auto& [block, own] : coefficients) {
      double value = 0;
      for (const auto& [term, weight] : contrast.weights) value += weight * own.at(term);
      by_block[block] = value;
    }
    rows.push_back(contrast_row(contrast, by_block));
  }
  correct(rows, plan.alpha);
  return {{"contrasts", rows},   {"left_out", left_out}, {"n_units", num_units},
          {"alpha", plan.alpha}, {"correction", "holm"}, {"terms", plan.all_terms()}};
}

}  // namespace xlt
