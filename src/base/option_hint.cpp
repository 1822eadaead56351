// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/option_hint.h"

#include <algorithm>
#include <cctype>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

struct ForeignOption {
  const char *name, *ours, *note;
};
constexpr ForeignOption kForeignOptions[] = {
#define X(name, ours, note) {#name, ours, note},
#include "base/foreign_options.def"
#undef X
};

// "--Warmup-Ratio" → "warmup_ratio"
std::string bare_name(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  std::string bare(name);
  for (char& c : bare) c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return bare;
}

// A name of another tool may stand for one option here and for another there: the first that is known.
std::string foreign_hint(std::string_view name, const std::vector<std::string>& known) {
  const std::string bare = bare_name(name);
  for (const ForeignOption& foreign : kForeignOptions) {
    if (bare != foreign.name) continue;
    if (*foreign.ours == '\0') return str_cat("there is none here: ", foreign.note, ".");
    const auto ours = std::find_if(known.begin(), known.end(),
                                   [&](const std::string& one) { return bare_name(one) == foreign.ours; });
    if (ours == known.end()) continue;
    const std::string note = *foreign.note == '\0' ? "" : str_cat(" (", foreign.note, ")");
    return str_cat("did you mean \"", *ours, "\"", note, "?");
  }
  return "";
}

}  // namespace

std::string option_hint(std::string_view name, const std::vector<std::string>& known) {
  if (std::string hint = foreign_hint(name, known); !hint.empty()) return hint;
  const std::string near = nearest_name(name, known);
  return near.empty() ? "" : str_cat("did you mean \"", near, "\"?");
}

std::string unknown_option_message(std::string_view name, const std::vector<std::string>& known) {
  std::string message = str_cat("unknown option \"", name, "\"; ");
  if (const std::string hint = option_hint(name, known); !hint.empty()) message += hint + " ";
  return message + "available: " + join(known);
}

}  // namespace xlt
