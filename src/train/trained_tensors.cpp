// SPDX-License-Identifier: Apache-2.0
#include "train/trained_tensors.h"

#include <algorithm>

#include "xlt/models/decoder.h"
#include "xlt/nn/linear.h"

namespace xlt {

std::vector<TrainedTensor> trained_tensors(Decoder& decoder) {
  std::vector<TrainedTensor> trained;
  for (const NamedLinear& named : decoder.linears()) {
    const auto& adapter = named.linear->adapter();
    if (!adapter) continue;
    if (adapter->a.requires_grad()) trained.push_back({named.name + ".lora_A", adapter->a});
    if (adapter->b.requires_grad()) trained.push_back({named.name + ".lora_B", adapter->b});
  }
  for (const NamedParameter& parameter : decoder.parameters())
    if (parameter.tensor->requires_grad()) trained.push_back({parameter.name, *parameter.tensor});
  return trained;
}

bool has_adapter(Decoder& decoder) {
  const auto linears = decoder.linears();
  return std::any_of(linears.begin(), linears.end(),
                     [](const NamedLinear& named) { return named.linear->adapter().has_value(); });
}

bool has_dropout(Decoder& decoder) {
  const auto linears = decoder.linears();
  return std::any_of(linears.begin(), linears.end(), [](const NamedLinear& named) {
    return named.linear->adapter() && named.linear->adapter()->dropout > 0;
  });
}

void set_dropout(Decoder& decoder, const std::optional<Rng>& stream) {
  for (const NamedLinear& named : decoder.linears())
    named.linear->set_dropout_stream(stream ? std::optional(stream->fork(named.name)) : std::nullopt);
}

}  // namespace xlt
