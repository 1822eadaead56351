// SPDX-License-Identifier: Apache-2.0
#include "train/trained_tensors.h"

#include <algorithm>

#include "xlt/models/decoder.h"
#include "xlt/nn/linear.h"

namespace xlt {

std::vector<TrainedTensor> trained_tensors(Decoder& decoder) {
  std::vector<TrainedTensor> trained;
  for (const NamedLinear& named : decoder.linears()) {
    if (named.linear->adapter() == nullptr) continue;
    named.linear->adapter()->visit_tensors([&](const char* part, at::Tensor& tensor) {
      if (tensor.requires_grad()) trained.push_back({named.name + "." + part, tensor});
    });
  }
  for (const NamedParameter& parameter : decoder.parameters())
    if (parameter.tensor->requires_grad()) trained.push_back({parameter.name, *parameter.tensor});
  return trained;
}

bool has_adapter(Decoder& decoder) {
  const auto linears = decoder.linears();
  return std::any_of(linears.begin(), linears.end(),
                     [](const NamedLinear& named) { return named.linear->adapter() != nullptr; });
}

bool has_dropout(Decoder& decoder) {
  const auto linears = decoder.linears();
  return std::any_of(linears.begin(), linears.end(), [](const NamedLinear& named) {
    return named.linear->adapter() && named.linear->adapter()->dropout > 0;
  });
}

}  // namespace xlt
