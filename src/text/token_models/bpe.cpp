// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding (Sennrich et al. 2016), with byte fallback.
#include "text/token_model.h"
#include "text/utf8.h"

#include <algorithm>
#include <array>
#include <bit>
#include <queue>

namespace xlt {

namespace {

// Up to here a search through all pairs beats a queue.
constexpr size_t kLongWord = 40;
// Merges looked up together: the tables are far larger than a cache, and memory is asked for many at once.
constexpr size_t kMergesTogether = 64;

uint64_t pair_of(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}
size_t slot_of(uint64_t pair, size_t mask) { return (pair * 0x9E3779B97F4A7C15u >> 24) & mask; }

std::string_view first_character(std::string_view text) { return text.substr(0, utf8_length(text[0])); }
std::string_view last_character(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return text.substr(begin);
}

// Pairs of neighbouring characters that some merge joins, the last of its left side and the first of its
// right. Between two others no merge ever reaches, so a word may be cut there. Kept as bits by hash: a pair
// that is taken for joined merely is no place to cut.
class JoinedCharacters {
 public:
  void add(std::string_view left, std::string_view right) {
    const size_t bit = bit_of(left, right);
    bits_[bit / 64] |= uint64_t{1} << bit % 64;
  }
  bool may_hold(std::string_view left, std::string_view right) const {
    const size_t bit = bit_of(left, right);
    return (bits_[bit / 64] >> bit % 64 & 1) != 0;
  }

 private:
  static constexpr size_t kBits = size_t{1} << 22;
  static size_t bit_of(std::string_view left, std::string_view right) {
    uint64_t key = 0;
    for (const std::string_view character : {left, right})
      for (size_t i = 0; i < 4; ++i)
        key = key << 8 | (i < character.size() ? static_cast<unsigned char>(character[i]) : 0);
    return slot_of(key, kBits - 1);
  }
  std::vector<uint64_t> bits_ = std::vector<uint64_t>(kBits / 64);
};

class Bpe : public TokenModel {
 public:
  // Throws kCheckpoint for unsupported options and merges of unknown tokens.
  explicit Bpe(TokenizerFile& file);
  void encode(std::string_view word, std::vector<int64_t>& ids, Scratch& scratch) const override;

 private:
  struct Merge {
    uint64_t pair = kNoPair;  // ids of left and right
    int32_t rank = 0, id = 0;
  };
  static constexpr uint64_t kNoPair = ~uint64_t{0};
  static constexpr int32_t kNoRank = INT32_MAX;

  void read_options(const JsonView& model);
  void add_merges(const TokenizerFile& file);
  void put_merge(const Merge& merge);
  const Merge* find_merge(int32_t left, int32_t right) const;
  int32_t id_of_character(std::string_view character) const;
  size_t find_cut(std::string_view word) const;
  void encode_part(std::string_view part, std::vector<int64_t>& ids, Scratch& scratch) const;
  void split_into_symbols(std::string_view word, std::vector<int32_t>& symbols) const;
  void merge_short(Scratch& scratch) const;
  void merge_long(Scratch& scratch) const;

