// SPDX-License-Identifier: Apache-2.0
// Forests that attention by parts is tested on.
#pragma once

#include "ops/attention/flash_parts.h"

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "xlt/base/rng.h"

namespace xlt::ops {

struct Node {
  int64_t parent, length;  // parent −1: a root
};

// Segments in the order of `nodes`; keys of the i-th segment from slots[i] on, or where its queries are.
inline std::shared_ptr<AttentionPlan> forest(const std::vector<Node>& nodes,
                                             const std::vector<int64_t>& slots = {}) {
  auto plan = std::make_shared<AttentionPlan>();
  int64_t begin = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    std::vector<Span> spans;
    if (nodes[i].parent >= 0) spans = plan->segments[nodes[i].parent].spans;
    spans.push_back({slots.empty() ? begin : slots[i], nodes[i].length});
    plan->segments.push_back({begin, nodes[i].length, spans});
    begin += nodes[i].length;
  }
  plan->tree_begins = {0};
  return plan;
}

inline std::shared_ptr<AttentionPlan> random_forest(uint64_t seed) {
  Rng rng(seed);
  std::vector<Node> nodes;
  std::vector<int64_t> depth;
  for (int64_t i = 0; i < 12; ++i) {
    int64_t parent = i == 0 ? -1 : rng.below(i + 1) - 1;
    while (parent >= 0 && depth[parent] == kMostFlashLevels) parent = nodes[parent].parent;
    nodes.push_back({parent, 4 + rng.below(20)});
    depth.push_back(parent < 0 ? 0 : depth[parent] + 1);
  }
  return forest(nodes);
}

struct Forest {
  std::string name;
  std::shared_ptr<AttentionPlan> plan;
  int64_t num_keys;
};
inline std::ostream& operator<<(std::ostream& stream, const Forest& forest) { return stream << forest.name; }

inline int64_t num_queries(const AttentionPlan& plan) {
  return plan.segments.back().query_begin + plan.segments.back().query_length;
}

inline std::vector<Forest> forests() {
  std::vector<Forest> all = {
      {"texts", forest({{-1, 70}, {-1, 5}, {-1, 130}}), 0},
      {"branches", forest({{-1, 40}, {0, 9}, {0, 33}, {0, 1}}), 0},
      {"prompts", forest({{-1, 40}, {0, 9}, {0, 33}, {-1, 21}, {3, 4}, {3, 70}}), 0},
      {"levels", forest({{-1, 20}, {0, 30}, {1, 10}, {1, 12}, {0, 7}, {4, 8}, {-1, 6}, {6, 5}}), 0},
      {"interleaved", forest({{-1, 20}, {-1, 11}, {0, 9}, {1, 8}, {0, 7}, {1, 6}}), 0},
      // What a chunk of a prompt asks of a cache: keys apart from one another, some of them nobody's.
      {"slots", forest({{-1, 20}, {0, 9}, {-1, 8}, {0, 7}}, {50, 10, 30, 80}), 90},
  };
  // Queries whose ancestors are in the cache alone.
  auto cached = std::make_shared<AttentionPlan>();
  cached->segments = {{0, 12, {{5, 30}, {35, 0}, {40, 12}}}, {12, 6, {{5, 30}, {60, 6}}}};
  cached->tree_begins = {0};
  all.push_back({"cached", cached, 70});
  for (uint64_t seed = 1; seed <= 3; ++seed)
    all.push_back({"random_" + std::to_string(seed), random_forest(seed), 0});
  for (Forest& one : all)
    if (one.num_keys == 0) one.num_keys = num_queries(*one.plan);
  return all;
}

}  // namespace xlt::ops
