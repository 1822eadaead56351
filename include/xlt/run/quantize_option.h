// SPDX-License-Identifier: Apache-2.0
// --quantize: in how many bits the matrices of a model are held.
#pragma once

#include <string>

#include "xlt/base/config.h"

namespace xlt {

void visit_quantize(OptionVisitor& v, std::string& quantize);
// Of commands that train nothing: a GGUF file's own bits, too.
void visit_quantize_or_stored(OptionVisitor& v, std::string& quantize);

}  // namespace xlt
