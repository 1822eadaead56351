// SPDX-License-Identifier: Apache-2.0
// One option from text, as flags and `--set` give it.
#include "base/option_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "xlt/base/config.h"
#include "xlt/base/error.h"
#include "xlt/base/option_hint.h"

namespace xlt {

namespace {

std::string snake_case(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// The whole of `text` as a number, whatever the locale; false where it is none or does not fit.
template <typename Number>
bool parse_number(const std::string& text, Number& value) {
  const char* end = text.data() + text.size();
  const auto [used, code] = std::from_chars(text.data(), end, value);
  return code == std::errc() && used == end;
}

class TextSetter : public OptionVisitor {
 public:
  TextSetter(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {}

  void field(const char* name, bool& value, const char*) override {
    if (!is(name)) return;
    if (text_ != "true" && text_ != "false") throw_expected("true or false");
    value = text_ == "true";
  }
  void field(const char* name, int64_t& value, const char*, const OptionCheck& check) override {
    if (!is(name)) return;
    int64_t number = 0;
    if (!parse_number(text_, number)) throw_expected("an integer");
    refuse_number(fault_of(check, static_cast<double>(number)));
    value = number;
  }
  void field(const char* name, double& value, const char*, const OptionCheck& check) override {
    if (!is(name)) return;
    double number = 0;
    if (!parse_number(text_, number) || !std::isfinite(number)) throw_expected("a finite number");
    refuse_number(fault_of(check, number));
    value = number;
  }
  void field(const char* name, std::string& value, const char*, const OptionCheck& check) override {
    if (!is(name)) return;
    refuse(fault_of(check, text_));
    value = text_;
  }
  void field(const char* name, std::vector<std::string>& value, const char*,
             const OptionCheck& check) override {
    if (!is(name)) return;
    const std::vector<std::string> items = split_list(text_);
    for (const std::string& item : items) refuse(fault_of(check, item));
    value = items;
  }

  bool found = false;
  std::vector<std::string> known;

 private:
  bool is(const char* name) {
    known.emplace_back(name);
    found = found || name_ == name;
    return name_ == name;
  }
  [[noreturn]] void throw_expected(const char* what) const {
    throw Error(ErrorKind::kConfig, str_cat("expected ", what, ", found \"", text_, "\""), name_);
  }
  // A number is named as it was typed, too, where that differs ("-1e-3" is told as -0.001).
  void refuse_number(const std::string& fault) const {
    const bool is_told = fault.empty() || fault.ends_with(" " + text_);
    refuse(is_told ? fault : str_cat(fault, ", given as \"", text_, "\""));
  }
  void refuse(const std::string& fault) const {
    if (!fault.empty()) throw Error(ErrorKind::kConfig, fault, name_);
  }

  std::string name_, text_;
};

}  // namespace

void set_option(const VisitFunction& visit, const std::string& name, const std::string& value) {
  TextSetter setter(snake_case(name), value);
  visit(setter);
  if (!setter.found) throw Error(ErrorKind::kUsage, unknown_option_message(snake_case(name), setter.known));
}

}  // namespace xlt
