// SPDX-License-Identifier: Apache-2.0
#include "cli/standard_input.h"

#include <algorithm>
#include <string_view>

namespace xlt::cli {

namespace {

constexpr std::string_view kRowOptions[] = {"completions", "data",    "eval_data",
                                            "input",       "prompts", "probe_prompts"};

bool names_rows(std::string_view option) {
  return std::find(std::begin(kRowOptions), std::end(kRowOptions), option) != std::end(kRowOptions);
}

class StandardInput : public OptionVisitor {
 public:
  void field(const char*, bool&, const char*) override {}
  void field(const char*, int64_t&, const char*, const OptionCheck&) override {}
  void field(const char*, double&, const char*, const OptionCheck&) override {}
  void field(const char* name, std::string& value, const char*, const OptionCheck&) override {
    if (names_rows(name)) resolve(value);
  }
  void field(const char* name, std::vector<std::string>& values, const char*, const OptionCheck&) override {
    if (names_rows(name))
      for (std::string& value : values) resolve(value);
  }

 private:
  static void resolve(std::string& value) {
    if (value == "-") value = "/dev/stdin";
  }
};

}  // namespace

void resolve_standard_input(const VisitFunction& visit) {
  StandardInput input;
  visit(input);
}

}  // namespace xlt::cli
