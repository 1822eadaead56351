// SPDX-License-Identifier: Apache-2.0
// BERT's word pieces: from the left, the longest token that fits; a word with a rest is unknown as a whole.
#include "text/byte_trie.h"
#include "text/token_model.h"

#include <algorithm>

namespace xlt {

namespace {

class WordPiece : public TokenModel {
 public:
  // Throws kCheckpoint if the unknown token is not in the vocabulary.
  explicit WordPiece(TokenizerFile& file);
  void encode(std::string_view word, std::vector<int64_t>& ids, Scratch& scratch) const override;

 private:
  bool split(std::string_view word, std::vector<int64_t>& ids) const;

  ByteTrie whole_, rest_;  // all tokens; those that continue a word, without the prefix that says so
  int64_t most_characters_;
  int32_t unknown_id_;
};

WordPiece::WordPiece(TokenizerFile& file) : TokenModel(file) {
  const JsonView model = JsonView(file.rest, file.place, ErrorKind::kCheckpoint).at("model");
  if (!file.scores.empty())
    throw Error(ErrorKind::kCheckpoint, "expected an object of token → id", file.place + ": model.vocab");
  most_characters_ = model.get("max_input_chars_per_word", 100);
  unknown_id_ = find_unknown_id(model, "unk_token", vocabulary_);
  if (unknown_id_ < 0) throw Error(ErrorKind::kCheckpoint, "missing", file.place + ": model.unk_token");
  const std::string prefix = model.get("continuing_subword_prefix", "##");
  for (int32_t id = 0; id < size(); ++id) {
    const std::string_view token = token_of(id);
    whole_.insert(token, id);
    if (token.starts_with(prefix)) rest_.insert(token.substr(prefix.size()), id);
  }
}

bool WordPiece::split(std::string_view word, std::vector<int64_t>& ids) const {
  for (size_t begin = 0; begin < word.size();) {
    size_t longest = 0;
    int32_t found = -1;
    (begin > 0 ? rest_ : whole_).for_each_prefix(word.substr(begin), [&](size_t length, int32_t id) {
      longest = length;
      found = id;
    });
    if (found < 0) return false;
    ids.push_back(found);
    begin += longest;
  }
  return true;
}

void WordPiece::encode(std::string_view word, std::vector<int64_t>& ids, Scratch&) const {
  const auto characters =
      std::count_if(word.begin(), word.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; });
  const size_t before = ids.size();
  if (characters <= most_characters_ && split(word, ids)) return;
  ids.resize(before);
  ids.push_back(unknown_id_);
}

}  // namespace

std::unique_ptr<TokenModel> make_wordpiece_model(TokenizerFile& file) {
  return std::make_unique<WordPiece>(file);
}

}  // namespace xlt
