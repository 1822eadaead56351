// SPDX-License-Identifier: Apache-2.0
#include "models/held_bytes.h"

#include "models/load_weights.h"

#include <set>
#include <string>

#include <ATen/core/Tensor.h>

namespace xlt {

namespace {

// Codes, a float32 scale of every 64, and beside it the byte that it was made of with a scale of every 256.
int64_t bytes_in_nf4(int64_t count) {
  const int64_t blocks = (count + 63) / 64;
  return (count + 1) / 2 + 5 * blocks + 4 * ((blocks + 255) / 256);
}

}  // namespace

std::vector<HeldBytes> held_bytes(WeightedModel& model, const WeightSource& weights, const Placement& where) {
  std::set<std::string> of_linears;
  for (const NamedLinear& named : model.linears()) of_linears.insert(named.name + ".weight");
  std::vector<HeldBytes> list;
  for (const NamedParameter& parameter : model.parameters()) {
    const std::string name = stored_name(weights, parameter.name);
    HeldBytes held{.in_blocks = weights.block_bytes(name)};
    if (of_linears.contains(parameter.name) && weights.holds_nf4(name))
      held.all = held.in_few_bits = bytes_in_nf4(parameter.tensor->numel());
    else if (held.in_blocks > 0)
      held.all = held.in_blocks;
    else
      held.all = bytes_in_memory(*parameter.tensor, weights.dtype(name), where);
    list.push_back(held);
  }
  return list;
}

std::vector<int64_t> all_held_bytes(WeightedModel& model, const WeightSource& weights,
                                    const Placement& where) {
  check_weights(model, weights, Context{});
  std::vector<int64_t> bytes;
  for (const HeldBytes& held : held_bytes(model, weights, where)) bytes.push_back(held.all);
  return bytes;
}

}  // namespace xlt
