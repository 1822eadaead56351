// SPDX-License-Identifier: Apache-2.0
// A mean over groups of the mean within each, as ratios of single items: an answer in a group of n weighs
// 1/n, so that Σ numerators / Σ denominators is the mean of the groups' means, and a report can be reduced,
// resampled and compared item by item.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "xlt/eval/metric.h"

namespace xlt {

class GroupMeans {
 public:
  // `num_kinds` 2: a group's value is the mean over its values of kind 0 plus that over kind 1; a group that
  // lacks one has none.
  explicit GroupMeans(size_t num_items, int num_kinds = 1) : num_items_(num_items), num_kinds_(num_kinds) {}
  void add(size_t item, const std::string& group, double value, int kind = 0);
  // Of each item; 0/0 where nothing of it counts.
  std::vector<Ratio> ratios() const;

 private:
  struct Value {
    size_t item;
    double value;
    int kind;
  };
  size_t num_items_;
  int num_kinds_;
  std::map<std::string, std::vector<Value>> groups_;
};

}  // namespace xlt
