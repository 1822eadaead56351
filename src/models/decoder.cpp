// SPDX-License-Identifier: Apache-2.0
// What every decoder can do with the list of its parts.
#include "xlt/models/decoder.h"

#include <ATen/core/Tensor.h>

#include "xlt/base/error.h"
#include "xlt/nn/kv_cache.h"
#include "xlt/nn/linear.h"
#include "xlt/ops/head/token_logps.h"
#include "xlt/ops/scalar_type.h"

namespace xlt {

std::vector<NamedParameter> Decoder::parameters() {
  std::vector<NamedParameter> parameters;
  visit(
      [&](const std::string& name, at::Tensor& tensor) {
        parameters.push_back({name, &tensor});
      },
      [&](const std::string& name, Linear& linear) {
        parameters.push_back({name + ".weight", &linear.weight()});
        if (linear.bias().defined()) parameters.push_back({name + ".bias", &linear.bias()});
      });
  return parameters;
}

std::vector<NamedLinear> Decoder::linears() {
  std::vector<NamedLinear> linears;
  visit([](const std::string&, at::Tensor&) {},
        [&](const std::string& name, Linear& linear) {
          linears.push_back({name, &linear});
        });
  return linears;
}

ops::HeadOptions Decoder::head_options() const {
  ops::HeadOptions options;
  options.softcap = config_.final_logit_softcapping.value_or(0.0);
  return options;
}

std::unique_ptr<KvCache> Decoder::make_cache(int64_t capacity) {
  return std::make_unique<KvCache>(config_.num_hidden_layers, capacity, config_.num_key_value_heads,
                                   config_.head_dim, tensor_options(placement_));
}

void Decoder::check_tokens(std::span<const int64_t> ids) const {
  for (const int64_t id : ids)
    if (id < 0 || id >= config_.vocab_size)
      throw Error(ErrorKind::kCheckpoint,
                  str_cat("the tokenizer gave token ", id, "; the model has ", config_.vocab_size,
                          ": tokenizer and weights are not of one model"),
                  "config.json: vocab_size");
}

int64_t Decoder::num_parameters() {
  int64_t count = 0;
  for (const NamedParameter& parameter : parameters()) count += parameter.tensor->numel();
  return count;
}

}  // namespace xlt
