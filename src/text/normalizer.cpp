// SPDX-License-Identifier: Apache-2.0
#include "text/normalizer.h"

#include "text/pattern.h"
#include "text/utf8.h"

#include <memory>

#include <unicode/bytestream.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

using NormalizerOf = const icu::Normalizer2* (*)(UErrorCode&);

Normalizer unicode_form(NormalizerOf form) {
  return [form](std::string text) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* normalizer = form(status);
    if (U_SUCCESS(status) && !normalizer->isNormalizedUTF8(text, status)) {
      std::string out;
      icu::StringByteSink<std::string> sink(&out);
      normalizer->normalizeUTF8(0, text, sink, nullptr, status);
      text = std::move(out);
    }
    if (U_FAILURE(status))
      throw Error(ErrorKind::kInternal, str_cat("Unicode normalisation failed: ", u_errorName(status)));
    return text;
  };
}

// Character by character: no rule looks at its neighbours (the final sigma).
std::string to_lower(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i += utf8_length(text[i])) {
    icu::UnicodeString character(static_cast<UChar32>(decode_utf8(text, i)));
    character.toLower(icu::Locale::getRoot()).toUTF8String(out);
  }
  return out;
}

Normalizer make_strip(const JsonView& json) {
  return [left = json.get("strip_left", true), right = json.get("strip_right", true)](std::string text) {
    const std::string core = strip(text);
    if (core.empty()) return left || right ? core : text;
    const size_t at = text.find(core);
    const size_t begin = left ? at : 0, end = right ? at + core.size() : text.size();
    return text.substr(begin, end - begin);
  };
}

Normalizer make_one(const JsonView& json) {
  const std::string type = json.at("type").as_string();
  if (type == "Sequence") {
    std::vector<Normalizer> parts;
    const JsonView list = json.at("normalizers");
    for (size_t i = 0; i < list.size(); ++i) parts.push_back(make_one(list.at(i)));
    return [parts](std::string text) {
      for (const Normalizer& part : parts) text = part(std::move(text));
      return text;
    };
  }
  if (type == "Replace") return make_replacement(json);
  if (type == "Prepend")
    return [prefix = json.at("prepend").as_string()](std::string text) {
      return text.empty() ? text : prefix + text;
    };
  if (type == "Strip") return make_strip(json);
  if (type == "Lowercase") return to_lower;
  if (type == "NFC") return unicode_form(icu::Normalizer2::getNFCInstance);
  if (type == "NFD") return unicode_form(icu::Normalizer2::getNFDInstance);
  if (type == "NFKC") return unicode_form(icu::Normalizer2::getNFKCInstance);
  if (type == "NFKD") return unicode_form(icu::Normalizer2::getNFKDInstance);
  json.at("type").fail(str_cat(
      "normalizer \"", type,
      "\" is not supported; supported: Sequence, Replace, Prepend, Strip, Lowercase, NFC, NFD, NFKC, NFKD"));
}

}  // namespace

Normalizer make_replacement(const JsonView& json) {
  const std::string to = json.at("content").as_string();
  const JsonView pattern = json.at("pattern");
  if (pattern.has("String"))
    return [from = pattern.at("String").as_string(), to](const std::string& text) {
      return replace_all(text, from, to);
    };
  const auto compiled = std::make_shared<Pattern>(pattern.at("Regex").as_string(), pattern.place());
  return [compiled, to](const std::string& text) {
    std::string out;
    size_t done = 0;
    compiled->for_each(text, [&](size_t begin, size_t end) {
      out.append(text, done, begin - done).append(to);
      done = end;
    });
    return out.append(text, done);
  };
}

Normalizer make_normalizer(const JsonView& owner, const char* key) {
  if (!owner.has(key)) return [](std::string text) { return text; };
  return make_one(owner.at(key));
}

}  // namespace xlt
