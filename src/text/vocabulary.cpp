// SPDX-License-Identifier: Apache-2.0
#include "text/vocabulary.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace xlt {

namespace {

size_t hash_of(std::string_view token) { return std::hash<std::string_view>()(token); }
uint32_t tag_of(size_t hash) { return static_cast<uint32_t>(hash >> 32); }

}  // namespace

Vocabulary::Vocabulary(StringList tokens, const std::vector<int32_t>& ids) : tokens_(std::move(tokens)) {
  slots_.resize(std::bit_ceil(2 * ids.size() + 2));
  place_of_id_.assign(ids.empty() ? 0 : *std::max_element(ids.begin(), ids.end()) + size_t{1}, -1);
  for (size_t i = 0; i < ids.size(); ++i) {
    place_of_id_[ids[i]] = static_cast<int32_t>(i);
    const size_t hash = hash_of(tokens_[i]);
    slots_[find_slot(tokens_[i], hash)] = {tag_of(hash), ids[i], tokens_.begin_of(i),
                                           static_cast<uint32_t>(tokens_[i].size())};
  }
}

// Where `token` is, or the free slot where it would be put.
size_t Vocabulary::find_slot(std::string_view token, size_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id < 0) return at;
    if (slot.tag == tag_of(hash) && tokens_.text().substr(slot.begin, slot.length) == token) return at;
  }
}

int32_t Vocabulary::id_of(std::string_view token) const {
  return slots_.empty() ? -1 : slots_[find_slot(token, hash_of(token))].id;
}

// The table is far larger than a cache: that id_of need not wait for memory, ask a little before it.
void Vocabulary::fetch(std::string_view token) const {
  if (!slots_.empty()) __builtin_prefetch(&slots_[hash_of(token) & (slots_.size() - 1)]);
}

std::string_view Vocabulary::token_of(int64_t id) const {
  return id >= 0 && id < size() && place_of_id_[id] >= 0 ? tokens_[place_of_id_[id]] : std::string_view();
}

}  // namespace xlt
