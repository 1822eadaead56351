// SPDX-License-Identifier: Apache-2.0
#include "text/normalizer.h"

#include "text/pattern.h"
#include "text/utf8.h"

#include <memory>

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

using NormalizerOf = const icu::Normalizer2* (*)(UErrorCode&);

Normalizer unicode_form(NormalizerOf form) {
  return [form](const std::string& text) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* normalizer = form(status);
    const icu::UnicodeString result = normalizer->normalize(icu::UnicodeString::fromUTF8(text), status);
    if (U_FAILURE(status))
      throw Error(ErrorKind::kInternal, str_cat("Unicode normalisation failed: ", u_errorName(status)));
    std::string out;
    result.toUTF8String(out);
    return out;
  };
}

Normalizer replace_pattern(const JsonView& json) {
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
  if (type == "Replace") return replace_pattern(json);
  if (type == "Prepend")
    return [prefix = json.at("prepend").as_string()](std::string text) {
      return text.empty() ? text : prefix + text;
    };
  if (type == "Strip") {
    // White space is stripped off both ends, which is what every known file asks for.
    if (!json.get("strip_left", true) || !json.get("strip_right", true))
      json.fail("one-sided Strip is not supported");
    return [](const std::string& text) { return strip(text); };
  }
  if (type == "Lowercase")
    return [](const std::string& text) {
      std::string out;
      icu::UnicodeString::fromUTF8(text).toLower(icu::Locale::getRoot()).toUTF8String(out);
      return out;
    };
  if (type == "NFC") return unicode_form(icu::Normalizer2::getNFCInstance);
  if (type == "NFD") return unicode_form(icu::Normalizer2::getNFDInstance);
  if (type == "NFKC") return unicode_form(icu::Normalizer2::getNFKCInstance);
  if (type == "NFKD") return unicode_form(icu::Normalizer2::getNFKDInstance);
  json.at("type").fail(str_cat(
      "normalizer \"", type,
      "\" is not supported; supported: Sequence, Replace, Prepend, Strip, Lowercase, NFC, NFD, NFKC, NFKD"));
}

}  // namespace

Normalizer make_normalizer(const JsonView& owner, const char* key) {
  if (!owner.has(key)) return [](std::string text) { return text; };
  return make_one(owner.at(key));
}

}  // namespace xlt
