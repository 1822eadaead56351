// SPDX-License-Identifier: Apache-2.0
#include "text/pattern.h"

#include "text/pattern_syntax.h"
#include "text/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "xlt/base/error.h"

namespace xlt {

struct Pattern::Code {
  pcre2_code* code = nullptr;
  ~Code() { pcre2_code_free(code); }
};

Pattern::Pattern(const std::string& pattern, const std::string& where) : code_(std::make_unique<Code>()) {
  const std::string translated = to_pcre2_syntax(pattern, where);
  int error = 0;
  PCRE2_SIZE offset = 0;
  // ^ and $ are the ends of a line to Oniguruma.
  code_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                              PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, nullptr);
  if (!code_->code) {
    char message[256] = {};
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(message), sizeof message);
    throw Error(ErrorKind::kCheckpoint,
                str_cat("malformed regular expression: ", message, "; at byte ", offset, " of ", translated),
                where);
  }
  pcre2_jit_compile(code_->code, PCRE2_JIT_COMPLETE);  // without JIT the interpreter runs
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;

void Pattern::for_each(std::string_view text, const std::function<void(size_t, size_t)>& match) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(code_->code, nullptr), pcre2_match_data_free);
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
  const auto search = [&](size_t at, uint32_t options) {
    return pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                       PCRE2_NO_UTF_CHECK | options, data.get(), nullptr);
  };
  size_t last_end = std::string_view::npos;
  for (size_t at = 0; at <= text.size();) {
    int result = search(at, 0);
    // The interpreter takes its memory from the heap, so it goes on where JIT's small stack is used up.
    if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = search(at, PCRE2_NO_JIT);
    if (result == PCRE2_ERROR_NOMATCH) return;
    if (result < 0)
      throw Error(ErrorKind::kData, str_cat("a regular expression gave up on a text of ", text.size(),
                                            " bytes (PCRE2 error ", result, ")"));
    const size_t begin = bounds[0], end = bounds[1];
    if (begin == end && end == last_end) {
      at = end < text.size() ? end + utf8_length(text[end]) : end + 1;
      continue;
    }
    match(begin, end);
    at = last_end = end;
  }
}

}  // namespace xlt
