// SPDX-License-Identifier: Apache-2.0
// From features to a head: which rows are held out, which layer, which penalty, which temperature. Numbers
// alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "xlt/base/context.h"
#include "xlt/dataset/labelled_text.h"
#include "xlt/lm/probe.h"

namespace xlt {

// Whether each row is held out. Rows of one id (translations of each other) and equal texts are one group, on
// one side together: else a head would be tested on what it was trained on, in another language. Of every
// language and class `share` of the groups, one at least and not all where there are two or more; those whose
// hash with `seed` is smallest, so that order does not matter. Where languages share some groups only, the
// smallest is served first, and a larger makes up its share from what it does not share, or stays below it.
std::vector<bool> hold_out(const std::vector<LabelledText>& rows, double share, uint64_t seed);

// The mean hidden states of all rows in one layer.
struct LayerFeatures {
  int64_t layer;
  std::vector<float> values;  // [rows][width]
};

struct LayerTrial {
  int64_t layer;
  double l2, log_loss;  // the best penalty, and its loss on the rows held out, before calibration
};
struct ProbeFit {
  ProbeHead head;
  double l2 = 0;
  std::vector<LayerTrial> trials;  // by layer
  bool converged = true;           // of the head that was chosen
};
// Features are standardised by the training rows; the head has that folded in. Each layer's penalties run
// from strong to weak until the loss on the rows held out no longer falls.
ProbeFit fit_probe(const std::vector<LayerFeatures>& layers, const std::vector<double>& targets,
                   const std::vector<bool>& held_out, const Context& context);

}  // namespace xlt
