// A compiled regular expression (PCRE2, UTF-8, Unicode properties, JIT). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace xlt {

class Pattern {
 public:
  // Throws kCheckpoint with `where` if the pattern does not compile.
  Pattern(const std::string& pattern, const std::string& where);
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  // Calls `match(begin, end)` for each match from left to right; empty matches are skipped.
  void for_each(std::string_view text, const std::function<void(size_t begin, size_t end)>& match) const;

 private:
  struct Code;
  std::unique_ptr<Code> code_;
};

}  // namespace xlt