  std::vector<Merge> merges_;  // open addressing, a power of two, at most half full
  JoinedCharacters joined_;
  std::vector<int32_t> byte_ids_;           // empty without byte fallback
  std::array<int32_t, 0x800> short_ids_{};  // of the characters of one and two bytes, by code point
  int32_t unknown_id_ = -1;
  bool ignore_merges_ = false, fuse_unknown_ = false;
};

Bpe::Bpe(TokenizerFile& file) : TokenModel(file) {
  for (char32_t c = 0; c < short_ids_.size(); ++c) {
    std::string character;
    append_utf8(character, c);
    short_ids_[c] = vocabulary_.id_of(character);
  }
  if (!file.scores.empty())
    throw Error(ErrorKind::kCheckpoint, "expected an object of token → id", file.place + ": model.vocab");
  read_options(JsonView(file.rest, file.place, ErrorKind::kCheckpoint).at("model"));
  add_merges(file);
}

void Bpe::read_options(const JsonView& model) {
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!model.get(affix, "").empty()) model.at(affix).fail("is not supported");
  if (model.get("dropout", 0.0) != 0.0) model.at("dropout").fail("is not supported; set it to null");
  ignore_merges_ = model.get("ignore_merges", false);
  fuse_unknown_ = model.get("fuse_unk", false);
  unknown_id_ = find_unknown_id(model, "unk_token", vocabulary_);
  if (model.get("byte_fallback", false)) byte_ids_ = find_byte_ids(vocabulary_);
}

void Bpe::add_merges(const TokenizerFile& file) {
  const size_t count = file.merges.size() / 2;
  merges_.resize(std::bit_ceil(2 * count + 2));
  std::array<std::string_view, 3 * kMergesTogether> tokens;  // left, right and what they become
  std::array<int32_t, 3 * kMergesTogether> ids;
  for (size_t first = 0; first < count; first += kMergesTogether) {
    file.throw_if_interrupted(first);
    const size_t some = std::min(kMergesTogether, count - first);
    for (size_t i = 0; i < some; ++i) {
      const size_t left = 2 * (first + i);
      tokens[3 * i] = file.merges[left];
      tokens[3 * i + 1] = file.merges[left + 1];
      tokens[3 * i + 2] = file.merges.joined(left, 2);
    }
    vocabulary_.ids_of(std::span(tokens).first(3 * some), ids.data());
    for (size_t i = 0; i < 3 * some; ++i)
      if (ids[i] < 0)
        throw Error(ErrorKind::kCheckpoint, str_cat("\"", tokens[i], "\" is not in the vocabulary"),
                    str_cat(file.place, ": model.merges[", first + i / 3, "]"));
    for (size_t i = 0; i < some; ++i)
      __builtin_prefetch(&merges_[slot_of(pair_of(ids[3 * i], ids[3 * i + 1]), merges_.size() - 1)], 1);
    for (size_t i = 0; i < some; ++i) {
      put_merge({pair_of(ids[3 * i], ids[3 * i + 1]), static_cast<int32_t>(first + i), ids[3 * i + 2]});
      const std::string_view left = tokens[3 * i], right = tokens[3 * i + 1];
      if (!left.empty() && !right.empty()) joined_.add(last_character(left), first_character(right));
    }
  }
}

void Bpe::put_merge(const Merge& merge) {
  const size_t mask = merges_.size() - 1;
  size_t slot = slot_of(merge.pair, mask);
  while (merges_[slot].pair != kNoPair && merges_[slot].pair != merge.pair) slot = (slot + 1) & mask;
  merges_[slot] = merge;
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
  // Without pre-tokenizer a word is a whole text: part by part, memory does not grow with it.
  while (word.size() > kLongWord) {
    const size_t cut = find_cut(word);
    encode_part(word.substr(0, cut), ids, scratch);
    word.remove_prefix(cut);
  }
  if (!word.empty()) encode_part(word, ids, scratch);
}

// The first place across which nothing is merged, between two characters of the vocabulary; others are put
// down as bytes or fused. The word's size where there is none.
size_t Bpe::find_cut(std::string_view word) const {
  std::string_view last;
  for (size_t at = 0; at < word.size();) {
    std::string_view character = word.substr(at, utf8_length(word[at]));
    const size_t next = at + character.size();
    if (id_of_character(character) < 0) character = {};
    if (!last.empty() && !character.empty() && !joined_.may_hold(last, character)) return at;
    last = character;
    at = next;
  }
  return word.size();
}

void Bpe::encode_part(std::string_view part, std::vector<int64_t>& ids, Scratch& scratch) const {
  scratch.symbols.clear();
  split_into_symbols(part, scratch.symbols);
  if (scratch.symbols.size() <= kLongWord) {
    merge_short(scratch);
  } else {
    merge_long(scratch);
  }
  ids.insert(ids.end(), scratch.symbols.begin(), scratch.symbols.end());
}

// ranks[i] and merged[i]: the merge of symbols i and i + 1. Lowest rank first, leftmost among equals.
void Bpe::merge_short(Scratch& scratch) const {
  std::vector<int32_t>&symbols = scratch.symbols, &ranks = scratch.ranks, &merged = scratch.merged;
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
  std::vector<int32_t>&symbols = scratch.symbols, &next = scratch.next, &previous = scratch.previous;
  const auto count = static_cast<int32_t>(symbols.size());
  next.resize(count);
  previous.resize(count);
  for (int32_t i = 0; i < count; ++i) next[i] = i + 1 < count ? i + 1 : -1, previous[i] = i - 1;
  struct Job {
    int32_t rank, at;
    bool operator<(const Job& other) const { return rank != other.rank ? rank > other.rank : at > other.at; }
  };
  std::priority_queue<Job> jobs;
  // Of a symbol and the next one. A symbol that was merged away is -1, which no merge knows.
  const auto merge_at = [&](int32_t at) {
    const bool is_pair = at >= 0 && symbols[at] >= 0 && next[at] >= 0;
    return is_pair ? find_merge(symbols[at], symbols[next[at]]) : nullptr;
  };
  const auto offer = [&](int32_t at) {
    if (const Merge* merge = merge_at(at)) jobs.push({merge->rank, at});
  };
  for (int32_t i = 0; i + 1 < count; ++i) offer(i);
  while (!jobs.empty()) {
    const Job job = jobs.top();
    jobs.pop();
    const Merge* merge = merge_at(job.at);
    if (!merge || merge->rank != job.rank) continue;  // stale: one of the two has been merged away since
    const int32_t gone = next[job.at];
    symbols[job.at] = merge->id;
    symbols[gone] = -1;
    next[job.at] = next[gone];
    if (next[gone] >= 0) previous[next[gone]] = job.at;
    offer(previous[job.at]);
    offer(job.at);
  }
  symbols.erase(std::remove(symbols.begin(), symbols.end(), -1), symbols.end());
}

}  // namespace

std::unique_ptr<TokenModel> make_bpe_model(TokenizerFile& file) { return std::make_unique<Bpe>(file); }

}  // namespace xlt
