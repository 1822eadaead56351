// SPDX-License-Identifier: Apache-2.0
// What the tokenizers of a chat format's models have.
#pragma once

#include <string>

#include "xlt/text/chat_template.h"

namespace xlt {

// Of a template that load_chat_template made of a format's name: its marker ("<|im_start|>"), which is one
// token in the tokenizers of its models. Empty: their markers are spelt as text, or it is no such format.
std::string token_of_format(const ChatTemplate& chat);

}  // namespace xlt
