// SPDX-License-Identifier: Apache-2.0
// Options, declared once. A struct of options lists its fields in one `visit`; from that list come the
// command-line flags and their help, the config-file reader, the checks and the resolved echo in reports.
//
//   struct TrainOptions {
//     int64_t max_steps = 0;
//     void visit(OptionVisitor& v) {
//       v.field("max_steps", max_steps, "optimizer steps; 0: by epochs", at_least(0));
//     }
//   };
//
// Names are snake_case; the flag is the same in kebab-case (`--max-steps`). The help names neutral values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

// Checks a value that was given; returns what is wrong ("must be at least 1") or an empty string.
struct OptionCheck {
  std::function<std::string(double)> number;
  std::function<std::string(const std::string&)> text;
  std::string describe;  // for help: "one of adamw, rmsprop", "> 0"
};
OptionCheck at_least(double minimum);
OptionCheck more_than(double minimum);
OptionCheck between(double low, double high);        // inclusive
OptionCheck one_of(std::vector<std::string> names);  // a miss names the nearest
// The same check, which refuses `value` with a word on what somebody who gives it wants.
OptionCheck with_advice(OptionCheck check, double value, std::string advice);

class OptionVisitor {
 public:
  virtual ~OptionVisitor() = default;
  virtual void field(const char* name, bool& value, const char* help) = 0;
  virtual void field(const char* name, int64_t& value, const char* help, const OptionCheck& check = {}) = 0;
  virtual void field(const char* name, double& value, const char* help, const OptionCheck& check = {}) = 0;
  virtual void field(const char* name, std::string& value, const char* help,
                     const OptionCheck& check = {}) = 0;
  // Given as a comma-separated list on the command line, as an array (or such a string) in a file.
  virtual void field(const char* name, std::vector<std::string>& value, const char* help,
                     const OptionCheck& check = {}) = 0;
};

// What a visitor was shown about one option; used for help, `xlt validate` and nearest-name errors.
struct OptionDescription {
  std::string name, help, type, default_value, check;
};

// The visitors. `Options` is any struct with `void visit(OptionVisitor&)`.
using VisitFunction = std::function<void(OptionVisitor&)>;
template <typename Options>
VisitFunction visit_of(Options& options) {
  return [&options](OptionVisitor& visitor) { options.visit(visitor); };
}

std::vector<OptionDescription> describe_options(const VisitFunction& visit);
// Resolved values, in declaration order.
Json dump_options(const VisitFunction& visit);
// Sets fields from a JSON object. Unknown keys (nearest name offered), wrong types and failed checks are all
// collected and thrown together as one kConfig error whose message has one line a fault, each with its JSON
// path.
void read_options(const VisitFunction& visit, const Json& object, const std::string& where);
// Sets one field from text ("learning_rate", "3e-4"). Throws kUsage for an unknown name, kConfig for a bad
// value.
void set_option(const VisitFunction& visit, const std::string& name, const std::string& value);

}  // namespace xlt
