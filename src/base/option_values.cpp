// SPDX-License-Identifier: Apache-2.0
// The checks that options name, and lists in text.
#include "base/option_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/registry.h"

namespace xlt {

std::string fault_of(const OptionCheck& check, double value) {
  return check.number ? check.number(value) : "";
}
std::string fault_of(const OptionCheck& check, const std::string& value) {
  return check.text ? check.text(value) : "";
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\\,") == 0) {
      items.back() += text[++i];
    } else if (text[i] == ',') {
      items.emplace_back();
    } else {
      items.back() += text[i];
    }
  }
  std::erase(items, "");
  return items;
}

// "1000000" and "0.0001", not "1e+06" and the digits of the nearest binary fraction.
static std::string number_text(double value) {
  std::array<char, 32> text{};
  const bool is_plain = std::abs(value) < 1e15 && value == std::floor(value);
  std::snprintf(text.data(), text.size(), is_plain ? "%.0f" : "%.6g", value);
  return text.data();
}

OptionCheck at_least(double minimum) {
  const auto fault = [=](double value) {
    return value >= minimum ? ""
                            : str_cat("must be at least ", number_text(minimum), ", is ", number_text(value));
  };
  return {fault, {}, "≥ " + number_text(minimum)};
}

OptionCheck more_than(double minimum) {
  const auto fault = [=](double value) {
    return value > minimum ? ""
                           : str_cat("must be more than ", number_text(minimum), ", is ", number_text(value));
  };
  return {fault, {}, "> " + number_text(minimum)};
}

OptionCheck between(double low, double high) {
  const auto fault = [=](double value) {
    return value >= low && value <= high ? ""
                                         : str_cat("must be between ", number_text(low), " and ",
                                                   number_text(high), ", is ", number_text(value));
  };
  return {fault, {}, number_text(low) + " … " + number_text(high)};
}

OptionCheck with_advice(OptionCheck check, double value, std::string advice) {
  const auto fault = [inner = check.number, value, advice = std::move(advice)](double given) {
    const std::string found = inner(given);
    return found.empty() || given != value ? found : str_cat(advice, "; ", found);
  };
  check.number = fault;
  return check;
}

OptionCheck one_of(std::vector<std::string> names) {
  std::string describe = join(names);
  const auto fault = [names = std::move(names)](const std::string& value) -> std::string {
    if (std::find(names.begin(), names.end(), value) != names.end()) return "";
    return unknown_name_message("value", value, names);
  };
  return {{}, fault, std::move(describe)};
}

}  // namespace xlt
