// SPDX-License-Identifier: Apache-2.0
// Unicode's four normalisation forms (UAX #15).
#include "text/normalizer.h"
#include "text/unicode_age.h"

#include <memory>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uniset.h>

namespace xlt {

namespace {

using FormOf = const icu::Normalizer2* (*)(UErrorCode&);

void check(UErrorCode status) {
  if (U_FAILURE(status))
    throw Error(ErrorKind::kInternal, str_cat("Unicode normalisation failed: ", u_errorName(status)));
}

// What has come to Unicode since is left as it is.
const icu::UnicodeSet& known_characters() {
  static const icu::UnicodeSet set = [] {
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeSet known(icu::UnicodeString(str_cat("[:age=", kUnicodeOfNormalization, ".0:]").c_str()),
                          status);
    check(status);
    known.freeze();
    return known;
  }();
  return set;
}

NormalizerStep unicode_form(FormOf form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* whole = form(status);
  check(status);
  const auto known = std::make_shared<icu::FilteredNormalizer2>(*whole, known_characters());
  return [whole, known](std::string text, size_t) {
    UErrorCode status = U_ZERO_ERROR;
    if (whole->isNormalizedUTF8(text, status)) return text;
    std::string out;
    icu::StringByteSink<std::string> sink(&out);
    known->normalizeUTF8(0, text, sink, nullptr, status);
    check(status);
    return out;
  };
}

}  // namespace

NormalizerStep make_nfc_normalizer(const JsonView&) { return unicode_form(icu::Normalizer2::getNFCInstance); }
NormalizerStep make_nfd_normalizer(const JsonView&) { return unicode_form(icu::Normalizer2::getNFDInstance); }
NormalizerStep make_nfkc_normalizer(const JsonView&) {
  return unicode_form(icu::Normalizer2::getNFKCInstance);
}
NormalizerStep make_nfkd_normalizer(const JsonView&) {
  return unicode_form(icu::Normalizer2::getNFKDInstance);
}

}  // namespace xlt
