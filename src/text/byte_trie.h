// SPDX-License-Identifier: Apache-2.0
// Which of many strings a text begins with.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace xlt {

class ByteTrie {
 public:
  // `value` ≥ 0. Of a string that is inserted twice the last value counts; an empty one is left out.
  void insert(std::string_view text, int32_t value);
  // Calls `use(length, value)` for each inserted string that `text` begins with, shortest first.
  template <typename Use>
  void for_each_prefix(std::string_view text, const Use& use) const {
    int32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node < 0) return;
      if (values_[node] >= 0) use(i + 1, values_[node]);
    }
  }

 private:
  // An edge: the node it leaves and its byte, as one number; open addressing, at most half full.
  struct Edge {
    uint64_t key = kFree;
    int32_t node = -1;
  };
  static constexpr uint64_t kFree = ~uint64_t{0};
  static uint64_t key_of(int32_t node, unsigned char byte) { return static_cast<uint64_t>(node) << 8 | byte; }
  size_t slot_of(uint64_t key) const;
  int32_t child(int32_t node, unsigned char byte) const {
    return edges_.empty() ? -1 : edges_[slot_of(key_of(node, byte))].node;
  }
  void grow();

  std::vector<Edge> edges_;             // a power of two
  std::vector<int32_t> values_ = {-1};  // by node; −1: no string ends here. Node 0 is the root
};

}  // namespace xlt
