// SPDX-License-Identifier: Apache-2.0
#include "run/probe_fit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "xlt/base/error.h"
#include "xlt/base/rng.h"
#include "xlt/stats/logistic.h"

namespace xlt {

namespace {

using Values = std::vector<double>;

constexpr double kStrongest = 10, kWeakest = 1e-4, kStep = 0.31622776601683794;  // two penalties a decade

// How a layer's features become comparable: (value − mean) / sd, of the training rows.
struct Scaling {
  Values mean, factor;  // factor: 1 / sd; 0 where a feature never changes
};

Scaling scaling_of(const LayerFeatures& layer, size_t width, const std::vector<bool>& held_out) {
  Scaling scaling{Values(width), Values(width)};
  const auto each_training_row = [&](const auto& visit) {
    for (size_t row = 0; row < held_out.size(); ++row)
      if (!held_out[row]) visit(layer.values.data() + row * width);
  };
  const auto count = static_cast<double>(std::count(held_out.begin(), held_out.end(), false));
  each_training_row([&](const float* row) {
    for (size_t i = 0; i < width; ++i) scaling.mean[i] += row[i] / count;
  });
  each_training_row([&](const float* row) {
    for (size_t i = 0; i < width; ++i) scaling.factor[i] += std::pow(row[i] - scaling.mean[i], 2) / count;
  });
  for (double& value : scaling.factor) value = value > 0 ? 1 / std::sqrt(value) : 0;
  return scaling;
}

struct Side {
  Values features, targets;
};

Side side_of(const LayerFeatures& layer, const Scaling& scaling, const Values& targets,
             const std::vector<bool>& held_out, bool which) {
  const size_t width = scaling.mean.size();
  Side side;
  for (size_t row = 0; row < targets.size(); ++row) {
    if (held_out[row] != which) continue;
    side.targets.push_back(targets[row]);
    for (size_t i = 0; i < width; ++i)
      side.features.push_back((layer.values[row * width + i] - scaling.mean[i]) * scaling.factor[i]);
  }
  return side;
}

struct Candidate {
  LogisticFit fit;
  double l2 = 0, loss = INFINITY;
  Values logits;  // of the rows held out
};

Candidate best_penalty(const Side& training, const Side& held_out) {
  const auto width = static_cast<int64_t>(training.features.size() / training.targets.size());
  Candidate best, last;
  for (double l2 = kStrongest; l2 > kWeakest * 0.99; l2 *= kStep) {
    Candidate next{fit_logistic({training.features, width, training.targets, l2},
                                last.fit.weights.empty() ? nullptr : &last.fit),
                   l2};
    next.logits = logits_of(next.fit, held_out.features);
    next.loss = log_loss(next.logits, held_out.targets);
    if (next.loss < best.loss) best = next;
    // The loss has one valley along the path but for wiggles: two steps uphill end it.
    if (next.loss > last.loss && last.loss > best.loss) break;
    last = std::move(next);
  }
  return best;
}

// Targets a little inside 0 … 1, by as much as so many rows leave open (Platt 1999): without, rows that are
// told apart without a fault would call for certainty.
Values cautious(Values targets) {
  const auto count = static_cast<double>(targets.size());
  double positives = 0;
  for (const double target : targets) positives += target;
  const double high = (positives + 1) / (positives + 2), low = 1 / (count - positives + 2);
  for (double& target : targets) target = target * high + (1 - target) * low;
  return targets;
}

// w · (x − mean) · factor + b, as weights of x itself.
ProbeHead folded(const LogisticFit& fit, const Scaling& scaling, int64_t layer) {
  ProbeHead head{.layer = layer, .weights = fit.weights, .intercept = fit.intercept};
  for (size_t i = 0; i < head.weights.size(); ++i) {
    head.weights[i] *= scaling.factor[i];
    head.intercept -= head.weights[i] * scaling.mean[i];
  }
  return head;
}

// The name of each row's group: of the ids of its rows, and the texts of those without, the smallest.
std::vector<std::string> groups_of(const std::vector<LabelledText>& rows) {
  std::vector<size_t> parent(rows.size());
  std::iota(parent.begin(), parent.end(), size_t{0});
  const auto root = [&](size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  std::map<std::string, size_t> first_of_id, first_of_text;
  for (size_t i = 0; i < rows.size(); ++i) {
    parent[root(i)] = root(first_of_text.emplace(rows[i].text, i).first->second);
    if (!rows[i].id.empty()) parent[root(i)] = root(first_of_id.emplace(rows[i].id, i).first->second);
  }
  std::map<size_t, std::string> names;
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string& own = rows[i].id.empty() ? rows[i].text : rows[i].id;
    std::string& name = names.emplace(root(i), own).first->second;
    if (own < name) name = own;
  }
  std::vector<std::string> groups;
  for (size_t i = 0; i < rows.size(); ++i) groups.push_back(names.at(root(i)));
  return groups;
}

// Rows of one language and class.
struct Stratum {
  std::set<std::pair<uint64_t, std::string>> groups;  // in order of their hashes
  int64_t num_wanted = 0, num_held = 0;
  bool is_served() const { return num_held >= num_wanted; }
};
bool is_served(const Stratum* stratum) { return stratum->is_served(); }
bool is_last_left(const Stratum* stratum) {
  return stratum->num_held + 1 >= static_cast<int64_t>(stratum->groups.size());
}

int64_t num_wanted(double share, size_t num_groups) {
  if (num_groups < 2) return 0;
  const auto most = static_cast<int64_t>(num_groups) - 1;
  return std::clamp<int64_t>(std::llround(share * static_cast<double>(num_groups)), 1, most);
}

}  // namespace

std::vector<bool> hold_out(const std::vector<LabelledText>& rows, double share, uint64_t seed) {
  const Rng rng = Rng(seed).fork("probe held out");
  const auto groups = groups_of(rows);
  std::map<std::string, Stratum> strata;  // by language and class
  for (size_t i = 0; i < rows.size(); ++i)
    strata[str_cat(rows[i].language, rows[i].is_positive() ? "+" : "-")].groups.emplace(
        rng.fork(groups[i]).key(), groups[i]);
  std::vector<Stratum*> smallest_first;
  std::map<std::string, std::vector<Stratum*>> strata_of;
  for (auto& [name, stratum] : strata) {
    stratum.num_wanted = num_wanted(share, stratum.groups.size());
    smallest_first.push_back(&stratum);
    for (const auto& [hash, group] : stratum.groups) strata_of[group].push_back(&stratum);
  }
  std::stable_sort(smallest_first.begin(), smallest_first.end(),
                   [](const Stratum* a, const Stratum* b) { return a->groups.size() < b->groups.size(); });
  std::set<std::string> held;
  for (const Stratum* stratum : smallest_first)
    for (const auto& [hash, group] : stratum->groups) {
      if (stratum->is_served()) break;
      const auto& touched = strata_of[group];
      const bool is_taken = held.contains(group) || std::any_of(touched.begin(), touched.end(), is_last_left);
      if (is_taken || (stratum->num_held > 0 && std::any_of(touched.begin(), touched.end(), is_served)))
        continue;
      held.insert(group);
      for (Stratum* one : touched) ++one->num_held;
    }
  std::vector<bool> result;
  for (const std::string& group : groups) result.push_back(held.contains(group));
  return result;
}

ProbeFit fit_probe(const std::vector<LayerFeatures>& layers, const std::vector<double>& targets,
                   const std::vector<bool>& held_out, const Context& context) {
  XLT_CHECK(!layers.empty() && targets.size() == held_out.size(), layers.size(), " layers");
  ProbeFit result;
  double lowest = INFINITY;
  Progress progress = context.progress("fitting", static_cast<int64_t>(layers.size()), "layers");
  for (const LayerFeatures& layer : layers) {
    context.throw_if_interrupted();
    const Scaling scaling = scaling_of(layer, layer.values.size() / targets.size(), held_out);
    const Side tested = side_of(layer, scaling, targets, held_out, true);
    const Candidate best = best_penalty(side_of(layer, scaling, targets, held_out, false), tested);
    result.trials.push_back({layer.layer, best.l2, best.loss});
    progress.advance(1);
    if (best.loss >= lowest) continue;
    lowest = best.loss;
    result.head = folded(best.fit, scaling, layer.layer);
    result.head.temperature = fit_temperature(best.logits, cautious(tested.targets));
    result.l2 = best.l2;
    result.converged = best.fit.converged;
  }
  return result;
}

}  // namespace xlt
