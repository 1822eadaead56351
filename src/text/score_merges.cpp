// SPDX-License-Identifier: Apache-2.0
#include "text/score_merges.h"

#include "text/utf8.h"
#include "text/vocabulary.h"

#include <algorithm>
#include <cmath>

namespace xlt {

namespace {

// Real tokens have some dozens of bytes. All ways to cut a token are tried, so long ones cost.
constexpr size_t kLongestScored = 512;

struct Merge {
  double score;
  int32_t id, left_id, right_id;
  int32_t left_bytes, left_length, right_length;  // lengths in characters
};

int32_t length_of(std::string_view text) {
  int32_t length = 0;
  for (size_t i = 0; i < text.size(); i += utf8_length(text[i])) ++length;
  return length;
}

void add_cuts(std::string_view token, int32_t id, double score, const Vocabulary& vocabulary,
              std::vector<Merge>& merges) {
  const size_t first = merges.size();
  const int32_t length = length_of(token);
  int32_t left_length = 0;
  for (size_t i = 0; i < token.size();) {
    i += utf8_length(token[i]);
    ++left_length;
    if (i >= token.size()) break;
    const int32_t left = vocabulary.id_of(token.substr(0, i));
    if (left < 0) continue;
    const int32_t right = vocabulary.id_of(token.substr(i));
    if (right >= 0)
      merges.push_back({score, id, left, right, static_cast<int32_t>(i), left_length, length - left_length});
  }
  std::sort(merges.begin() + static_cast<ptrdiff_t>(first), merges.end(), [](const Merge& a, const Merge& b) {
    return std::pair(a.left_id, a.right_id) < std::pair(b.left_id, b.right_id);
  });
}

}  // namespace

void add_merges_by_score(TokenizerFile& file, const std::vector<double>& scores) {
  const auto refuse = [&](const std::string& message) {
    throw Error(ErrorKind::kCheckpoint, message, file.place + ": tokenizer.ggml.scores");
  };
  if (scores.size() != file.tokens.size())
    refuse(str_cat(scores.size(), " scores for ", file.tokens.size(), " tokens"));
  const Vocabulary vocabulary(file.tokens, file.ids);
  std::vector<Merge> merges;
  for (size_t i = 0; i < file.tokens.size(); ++i) {
    const std::string_view token = file.tokens[i];
    if (!std::isfinite(scores[i])) refuse(str_cat("that of token ", i, " is not finite"));
    if (token.size() > kLongestScored)
      refuse(
          str_cat("token ", i, " has ", token.size(), " bytes; at most ", kLongestScored, " are expected"));
    if (vocabulary.id_of(token) == file.ids[i]) add_cuts(token, file.ids[i], scores[i], vocabulary, merges);
  }
  std::stable_sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    if (a.score != b.score) return a.score > b.score;
    return std::pair(a.left_length, a.right_length) > std::pair(b.left_length, b.right_length);
  });
  for (const Merge& merge : merges) {
    const std::string_view token = file.tokens[static_cast<size_t>(merge.id)];
    file.merges.push_back(token.substr(0, static_cast<size_t>(merge.left_bytes)));
    file.merges.push_back(token.substr(static_cast<size_t>(merge.left_bytes)));
  }
}

}  // namespace xlt
