// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/quantize_option.h"

#include "xlt/nn/linear_weight.h"  // quantizations

namespace xlt {

namespace {

std::vector<std::string> words() {
  std::vector<std::string> words = names_of(quantizations());
  words.insert(words.begin(), "none");
  return words;
}

}  // namespace

void visit_quantize(OptionVisitor& v, std::string& quantize) {
  v.field(
      "quantize", quantize,
      "hold the weights of all linear layers but the head in few bits: nf4: as bitsandbytes makes them, with "
      "double quantisation; none: as they are stored",
      one_of(words()));
}

void visit_quantize_or_stored(OptionVisitor& v, std::string& quantize) {
  std::vector<std::string> names = words();
  names.push_back("stored");
  v.field(
      "quantize", quantize,
      "hold the weights of all linear layers but the head in few bits: nf4: as bitsandbytes makes them, with "
      "double quantisation; none: as they are stored, a GGUF file's blocks as the values that they stand "
      "for; stored: of a .gguf file, on a CPU: those blocks too, head and embedding among them: the same "
      "results in the memory of the file, at half to all of the speed of generation",
      one_of(names));
}

}  // namespace xlt
