// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/quirk.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/join.h"
#include "xlt/base/registry.h"

namespace xlt {

namespace {

constexpr Quirk kQuirks[] = {
#define X(id, what, paper, corrected, state, reason) {#id, what, paper, corrected, QuirkState::state, reason},
#include "base/quirks.def"
#undef X
};

}  // namespace

std::span<const Quirk> quirks() { return kQuirks; }

std::string describe_state(const Quirk& quirk) {
  switch (quirk.state) {
    case QuirkState::kPaper:
      return "in paper mode";
    case QuirkState::kSwitch:
      return str_cat("with --quirks ", quirk.id);
    case QuirkState::kOption:
      return "by an option";
    case QuirkState::kLeftOut:
      return "left out";
  }
  return {};
}

std::vector<std::string> switchable_quirks() {
  std::vector<std::string> ids;
  for (const Quirk& quirk : kQuirks)
    if (quirk.state == QuirkState::kSwitch) ids.emplace_back(quirk.id);
  return ids;
}

void check_quirk_switch(std::string_view id) {
  const auto found = std::find_if(std::begin(kQuirks), std::end(kQuirks),
                                  [&](const Quirk& quirk) { return id == quirk.id; });
  if (found == std::end(kQuirks)) throw_unknown_name("quirk", id, switchable_quirks());
  if (found->state == QuirkState::kSwitch) return;
  throw Error(ErrorKind::kUsage, str_cat("quirk ", id, " cannot be switched: it is ", describe_state(*found),
                                         " (", found->is_reproduced() ? found->paper : found->reason,
                                         "); --quirks takes ", join(switchable_quirks())));
}

}  // namespace xlt
