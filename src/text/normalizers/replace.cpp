// SPDX-License-Identifier: Apache-2.0
// {"pattern": {"String" | "Regex": …}, "content": …}
#include "text/growth.h"
#include "text/normalizer.h"
#include "text/pattern.h"

#include <memory>

namespace xlt {

namespace {

// Copies `text` with what is found replaced, minding the limit as it goes: one replacement can be as long as
// the file that names it.
class Replacer {
 public:
  Replacer(const std::string& text, const std::string& to, size_t limit)
      : text_(text), to_(to), limit_(limit) {}
  void replace(size_t begin, size_t end) {
    check_growth(out_.size() + (begin - done_) + to_.size(), limit_);
    out_.append(text_, done_, begin - done_).append(to_);
    done_ = end;
  }
  std::string finish() { return std::move(out_.append(text_, done_)); }

 private:
  const std::string &text_, &to_;
  size_t limit_, done_ = 0;
  std::string out_;
};

}  // namespace

NormalizerStep make_replace_normalizer(const JsonView& json) {
  const std::string to = json.at("content").as_string();
  const JsonView pattern = json.at("pattern");
  if (pattern.has("String"))
    return [from = pattern.at("String").as_string(), to](const std::string& text, size_t limit) {
      Replacer replacer(text, to, limit);
      for (size_t at = 0; !from.empty() && (at = text.find(from, at)) != std::string::npos; at += from.size())
        replacer.replace(at, at + from.size());
      return replacer.finish();
    };
  const auto compiled = std::make_shared<Pattern>(pattern.at("Regex").as_string(), pattern.place());
  return [compiled, to](const std::string& text, size_t limit) {
    Replacer replacer(text, to, limit);
    compiled->for_each(text, [&](size_t begin, size_t end) { replacer.replace(begin, end); });
    return replacer.finish();
  };
}

}  // namespace xlt
