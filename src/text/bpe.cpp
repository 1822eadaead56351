// SPDX-License-Identifier: Apache-2.0
#include "text/bpe.h"

#include "text/utf8.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <queue>

namespace xlt {

namespace {

// Up to here a search through all pairs beats a queue.
constexpr size_t kLongWord = 40;

uint64_t pair_of(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}
size_t slot_of(uint64_t pair, size_t mask) { return (pair * 0x9E3779B97F4A7C15u >> 24) & mask; }

// Memory is in proportion to the largest id, so a lying file must not name a huge one.
void check_ids(const TokenizerFile& file) {
  if (file.ids.empty())
    throw Error(ErrorKind::kCheckpoint, "the vocabulary is absent or empty", file.place + ": model.vocab");
  const auto largest = std::max_element(file.ids.begin(), file.ids.end());
  if (static_cast<size_t>(*largest) > 4 * file.ids.size() + 1000)
    throw Error(ErrorKind::kCheckpoint,
                str_cat("the id ", *largest, " is out of range for ", file.ids.size(), " tokens"),
                str_cat(file.place, ": model.vocab[\"", file.tokens[largest - file.ids.begin()], "\"]"));
}

}  // namespace

Bpe::Bpe(TokenizerFile& file) {
  const JsonView model = JsonView(file.rest, file.place, ErrorKind::kCheckpoint).at("model");
  const std::string type = model.get("type", "BPE");
  if (type != "BPE")
    model.at("type").fail(str_cat("tokenizer model \"", type,
                                  "\" is not supported; supported: BPE (for a SentencePiece unigram model "
                                  "put tokenizer.model in the folder instead of tokenizer.json)"));
  check_ids(file);
  vocabulary_ = Vocabulary(std::move(file.tokens), file.ids);
  for (char32_t c = 0; c < short_ids_.size(); ++c) {
    std::string character;
    append_utf8(character, c);
    short_ids_[c] = vocabulary_.id_of(character);
  }
  read_options(model);
  add_merges(file);
}

void Bpe::read_options(const JsonView& model) {
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model.get(affix, "").empty()) model.at(affix).fail("is not supported");
  if (model.get("dropout", 0.0) != 0.0) model.at("dropout").fail("is not supported; set it to null");
  ignore_merges_ = model.get("ignore_merges", false);
  fuse_unknown_ = model.get("fuse_unk", false);
  if (const std::string unknown = model.get("unk_token", ""); !unknown.empty()) {
    unknown_id_ = vocabulary_.id_of(unknown);
    if (unknown_id_ < 0) model.at("unk_token").fail(str_cat("\"", unknown, "\" is not in the vocabulary"));
  }
  if (!model.get("byte_fallback", false)) return;
  byte_ids_.assign(256, -1);
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    byte_ids_[byte] = vocabulary_.id_of(name);
  }
}

void Bpe::add_merges(const TokenizerFile& file) {
  const size_t count = file.merges.size() / 2;
  merges_.resize(std::bit_ceil(2 * count + 2));
  std::string joined;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view left = file.merges[2 * i], right = file.merges[2 * i + 1];
    joined.assign(left).append(right);
    const int32_t a = vocabulary_.id_of(left), b = vocabulary_.id_of(right), c = vocabulary_.id_of(joined);
    if (a < 0 || b < 0 || c < 0)
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("\"",
                          a < 0   ? left
                          : b < 0 ? right
                                  : joined,
                          "\" is not in the vocabulary"),
                  str_cat(file.place, ": model.merges[", i, "]"));
    const uint64_t pair = pair_of(a, b);
    size_t slot = slot_of(pair, merges_.size() - 1);
    while (merges_[slot].pair != kNoPair && merges_[slot].pair != pair)
      slot = (slot + 1) & (merges_.size() - 1);
    merges_[slot] = {pair, static_cast<int32_t>(i), c};
  }
}

std::optional<int64_t> Bpe::id_of(std::string_view token) const {
  const int32_t id = vocabulary_.id_of(token);
  return id < 0 ? std::nullopt : std::optional<int64_t>(id);
}

