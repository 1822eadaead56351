// SPDX-License-Identifier: Apache-2.0
// What a description may say `kind` is. One file here and one row of kinds.def each.
#pragma once

#include "eval/item_rows.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/registry.h"
#include "xlt/eval/benchmark.h"
#include "xlt/eval/description.h"

namespace xlt {

struct DescribedField {
  const char* name;
  bool is_required;
};

class DescribedKind {
 public:
  virtual ~DescribedKind() = default;
  virtual const char* about() const = 0;
  // `id` and `group` need not be named: every kind has them.
  virtual std::vector<DescribedField> fields() const = 0;
  virtual BenchmarkUses uses() const { return {}; }
  // In the order of `rows`, ids included.
  virtual std::vector<ScoredItem> score(const BenchmarkDescription& description,
                                        const std::vector<ItemRow>& rows, const CellInput& input) const = 0;
  // The kind's metrics, its headline marked. Whether `metric` may be any name, or must be one of these.
  virtual std::vector<MetricSpec> metrics(const BenchmarkDescription& description, Scoring scoring,
                                          const EvalOptions& options) const = 0;
  virtual bool names_its_metric() const { return false; }
};

#define X(name) std::unique_ptr<DescribedKind> make_##name##_kind();
#include "eval/described/kinds.def"
#undef X

std::span<const Entry<DescribedKind>> described_kinds();

}  // namespace xlt
