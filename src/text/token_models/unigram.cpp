// SPDX-License-Identifier: Apache-2.0
// A unigram language model of tokens (Kudo 2018): the tokens whose log-probabilities add up to the most.
// Viterbi over byte positions, ties to the token that begins further left, in double: as tokenizers does it.
// What no token covers costs the least score minus 10 a character; neighbours of that kind are one unknown.
#include "text/byte_trie.h"
#include "text/token_model.h"
#include "text/utf8.h"

#include <algorithm>
#include <limits>

namespace xlt {

namespace {

constexpr double kUnknownPenalty = 10;

class Unigram : public TokenModel {
 public:
  // Throws kCheckpoint for a vocabulary without scores and an unk_id out of range.
  explicit Unigram(TokenizerFile& file);
  void encode(std::string_view word, std::vector<int64_t>& ids, Scratch& scratch) const override;

 private:
  void find_best_path(std::string_view word, Scratch& scratch) const;
  void append(std::string_view token, std::vector<int64_t>& ids) const;

  ByteTrie trie_;
  std::vector<double> scores_;     // by id
  std::vector<int32_t> byte_ids_;  // empty without byte fallback
  double unknown_score_ = 0;
  int32_t unknown_id_ = -1;
};

Unigram::Unigram(TokenizerFile& file) : TokenModel(file) {
  const JsonView model = JsonView(file.rest, file.place, ErrorKind::kCheckpoint).at("model");
  if (file.scores.size() != file.ids.size())
    throw Error(ErrorKind::kCheckpoint, "expected [token, score] pairs", file.place + ": model.vocab");
  scores_ = std::move(file.scores);  // ids are positions
  for (int64_t id = 0; id < size(); ++id) {
    file.throw_if_interrupted(static_cast<size_t>(id));
    trie_.insert(token_of(id), static_cast<int32_t>(id));
  }
  unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
  if (model.has("unk_id")) {
    const int64_t id = model.at("unk_id").as_int();
    if (id < 0 || id >= size())
      model.at("unk_id").fail(str_cat("the id ", id, " is out of range for ", size(), " tokens"));
    unknown_id_ = static_cast<int32_t>(id);
  }
  if (model.get("byte_fallback", false)) byte_ids_ = find_byte_ids(vocabulary_);
}

// Of the best path to each byte position: scores (its score), previous (where its last token begins, −1: not
// reached) and symbols (that token).
void Unigram::find_best_path(std::string_view word, Scratch& scratch) const {
  scratch.scores.assign(word.size() + 1, 0);
  scratch.previous.assign(word.size() + 1, -1);
  scratch.symbols.assign(word.size() + 1, -1);
  for (size_t at = 0; at < word.size(); at += utf8_length(word[at])) {
    const size_t character = utf8_length(word[at]);
    bool has_character = false;
    const auto offer = [&](size_t length, int32_t id, double score) {
      const size_t end = at + length;
      const double sum = score + scratch.scores[at];
      if (scratch.previous[end] >= 0 && !(sum > scratch.scores[end])) return;
      scratch.scores[end] = sum;
      scratch.previous[end] = static_cast<int32_t>(at);
      scratch.symbols[end] = id;
    };
    trie_.for_each_prefix(word.substr(at), [&](size_t length, int32_t id) {
      offer(length, id, scores_[id]);
      has_character = has_character || length == character;
    });
    if (has_character) continue;
    if (unknown_id_ < 0)
      throw Error(ErrorKind::kCheckpoint, str_cat("the tokenizer has no token for \"",
                                                  word.substr(at, character), "\" and no unk_id"));
    offer(character, unknown_id_, unknown_score_);
  }
}

void Unigram::append(std::string_view token, std::vector<int64_t>& ids) const {
  if (const int32_t id = vocabulary_.id_of(token); id >= 0) {
    ids.push_back(id);
    return;
  }
  const bool has_bytes = !byte_ids_.empty() && std::all_of(token.begin(), token.end(), [&](char c) {
    return byte_ids_[static_cast<unsigned char>(c)] >= 0;
  });
  if (!has_bytes) return ids.push_back(unknown_id_);
  for (const char c : token) ids.push_back(byte_ids_[static_cast<unsigned char>(c)]);
}

void Unigram::encode(std::string_view word, std::vector<int64_t>& ids, Scratch& scratch) const {
  if (word.empty()) return;
  find_best_path(word, scratch);
  // Backwards, as (begin, end) pairs; an unknown next to an unknown only moves the begin.
  std::vector<int32_t>& pieces = scratch.next;
  pieces.clear();
  bool last_is_unknown = false;
  for (auto end = static_cast<int32_t>(word.size()); end > 0; end = scratch.previous[end]) {
    const bool is_unknown = unknown_id_ >= 0 && scratch.symbols[end] == unknown_id_;
    if (is_unknown && last_is_unknown) {
      pieces[pieces.size() - 2] = scratch.previous[end];
    } else {
      pieces.insert(pieces.end(), {scratch.previous[end], end});
    }
    last_is_unknown = is_unknown;
  }
  for (size_t i = pieces.size(); i > 0; i -= 2)
    append(word.substr(pieces[i - 2], pieces[i - 1] - pieces[i - 2]), ids);
}

}  // namespace

std::unique_ptr<TokenModel> make_unigram_model(TokenizerFile& file) {
  return std::make_unique<Unigram>(file);
}

}  // namespace xlt
