// SPDX-License-Identifier: Apache-2.0
// SentencePiece's character map, as tokenizers applies it: grapheme cluster by grapheme cluster, of short
// ones the whole if the map knows a beginning of it, else character by character. That is not what
// SentencePiece does (longest match), but what XLM-R's published ids come from.
#include "text/base64.h"
#include "text/character_map.h"
#include "text/growth.h"
#include "text/normalizer.h"
#include "text/utf8.h"

#include <memory>

#include <unicode/brkiter.h>
#include <unicode/unistr.h>

namespace xlt {

namespace {

// Calls `use` with each extended grapheme cluster (UAX #29).
template <typename Use>
void for_each_grapheme(const std::string& text, const Use& use) {
  thread_local std::unique_ptr<icu::BreakIterator> breaks;
  UErrorCode status = U_ZERO_ERROR;
  if (!breaks) breaks.reset(icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
  const auto unicode = icu::UnicodeString::fromUTF8(text);
  if (U_FAILURE(status))
    throw Error(ErrorKind::kInternal, str_cat("grapheme clusters: ", u_errorName(status)));
  breaks->setText(unicode);
  size_t at = 0;
  int32_t begin = breaks->first();
  for (int32_t end = breaks->next(); end != icu::BreakIterator::DONE; begin = end, end = breaks->next()) {
    size_t size = 0;
    for (int32_t i = begin; i < end; i = unicode.moveIndex32(i, 1)) size += utf8_length(text[at + size]);
    use(std::string_view(text).substr(at, size));
    at += size;
  }
}

}  // namespace

NormalizerStep make_precompiled_normalizer(const JsonView& json) {
  constexpr size_t kShort = 6;  // bytes
  const JsonView file = json.at("precompiled_charsmap");
  const auto bytes = decode_base64(file.as_string());
  if (!bytes) file.fail("is not base64");
  if (const std::string fault = fault_of_character_map(*bytes); !fault.empty()) file.fail(fault);
  const auto map = std::make_shared<CharacterMap>(*bytes);
  return [map](const std::string& text, size_t limit) {
    std::string out;
    for_each_grapheme(text, [&](std::string_view grapheme) {
      if (grapheme.size() < kShort)
        if (const auto whole = map->find(grapheme)) {
          out += *whole;
          check_growth(out.size(), limit);
          return;
        }
      for (size_t i = 0; i < grapheme.size(); i += utf8_length(grapheme[i])) {
        const std::string_view character = grapheme.substr(i, utf8_length(grapheme[i]));
        out += map->find(character).value_or(character);
        check_growth(out.size(), limit);  // a cluster may be as long as the text
      }
    });
    return out;
  };
}

}  // namespace xlt
