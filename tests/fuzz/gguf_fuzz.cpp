// SPDX-License-Identifier: Apache-2.0
// A GGUF file as a model: metadata, config, every tensor, the tokenizer, and what is written from it.
#include "fuzz/fuzzing.h"

#include <cstddef>
#include <span>

#include <nlohmann/json.hpp>

#include "xlt/base/gguf.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/weight_source.h"
#include "xlt/text/tokenizer.h"

namespace {

// Each by itself: what one refuses another may read.
template <typename Action>
void attempt(const Action& action) {
  try {
    action();
  } catch (const xlt::Error&) {
  }
}

}  // namespace

XLT_FUZZ {
  xlt::Gguf::parse({reinterpret_cast<const std::byte*>(input.data()), input.size()}, "input");
  const auto file = xlt::fuzzing::write("model.gguf", input);
  const auto source = xlt::open_model_source(file);
  attempt([&] { source->config(); });
  attempt([&] { source->stop_token_ids(); });
  attempt([&] {
    const auto weights = source->weights();
    for (const std::string& name : weights->names()) weights->get(name);
  });
  attempt([&] {
    const auto tokenizer = xlt::load_tokenizer(file);
    tokenizer->decode(tokenizer->encode("Hello <s> wörld 12", xlt::SpecialTokens::kAdd));
  });
  attempt([&] { xlt::copy_files_to_keep(*source, xlt::fuzzing::folder()); });
}
