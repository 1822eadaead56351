// SPDX-License-Identifier: Apache-2.0
#include "text/added_tokens.h"

#include "text/utf8.h"

#include <algorithm>

#include <unicode/uchar.h>

namespace xlt {

namespace {

// \w of UTS #18, annex C.
bool is_word_character(char32_t code_point) {
  const auto c = static_cast<UChar32>(code_point);
  return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) || u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL) ||
         (U_GET_GC_MASK(c) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
}
bool is_unicode_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }

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

void AddedTokens::add(AddedToken token) {
  if (token.content.empty()) return;
  if (const auto old = by_content_.find(token.content); old != by_content_.end()) by_id_.erase(old->second);
  by_content_[token.content] = token.id;
  largest_id_ = std::max(largest_id_, token.id);
  by_id_[token.id] = std::move(token);
}

void AddedTokens::prepare(const Normalizer& normalizer, const Context& context) {
  for (auto& [id, token] : by_id_) {
    context.throw_if_interrupted();
    token.found_as = token.normalized ? normalizer(token.content) : token.content;
    (token.normalized ? normalized_ : raw_).add(token.found_as, id);
  }
}

bool AddedTokens::is_left_out(const AddedToken& token) const {
  if (token.found_as == token.content) return token.special;
  const AddedToken* other = find(token.found_as);
  return other && other->special;
}

const AddedToken* AddedTokens::find(int64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? nullptr : find(found->second);
}

void AddedTokens::Table::add(const std::string& content, int64_t id) {
  if (content.empty()) return;
  std::vector<size_t>& sizes = lengths[static_cast<unsigned char>(content[0])];
  const auto place = std::lower_bound(sizes.begin(), sizes.end(), content.size(), std::greater<>());
  if (place == sizes.end() || *place != content.size()) sizes.insert(place, content.size());
  ids[content] = id;
}

// The longest token that `text` begins with, or null.
const std::pair<const std::string, int64_t>* AddedTokens::Table::match(std::string_view text) const {
  for (size_t length : lengths[static_cast<unsigned char>(text[0])]) {
    if (length > text.size()) continue;
    if (const auto found = ids.find(std::string(text.substr(0, length))); found != ids.end()) return &*found;
  }
  return nullptr;
}

std::vector<TextPiece> AddedTokens::split_at(std::string_view text, const Table& table) const {
  std::vector<TextPiece> pieces;
  size_t done = 0;
  for (size_t at = 0; at < text.size();) {
    const auto* match = table.match(text.substr(at));
    if (!match) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + match->first.size();
    at = end;  // also after a token that takes white space with it: that may belong to the next token too
    const AddedToken& token = by_id_.at(match->second);
    if (token.single_word && !stands_alone(text, begin, end)) continue;
    if (token.lstrip)
      while (begin > done && is_unicode_space(decode_utf8(text, previous_character(text, begin))))
        begin = previous_character(text, begin);
    if (token.rstrip)
      while (end < text.size() && is_unicode_space(decode_utf8(text, end))) end += utf8_length(text[end]);
    if (begin > done) pieces.push_back({std::string(text.substr(done, begin - done)), std::nullopt});
    pieces.push_back({std::string(text.substr(begin, end - begin)), token.id});
    done = end;
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
