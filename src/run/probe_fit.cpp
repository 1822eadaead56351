// SPDX-License-Identifier: Apache-2.0
#include "run/probe_fit.h"

#include <algorithm>
#include <cmath>
#include <map>
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

}  // namespace

std::vector<bool> hold_out(const std::vector<LabelledText>& rows, double share, uint64_t seed) {
  const Rng rng = Rng(seed).fork("probe held out");
  using Place = std::pair<uint64_t, std::string>;
  std::map<std::string, std::set<Place>> strata;  // language and class → texts in order of their hashes
  std::set<std::string> seen;
  for (const LabelledText& row : rows)
    if (seen.insert(row.text).second)
      strata[str_cat(row.language, row.is_positive() ? "+" : "-")].emplace(rng.fork(row.text).key(),
                                                                           row.text);
  std::set<std::string> held;
  for (const auto& [stratum, texts] : strata) {
    if (texts.size() < 2) continue;
    const auto most = static_cast<int64_t>(texts.size()) - 1;
    int64_t left = std::clamp(std::llround(share * static_cast<double>(texts.size())), 1LL,
                              static_cast<long long>(most));
    for (auto text = texts.begin(); left > 0; ++text, --left) held.insert(text->second);
  }
  std::vector<bool> result;
  for (const LabelledText& row : rows) result.push_back(held.contains(row.text));
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
