// SPDX-License-Identifier: Apache-2.0
#include "text/vocabulary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>

#include "xlt/base/error.h"

namespace xlt {

namespace {

size_t hash_of(std::string_view token) { return std::hash<std::string_view>()(token); }
uint32_t tag_of(size_t hash) { return static_cast<uint32_t>(hash >> 32); }

// Tokens asked for together: as many as a core waits for at once, and more while it computes.
constexpr size_t kTokensTogether = 32;

}  // namespace

Vocabulary::Vocabulary(StringList tokens, const std::vector<int32_t>& ids) : tokens_(std::move(tokens)) {
  if (tokens_.text().size() > UINT32_MAX)
    throw Error(ErrorKind::kCheckpoint, str_cat("a vocabulary of ", tokens_.text().size(), " bytes"));
  slots_.resize(std::bit_ceil(2 * ids.size() + 2));
  place_of_id_.assign(ids.empty() ? 0 : *std::max_element(ids.begin(), ids.end()) + size_t{1}, -1);
  std::array<size_t, kTokensTogether> hashes;
  for (size_t first = 0; first < ids.size(); first += kTokensTogether) {
    const size_t end = std::min(first + kTokensTogether, ids.size());
    for (size_t i = first; i < end; ++i) hashes[i - first] = hash_and_fetch(tokens_[i]);
    for (size_t i = first; i < end; ++i) {
      place_of_id_[ids[i]] = static_cast<int32_t>(i);
      const size_t hash = hashes[i - first];
      slots_[find_slot(tokens_[i], hash)] = {tag_of(hash), ids[i], static_cast<uint32_t>(tokens_.begin_of(i)),
                                             static_cast<uint32_t>(tokens_[i].size())};
    }
  }
}

// Asks memory for the place where a look-up begins: the table is far larger than a cache.
size_t Vocabulary::hash_and_fetch(std::string_view token) const {
  const size_t hash = hash_of(token);
  __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  return hash;
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

void Vocabulary::ids_of(std::span<const std::string_view> tokens, int32_t* ids) const {
  if (slots_.empty()) {
    std::fill_n(ids, tokens.size(), -1);
    return;
  }
  std::array<size_t, kTokensTogether> hashes;
  for (size_t first = 0; first < tokens.size(); first += kTokensTogether) {
    const size_t end = std::min(first + kTokensTogether, tokens.size());
    for (size_t i = first; i < end; ++i) hashes[i - first] = hash_and_fetch(tokens[i]);
    for (size_t i = first; i < end; ++i)
      __builtin_prefetch(tokens_.text().data() + slots_[hashes[i - first] & (slots_.size() - 1)].begin);
    for (size_t i = first; i < end; ++i) ids[i] = slots_[find_slot(tokens[i], hashes[i - first])].id;
  }
}

std::string_view Vocabulary::token_of(int64_t id) const {
  return id >= 0 && id < size() && place_of_id_[id] >= 0 ? tokens_[place_of_id_[id]] : std::string_view();
}

}  // namespace xlt
