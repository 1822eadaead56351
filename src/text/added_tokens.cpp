// SPDX-License-Identifier: Apache-2.0
#include "text/added_tokens.h"

#include "text/utf8.h"

#include <algorithm>

#include <unicode/uchar.h>

namespace xlt {

namespace {

bool is_word_character(char32_t c) {
  return u_isalnum(static_cast<UChar32>(c)) || c == '_' ||
         u_charType(static_cast<UChar32>(c)) == U_NON_SPACING_MARK;
}
bool is_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }

size_t previous_character(std::string_view text, size_t end) {
  do --end;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  return end;
}

bool stands_alone(std::string_view text, size_t begin, size_t end) {
  return (begin == 0 || !is_word_character(decode_utf8(text, previous_character(text, begin)))) &&
         (end == text.size() || !is_word_character(decode_utf8(text, end)));
}

}  // namespace

AddedToken parse_added_token(const JsonView& json, int64_t id) {
  AddedToken token;
  token.id = id;
  token.content = json.at("content").as_string();
  token.special = json.get("special", false);
  token.normalized = json.get("normalized", !token.special);
  token.single_word = json.get("single_word", false);
  token.lstrip = json.get("lstrip", false);
  token.rstrip = json.get("rstrip", false);
  return token;
}

void AddedTokens::add(AddedToken token, const Normalizer& normalizer) {
  if (token.content.empty()) return;
  const std::string wanted = token.normalized ? normalizer(token.content) : token.content;
  if (!wanted.empty()) {
    auto& bucket = (token.normalized ? normalized_ : raw_)[static_cast<unsigned char>(wanted[0])];
    const auto place = std::find_if(bucket.begin(), bucket.end(),
                                    [&](const auto& x) { return x.first.size() < wanted.size(); });
    bucket.insert(place, {wanted, token.id});
  }
  by_content_[token.content] = token.id;
  by_id_[token.id] = std::move(token);
}

const AddedToken* AddedTokens::find(int64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

std::optional<int64_t> AddedTokens::id_of(std::string_view content) const {
  const auto found = by_content_.find(std::string(content));
  if (found == by_content_.end()) return std::nullopt;
  return found->second;
}

int64_t AddedTokens::largest_id() const {
  int64_t largest = -1;
  for (const auto& [id, token] : by_id_) largest = std::max(largest, id);
  return largest;
}

std::vector<TextPiece> AddedTokens::split_at(std::string_view text, const Table& table) const {
  std::vector<TextPiece> pieces;
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const auto& bucket = table[static_cast<unsigned char>(text[at])];
    const auto match = std::find_if(bucket.begin(), bucket.end(),
                                    [&](const auto& x) { return text.substr(at).starts_with(x.first); });
    if (match == bucket.end()) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + match->first.size();
    at = end;
    const AddedToken& token = by_id_.at(match->second);
    if (token.single_word && !stands_alone(text, begin, end)) continue;
    if (token.lstrip)
      while (begin > done && is_space(decode_utf8(text, previous_character(text, begin))))
        begin = previous_character(text, begin);
    if (token.rstrip)
      while (end < text.size() && is_space(decode_utf8(text, end))) end += utf8_length(text[end]);
    if (begin > done) pieces.push_back({std::string(text.substr(done, begin - done)), std::nullopt});
    pieces.push_back({std::string(text.substr(begin, end - begin)), token.id});
    done = at = end;
  }
  if (done < text.size()) pieces.push_back({std::string(text.substr(done)), std::nullopt});
  return pieces;
}

std::vector<TextPiece> AddedTokens::split(std::string_view text, const Normalizer& normalizer) const {
  std::vector<TextPiece> pieces;
  for (TextPiece& piece : split_at(text, raw_)) {
    if (piece.id) {
      pieces.push_back(std::move(piece));
      continue;
    }
    for (TextPiece& part : split_at(normalizer(std::move(piece.text)), normalized_))
      pieces.push_back(std::move(part));
  }
  return pieces;
}

}  // namespace xlt
