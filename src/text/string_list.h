// SPDX-License-Identifier: Apache-2.0
// Many short strings in one allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

class StringList {
 public:
  void push_back(std::string_view text) {
    text_ += text;
    ends_.push_back(text_.size());
  }
  std::string_view operator[](size_t index) const { return joined(index, 1); }
  // `count` strings from `first` on, one at least, as one.
  std::string_view joined(size_t first, size_t count) const {
    const size_t begin = begin_of(first);
    return std::string_view(text_).substr(begin, ends_[first + count - 1] - begin);
  }
  size_t size() const { return ends_.size(); }
  // All strings, end to end, and where one begins in there.
  std::string_view text() const { return text_; }
  size_t begin_of(size_t index) const { return index == 0 ? 0 : ends_[index - 1]; }

 private:
  std::string text_;
  std::vector<size_t> ends_;
};

}  // namespace xlt
