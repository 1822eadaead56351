// SPDX-License-Identifier: Apache-2.0
// Texts that go in circles.
#pragma once

#include <string>
#include <vector>

namespace xlt {

// Whether the words end in one phrase, of two words or more, three times in a row or more often (Holtzman et
// al. 2020, "The curious case of neural text degeneration", section 4.4). One word six times is such a
// phrase.
bool ends_in_repetition(const std::vector<std::string>& words);

}  // namespace xlt
