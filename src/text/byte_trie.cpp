// SPDX-License-Identifier: Apache-2.0
#include "text/byte_trie.h"

#include <algorithm>

namespace xlt {

// Where the edge is, or the free slot where it would be put.
size_t ByteTrie::slot_of(uint64_t key) const {
  const size_t mask = edges_.size() - 1;
  size_t slot = (key * 0x9E3779B97F4A7C15u >> 24) & mask;
  while (edges_[slot].key != kFree && edges_[slot].key != key) slot = (slot + 1) & mask;
  return slot;
}

void ByteTrie::grow() {
  std::vector<Edge> old(std::max<size_t>(1024, 2 * edges_.size()));
  old.swap(edges_);
  for (const Edge& edge : old)
    if (edge.key != kFree) edges_[slot_of(edge.key)] = edge;
}

void ByteTrie::insert(std::string_view text, int32_t value) {
  int32_t node = 0;
  for (const char c : text) {
    if (edges_.size() < 2 * (values_.size() + 1)) grow();
    const uint64_t key = key_of(node, static_cast<unsigned char>(c));
    Edge& edge = edges_[slot_of(key)];
    if (edge.key == kFree) {
      edge = {key, static_cast<int32_t>(values_.size())};
      values_.push_back(-1);
    }
    node = edge.node;
  }
  if (node > 0) values_[node] = value;
}

}  // namespace xlt
