// SPDX-License-Identifier: Apache-2.0
#include "text/bpe.h"

#include "text/utf8.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <queue>

namespace xlt {

namespace {

uint64_t pair_of(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}
size_t slot_of(uint64_t pair, size_t mask) { return (pair * 0x9E3779B97F4A7C15u >> 20) & mask; }

}  // namespace

Bpe::Bpe(TokenizerFile& file) {
  const JsonView model = JsonView(file.rest, file.place, ErrorKind::kCheckpoint).at("model");
  const std::string type = model.get("type", "BPE");
  if (type != "BPE")
    model.at("type").fail(str_cat(
        "tokenizer model \"", type,
        "\" is not supported; supported: BPE (for SentencePiece unigram put tokenizer.model in the folder)"));
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model.get(affix, "").empty()) model.at(affix).fail("is not supported");
  ignore_merges_ = model.get("ignore_merges", false);
  fuse_unknown_ = model.get("fuse_unk", false);

  int64_t size = 0;
  for (const auto& [token, id] : file.vocab) size = std::max(size, id + 1);
  if (size == 0) model.fail("the vocabulary is empty");
  if (size > 4 * static_cast<int64_t>(file.vocab.size()) + 1000)
    model.fail(str_cat("an id of ", size - 1, " is out of range for ", file.vocab.size(), " tokens"));
  tokens_.resize(size);
  for (auto& [token, id] : file.vocab) tokens_[id] = std::move(token);
  ids_.reserve(tokens_.size());
  for (int32_t id = 0; id < size; ++id)
    if (!tokens_[id].empty()) ids_.emplace(tokens_[id], id);

  if (const std::string unknown = model.get("unk_token", ""); !unknown.empty()) {
    const auto id = id_of(unknown);
    if (!id) model.at("unk_token").fail(str_cat("\"", unknown, "\" is not in the vocabulary"));
    unknown_id_ = static_cast<int32_t>(*id);
  }
  if (model.get("byte_fallback", false)) {
    byte_ids_.assign(256, -1);
    for (int byte = 0; byte < 256; ++byte) {
      char name[8];
      std::snprintf(name, sizeof name, "<0x%02X>", byte);
      if (const auto id = id_of(name)) byte_ids_[byte] = static_cast<int32_t>(*id);
    }
  }
  add_merges(file);
}

void Bpe::add_merges(const TokenizerFile& file) {
  const size_t count = file.merges.size() / 2;
  merges_.resize(std::bit_ceil(std::max<size_t>(16, 2 * count)));
  std::string joined;
  for (size_t i = 0; i < count; ++i) {
    const std::string &left = file.merges[2 * i], &right = file.merges[2 * i + 1];
    joined.assign(left).append(right);
    const auto a = ids_.find(left), b = ids_.find(right), c = ids_.find(joined);
    if (a == ids_.end() || b == ids_.end() || c == ids_.end())
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("\"",
                          a == ids_.end()   ? left
                          : b == ids_.end() ? right
                                            : joined,
                          "\" is not in the vocabulary"),
                  str_cat(file.place, ": model.merges[", i, "]"));
    const uint64_t pair = pair_of(a->second, b->second);
    size_t slot = slot_of(pair, merges_.size() - 1);
    while (merges_[slot].pair != kEmpty && merges_[slot].pair != pair)
      slot = (slot + 1) & (merges_.size() - 1);
    merges_[slot] = {pair, static_cast<int32_t>(i), c->second};
  }
}

std::optional<int64_t> Bpe::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::string_view Bpe::token_of(int64_t id) const {
  return id >= 0 && id < size() ? std::string_view(tokens_[id]) : std::string_view();
}

const Bpe::Merge* Bpe::find_merge(int32_t left, int32_t right) const {
  const uint64_t pair = pair_of(left, right);
  for (size_t slot = slot_of(pair, merges_.size() - 1);; slot = (slot + 1) & (merges_.size() - 1)) {
    if (merges_[slot].pair == pair) return &merges_[slot];
    if (merges_[slot].pair == kEmpty) return nullptr;
  }
}

// Characters of the vocabulary as they are, others as their bytes, or as the unknown token.
void Bpe::split_into_symbols(std::string_view word, std::vector<int32_t>& symbols) const {
  bool last_is_unknown = false;
  for (size_t i = 0; i < word.size();) {
    const std::string_view character = word.substr(i, utf8_length(word[i]));
    i += character.size();
    if (const auto found = ids_.find(character); found != ids_.end()) {
      symbols.push_back(found->second);
      last_is_unknown = false;
      continue;
    }
    const bool has_bytes = !byte_ids_.empty() && std::all_of(character.begin(), character.end(), [&](char c) {
      return byte_ids_[static_cast<unsigned char>(c)] >= 0;
    });
    if (has_bytes) {
      for (char c : character) symbols.push_back(byte_ids_[static_cast<unsigned char>(c)]);
      last_is_unknown = false;
    } else if (unknown_id_ >= 0 && !(fuse_unknown_ && last_is_unknown)) {
      symbols.push_back(unknown_id_);
      last_is_unknown = true;
    }
  }
}

void Bpe::encode(std::string_view word, std::vector<int64_t>& ids) const {
  if (word.empty()) return;
  if (ignore_merges_)
    if (const auto found = ids_.find(word); found != ids_.end()) {
      ids.push_back(found->second);
      return;
    }
  std::vector<int32_t> symbols;
  split_into_symbols(word, symbols);
  // A list of live symbols by index, and a queue of merges: lowest rank first, leftmost among equals.
  const auto count = static_cast<int32_t>(symbols.size());
  std::vector<int32_t> next(count), previous(count);
  for (int32_t i = 0; i < count; ++i) next[i] = i + 1 < count ? i + 1 : -1, previous[i] = i - 1;
  struct Job {
    int32_t rank, at, left, right, id;
    bool operator<(const Job& other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
  };
  std::priority_queue<Job> jobs;
  const auto offer = [&](int32_t at) {
    if (at < 0 || next[at] < 0) return;
    if (const Merge* merge = find_merge(symbols[at], symbols[next[at]]))
      jobs.push({merge->rank, at, symbols[at], symbols[next[at]], merge->id});
  };
  for (int32_t i = 0; i + 1 < count; ++i) offer(i);
  while (!jobs.empty()) {
    const Job job = jobs.top();
    jobs.pop();
    // Stale: one of the two has been merged away since.
    if (symbols[job.at] != job.left || next[job.at] < 0 || symbols[next[job.at]] != job.right) continue;
    const int32_t gone = next[job.at];
    symbols[job.at] = job.id;
    symbols[gone] = -1;
    next[job.at] = next[gone];
    if (next[gone] >= 0) previous[next[gone]] = job.at;
    offer(previous[job.at]);
    offer(job.at);
  }
  for (int32_t i = 0; i >= 0 && i < count; i = next[i]) ids.push_back(symbols[i]);
}

}  // namespace xlt
