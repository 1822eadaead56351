// SPDX-License-Identifier: Apache-2.0
#include "text/pattern.h"

#include "text/pattern_syntax.h"
#include "text/utf8.h"

#include <algorithm>
#include <ctime>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

// A stranger's pattern may search a text of a page for hours. Those of real tokenizers go back over a
// character a few times at most and take some 0.1 µs a byte, so these bounds are far away from them. The
// library counts not every step that goes back, hence the look at the clock: this thread's own, so that a
// busy machine changes nothing.
constexpr size_t kMostPatternBytes = 1 << 16;
constexpr size_t kFewBacktracks = 1'000'000, kBacktracksPerByte = 16;
constexpr size_t kFewHeapBytes = 64 << 20, kHeapBytesPerByte = 512;
constexpr double kFewSeconds = 1, kSecondsPerByte = 5e-6;
constexpr int64_t kMatchesBetweenLooks = 64;
constexpr size_t kShortText = 1 << 12;

using Limits = std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)>;

Limits limits_for(size_t bytes) {
  Limits limits(pcre2_match_context_create(nullptr), pcre2_match_context_free);
  const auto saturated = [](size_t count) {
    return static_cast<uint32_t>(std::min<size_t>(count, UINT32_MAX));
  };
  pcre2_set_match_limit(limits.get(), saturated(kFewBacktracks + kBacktracksPerByte * bytes));
  pcre2_set_heap_limit(limits.get(), saturated((kFewHeapBytes + kHeapBytesPerByte * bytes) / 1024));
  return limits;
}

double thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

[[noreturn]] void give_up(size_t bytes, const std::string& why) {
  throw Error(ErrorKind::kData, str_cat("a regular expression of the tokenizer gave up on a text of ", bytes,
                                        " bytes (", why, ")"));
}

// Looks at the clock now and then.
class Stopwatch {
 public:
  explicit Stopwatch(size_t bytes) : bytes_(bytes) {}
  void count_match() {
    if (++num_matches_ % kMatchesBetweenLooks != 0) return;
    const double now = thread_seconds();
    if (num_matches_ == kMatchesBetweenLooks) begin_ = now;
    if (now - begin_ > kFewSeconds + kSecondsPerByte * static_cast<double>(bytes_))
      give_up(bytes_, "it takes too long");
  }

 private:
  size_t bytes_;
  int64_t num_matches_ = 0;
  double begin_ = 0;
};

}  // namespace

struct Pattern::Code {
  pcre2_code* code = nullptr;
  Limits limits = limits_for(kShortText);  // of the usual text, so that it need not make its own
  ~Code() { pcre2_code_free(code); }
};

Pattern::Pattern(const std::string& pattern, const std::string& where) : code_(std::make_unique<Code>()) {
  if (pattern.size() > kMostPatternBytes)
    throw Error(ErrorKind::kCheckpoint,
                str_cat("a regular expression of ", pattern.size(), " bytes; at most ", kMostPatternBytes),
                where);
  const std::string translated = to_pcre2_syntax(pattern, where);
  int error = 0;
  PCRE2_SIZE offset = 0;
  // ^ and $ are the ends of a line to Oniguruma. \C could end a match within a character.
  code_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                              PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error,
                              &offset, nullptr);
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
  const Limits own_limits =
      text.size() <= kShortText ? Limits(nullptr, pcre2_match_context_free) : limits_for(text.size());
  pcre2_match_context* limits = own_limits ? own_limits.get() : code_->limits.get();
  const auto search = [&](size_t at, uint32_t options) {
    return pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                       PCRE2_NO_UTF_CHECK | options, data.get(), limits);
  };
  Stopwatch stopwatch(text.size());
  size_t last_end = std::string_view::npos;
  for (size_t at = 0; at <= text.size();) {
    int result = search(at, 0);
    // The interpreter takes its memory from the heap, so it goes on where JIT's small stack is used up.
    if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = search(at, PCRE2_NO_JIT);
    if (result == PCRE2_ERROR_NOMATCH) return;
    if (result < 0) give_up(text.size(), str_cat("PCRE2 error ", result));
    const size_t begin = bounds[0], end = bounds[1];
    // \K can move the begin to anywhere.
    if (begin < (last_end == std::string_view::npos ? 0 : last_end) || begin > end)
      give_up(text.size(), "it finds what it has passed");
    stopwatch.count_match();
    if (begin == end && end == last_end) {
      at = end < text.size() ? end + utf8_length(text[end]) : end + 1;
      continue;
    }
    match(begin, end);
    at = last_end = end;
  }
}

}  // namespace xlt
