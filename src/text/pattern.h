// SPDX-License-Identifier: Apache-2.0
// A compiled regular expression (PCRE2, UTF-8, Unicode properties, JIT).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace xlt {

class Pattern {
 public:
  // In Oniguruma's syntax. Throws kCheckpoint with `where` if the pattern does not compile or is longer than
  // any real one.
  Pattern(const std::string& pattern, const std::string& where);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  // Calls `match(begin, end)` for each match from left to right. An empty match counts unless it touches the
  // end of the one before. `text` must be UTF-8. Throws kData where that takes more work or memory than any
  // real tokenizer's pattern would, in proportion to the text.
  void for_each(std::string_view text, const std::function<void(size_t begin, size_t end)>& match) const;

 private:
  struct Code;
  std::unique_ptr<Code> code_;
};

}  // namespace xlt
