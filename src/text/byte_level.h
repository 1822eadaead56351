// SPDX-License-Identifier: Apache-2.0
// GPT-2's alphabet: every byte as a printable character.
#pragma once

#include <string>
#include <string_view>

namespace xlt {

std::string bytes_to_characters(std::string_view bytes);
// Appends the bytes `characters` stand for; false (nothing appended) if one stands for none.
bool append_bytes(std::string_view characters, std::string& bytes);

}  // namespace xlt
