// SPDX-License-Identifier: Apache-2.0
// Options that some training methods have and others do not. Each loss declares its own (losses/<name>.cpp);
// those of one name are one option, `beta` say.
//
//   MethodOptions options;
//   set_option(visit_of(options), "beta", "0.3");
//   options.check("sft");            // throws kUsage: "beta" is an option of dpo, not of sft
//
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/registry.h"

namespace xlt {

class Loss;

using OptionValue = std::variant<bool, int64_t, double, std::string, std::vector<std::string>>;

class MethodOptions {
 public:
  MethodOptions();  // of losses.def
  explicit MethodOptions(std::span<const Entry<Loss>> losses) : losses_(losses) {}

  // Every method's options, each once.
  void visit(OptionVisitor& v);
  // The same, by the methods that take them; for the help. Valid as long as this object is.
  struct Group {
    std::vector<std::string> methods;
    VisitFunction visit;
  };
  std::vector<Group> groups();
  // Throws kUsage for a value that `method` does not take, and for an option that it does not have, naming
  // those that do. One that still has its default passes, so that a run's full list of options can be read
  // back.
  void check(const std::string& method) const;
  // Gives a loss its options.
  void apply(Loss& loss) const;

 private:
  // Of every option, in order of first mention.
  struct Known {
    std::string name;
    std::vector<std::string> methods;
    OptionValue fallback;
  };
  std::vector<Known> known() const;
  void check_values(const std::string& method) const;
  void visit_some(OptionVisitor& v, const std::vector<std::string>& names);

  std::span<const Entry<Loss>> losses_;
  std::map<std::string, OptionValue> values_;  // what was set; other options have their default
};

}  // namespace xlt
