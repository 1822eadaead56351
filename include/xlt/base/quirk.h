// SPDX-License-Identifier: Apache-2.0
// Quirks of the published code (arXiv 2412.14050): what it does that its description would not make you
// expect. One row of quirks.def each, with what `paper` and `corrected` do about it; `xlt ls quirks` prints
// them.
//
//   for (const Quirk& quirk : quirks()) if (quirk.state == QuirkState::kSwitch) …   // for --quirks
//
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xlt {

enum class QuirkState {
  kPaper,   // always part of the paper's scoring, or of the recipe's preset
  kSwitch,  // part of it where `xlt eval --quirks ID` asks for it
  kOption,  // an option of its own reproduces it
  kLeftOut  // not reproduced
};

struct Quirk {
  const char *id, *what;          // "B5"; what the published code does
  const char *paper, *corrected;  // what xlt does in either mode
  QuirkState state;
  const char* reason;  // why it is so; of what is reproduced, the test that shows it: "Suite.Name"
  bool is_reproduced() const { return state != QuirkState::kLeftOut; }
};

// By letter (T training, B bias, M MBBQ, G generation and toxicity, N notebook) and number.
std::span<const Quirk> quirks();
// "in paper mode", "with --quirks B5", "by an option", "left out"
std::string describe_state(const Quirk& quirk);
// Ids that `--quirks` takes.
std::vector<std::string> switchable_quirks();
// Throws kUsage for an id that is unknown, or that is no switch; says what it is then.
void check_quirk_switch(std::string_view id);

}  // namespace xlt
