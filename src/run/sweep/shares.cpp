// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/shares.h"

#include <algorithm>

#include "xlt/run/train_run.h"

namespace xlt {

namespace {

void read_own(const VisitFunction& visit, const Json& resolved, const std::string& command) {
  Json own = Json::object();
  for (const OptionDescription& option : describe_options(visit))
    if (resolved.contains(option.name)) own[option.name] = resolved.at(option.name);
  read_options(visit, own, command);
}

}  // namespace

EvalOptions eval_options(const Json& resolved) {
  EvalOptions options;
  read_own(visit_of(options), resolved, "eval");
  options.output = "output";  // each cell has its own
  return options;
}

TrainRunOptions train_options(const Json& resolved) {
  TrainRunOptions options;
  for (const VisitFunction& visit :
       {visit_of(options), visit_of(options.adapter), visit_of(options.fields), visit_of(options.watch),
        visit_of(options.trainer), visit_of(options.trainer.method_options)})
    read_own(visit, resolved, "train");
  return options;
}

std::vector<Share> shares_of(const std::vector<PlannedCell>& cells, const Json& given, EvalSplit split,
                             bool all_benchmarks, const std::string& whole) {
  std::vector<Share> shares;
  for (const PlannedCell& cell : cells) {
    const std::string part = split == EvalSplit::kNone        ? whole
                             : split == EvalSplit::kBenchmark ? cell.benchmark
                                                              : cell.benchmark + "/" + cell.language;
    auto found =
        std::find_if(shares.begin(), shares.end(), [&](const Share& one) { return one.part == part; });
    if (found == shares.end()) found = shares.insert(shares.end(), Share{part, Json::object(), {}});
    found->cells.push_back(cell);
  }
  for (Share& share : shares) {
    std::vector<std::string> requests;
    for (const PlannedCell& cell : share.cells)
      if (std::find(requests.begin(), requests.end(), cell.request) == requests.end())
        requests.push_back(cell.request);
    if (split != EvalSplit::kNone || !all_benchmarks) share.options["benchmarks"] = requests;
    if (split == EvalSplit::kLanguage)
      share.options["langs"] = Json::array({share.cells[0].language});
    else if (given.contains("langs"))
      share.options["langs"] = given.at("langs");
  }
  return shares;
}

}  // namespace xlt
