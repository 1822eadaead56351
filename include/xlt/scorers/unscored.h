// SPDX-License-Identifier: Apache-2.0
// Why something could not be measured: a code of reasons.def, with what it is about. Absent is not zero, so
// every place that may lack a number holds one of these.
//
//   item.unscored = {Reason::kNoWordList, "sw"};    // reads "no word list for sw"
//
#pragma once

#include <string>
#include <string_view>

namespace xlt {

enum class Reason {
  kNone,  // nothing is missing
#define X(code, sentence) code,
#include "xlt/scorers/reasons.def"
#undef X
};

struct Unscored {
  Reason code = Reason::kNone;
  std::string subject = {};  // takes the place of {} in the code's sentence

  bool empty() const { return code == Reason::kNone; }
  // As reports show it; empty for kNone. Stable: reports are compared by it.
  std::string text() const;
  bool operator==(const Unscored&) const = default;
};

// Whether a scorer did not answer as it should have, whatever the text.
bool is_fault(Reason code);

// The Unscored whose text this is; a text of no code's becomes kOther.
Unscored parse_unscored(std::string_view text);

}  // namespace xlt
