// SPDX-License-Identifier: Apache-2.0
// Unicode's four normalisation forms (UAX #15).
#include "text/normalizer.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

namespace xlt {

namespace {

using FormOf = const icu::Normalizer2* (*)(UErrorCode&);

NormalizerStep unicode_form(FormOf form) {
  return [form](std::string text, size_t) {
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
