// SPDX-License-Identifier: Apache-2.0
// What decides a cell's numbers, except the model: written beside the cell, held against a baseline's, and
// hashed into the name under which finished work is kept.
#pragma once

#include "eval/plan.h"

#include <map>

#include "xlt/base/json_fwd.h"

namespace xlt {

class CellSettings {
 public:
  CellSettings(const EvalOptions& options, const EvalServices& services)
      : options_(options), services_(services) {}
  // Flat, by the options' own names: {"benchmark_version", "data": {file: sha256}, "limit", … "scorer_hash"?,
  // "lid_hash"?}. --at-k is not there: it adds metrics and changes none.
  Json of(const CellPlan& plan, const TextScorer* scorer);
  // Of everything that determines the items: the settings under all scorers, and the model.
  std::string items_key(const CellPlan& plan);
  // Of what determines sampled completions alone, whoever judges them.
  std::string completions_key(const CellPlan& plan);

 private:
  Json shared_of(const CellPlan& plan);
  std::string hash_of(const std::filesystem::path& file);
  const EvalOptions& options_;
  const EvalServices& services_;
  std::map<std::filesystem::path, std::string> hashes_;  // each file is read once
};

}  // namespace xlt
