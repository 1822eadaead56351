// SPDX-License-Identifier: Apache-2.0
// What each factor of a designed experiment does, all others being equal: least squares in every block, and a
// t-interval over blocks.
//
//   FactorialPlan plan{.factors = {{"share", 0.02, 0.2}, {"vocabulary", 0.05, 1}}, .terms = {…}, .contrasts = {…}};
//   Json effects = factorial_effects(plan, blocks);      // {"contrasts": [{"name", "estimate", "ci95", …}]}
//
// A block (a world: one pretrained model with its languages) gives each unit (a language) a value. Within a
// block the value is a constant plus Σ coefficient · term; a factor is −½ at its low and +½ at its high
// level, so that its coefficient is high minus low; "a:b" is their product, the difference of two such
// differences. Units of one block share a model, so that they are no replicates of each other: blocks are
// (the summary measures of Matthews et al. 1990), n blocks give n − 1 degrees of freedom, and what differs
// between blocks drops out.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

struct Factor {
  std::string name;
  double low = 0, high = 1;
};

struct Contrast {
  std::string name;
  std::map<std::string, double> weights;  // term → weight
};

struct FactorialPlan {
  std::vector<Factor> factors;
  std::map<std::string, double> where;  // units take part that are at these levels of other factors
  std::vector<std::string> terms;       // "a", "a:b"; empty: the factors
  std::vector<Contrast> contrasts;      // empty: one a term
  double alpha = 0.05;  // of what is called an effect, after Holm's correction over the contrasts

  std::vector<std::string> all_terms() const;
  std::vector<Contrast> all_contrasts() const;
};
// Throws kConfig for a term or contrast of what is not there, and levels that are equal.
void check_plan(const FactorialPlan& plan, const std::string& where);

struct FactorialUnit {
  std::string name;
  std::map<std::string, double> factors;  // by name, others too
  std::optional<double> value;
};
struct FactorialBlock {
  std::string name;
  std::vector<FactorialUnit> units;
};

// {"contrasts": [{"name", "weights", "estimate", "ci95", "p_value", "p_holm", "n_blocks", "n_same_sign",
// "by_block": {block: x}, "is_effect"}], "left_out": {block: reason}, "n_units", "alpha", "correction"}.
// Units at another level of any factor or of `where`, or without a value, take no part. With one block there
// is an estimate and no interval; with none, null.
Json factorial_effects(const FactorialPlan& plan, const std::vector<FactorialBlock>& blocks);

}  // namespace xlt