const Bpe::Merge* Bpe::find_merge(int32_t left, int32_t right) const {
  const uint64_t pair = pair_of(left, right);
  for (size_t slot = slot_of(pair, merges_.size() - 1);; slot = (slot + 1) & (merges_.size() - 1)) {
    if (merges_[slot].pair == pair) return &merges_[slot];
    if (merges_[slot].pair == kNoPair) return nullptr;
  }
}

int32_t Bpe::id_of_character(std::string_view character) const {
  return character.size() <= 2 ? short_ids_[decode_utf8(character, 0)] : vocabulary_.id_of(character);
}

// Characters of the vocabulary as they are, others as their bytes, or as the unknown token.
void Bpe::split_into_symbols(std::string_view word, std::vector<int32_t>& symbols) const {
  // An unknown token is put down late, so that the next one can be fused with it.
  bool unknown = false;
  const auto put_unknown = [&] {
    if (unknown) symbols.push_back(unknown_id_);
    unknown = false;
  };
  for (size_t i = 0; i < word.size();) {
    const std::string_view character = word.substr(i, utf8_length(word[i]));
    i += character.size();
    if (const int32_t id = id_of_character(character); id >= 0) {
      put_unknown();
      symbols.push_back(id);
      continue;
    }
    const bool has_bytes = !byte_ids_.empty() && std::all_of(character.begin(), character.end(), [&](char c) {
      return byte_ids_[static_cast<unsigned char>(c)] >= 0;
    });
    if (has_bytes) {
      for (char c : character) symbols.push_back(byte_ids_[static_cast<unsigned char>(c)]);
    } else if (unknown_id_ >= 0) {
      if (!fuse_unknown_) put_unknown();
      unknown = true;
    }
  }
  put_unknown();
}

void Bpe::encode(std::string_view word, std::vector<int64_t>& ids, Scratch& scratch) const {
  if (word.empty()) return;
  if (ignore_merges_)
    if (const int32_t id = vocabulary_.id_of(word); id >= 0) {
      ids.push_back(id);
      return;
    }
  scratch.symbols.clear();
  split_into_symbols(word, scratch.symbols);
  if (scratch.symbols.size() <= kLongWord) {
    merge_short(scratch);
  } else {
    merge_long(scratch);
  }
  ids.insert(ids.end(), scratch.symbols.begin(), scratch.symbols.end());
}

// ranks[i] and merged[i]: the merge of symbols i and i + 1. Lowest rank first, leftmost among equals.
void Bpe::merge_short(Scratch& scratch) const {
  auto& [symbols, next, previous, ranks, merged] = scratch;
  ranks.assign(symbols.size(), kNoRank);
  merged.resize(symbols.size());
  const auto look_up = [&](size_t i) {
    const Merge* merge = i + 1 < symbols.size() ? find_merge(symbols[i], symbols[i + 1]) : nullptr;
    ranks[i] = merge ? merge->rank : kNoRank;
    if (merge) merged[i] = merge->id;
  };
  for (size_t i = 0; i < symbols.size(); ++i) look_up(i);
  while (!symbols.empty()) {
    const size_t at = std::min_element(ranks.begin(), ranks.end()) - ranks.begin();
    if (ranks[at] == kNoRank) return;
    symbols[at] = merged[at];
    symbols.erase(symbols.begin() + at + 1);
    ranks.erase(ranks.begin() + at + 1);
    merged.erase(merged.begin() + at + 1);
    look_up(at);
    if (at > 0) look_up(at - 1);
  }
}

// The same order from a queue, over a list of the live symbols: O(n log n).
void Bpe::merge_long(Scratch& scratch) const {
  auto& [symbols, next, previous, ranks, merged] = scratch;
  const auto count = static_cast<int32_t>(symbols.size());
  next.resize(count);
  previous.resize(count);
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
  symbols.erase(std::remove(symbols.begin(), symbols.end(), -1), symbols.end());
}

}  // namespace xlt
