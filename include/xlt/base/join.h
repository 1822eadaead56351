// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

namespace xlt {

// One more at the end of a list; the separator only where something stands before it.
inline void append_item(std::string& list, std::string_view item, std::string_view separator = ", ") {
  if (!list.empty()) list += separator;
  list += item;
}

// The texts of a range with a separator between them, empty ones too. text_of gives an element's text, as a
// projection of std::ranges does; a Json that is a text is one.
//   join(names)                                // "a, b, c"
//   join(formats, "; ", &ChatFormat::name)
template <typename Range, typename TextOf = std::identity>
std::string join(const Range& range, std::string_view separator = ", ", TextOf text_of = {}) {
  std::string list;
  std::string_view before;
  for (const auto& element : range) {
    const auto& text = std::invoke(text_of, element);
    list += before;
    if constexpr (std::is_convertible_v<decltype(text), std::string_view>)
      list += std::string_view(text);
    else  // a Json, which whoever has one includes
      list += text.template get_ref<const std::string&>();
    before = separator;
  }
  return list;
}

}  // namespace xlt
