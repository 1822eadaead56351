// SPDX-License-Identifier: Apache-2.0
// A config file's options, and one `name=value` after a zero byte.
#include "fuzz/fuzzing.h"

#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/json.h"

namespace {
struct Options {
  bool flag = false;
  int64_t count = 1;
  double rate = 0.5;
  std::string name = "a";
  std::vector<std::string> list;
  void visit(xlt::OptionVisitor& v) {
    v.field("flag", flag, "a switch");
    v.field("count", count, "a number", xlt::at_least(1));
    v.field("rate", rate, "a share", xlt::between(0, 1));
    v.field("name", name, "a name", xlt::one_of({"a", "b"}));
    v.field("list", list, "names");
  }
};
}  // namespace

XLT_FUZZ {
  Options options;
  const std::string_view file = xlt::fuzzing::next_part(input), name = xlt::fuzzing::next_part(input);
  try {
    xlt::set_option(xlt::visit_of(options), std::string(name), std::string(input));
  } catch (const xlt::Error&) {
  }
  xlt::read_options(xlt::visit_of(options), xlt::parse_json(file, "config", xlt::ErrorKind::kConfig, true),
                    "config");
  xlt::dump_options(xlt::visit_of(options));
}
