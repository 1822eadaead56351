// SPDX-License-Identifier: Apache-2.0
#include "train/ranks.h"

#include <exception>

#include <ATen/ops/zeros_like.h>

namespace xlt {

void for_share(World& world, const Context& context, int64_t count,
               const std::function<void(int64_t)>& work) {
  std::exception_ptr error;
  try {
    if (world.world_size() > 1) context.throw_if_interrupted();
    for (const int64_t i : share_of(count, world)) {
      if (world.world_size() == 1) context.throw_if_interrupted();
      work(i);
    }
  } catch (...) {
    error = std::current_exception();
  }
  throw_on_all_ranks(world, error);
}

void sum_gradients_over_ranks(World& world, const std::vector<TrainedTensor>& parameters) {
  if (world.world_size() == 1) return;
  std::vector<double> holders;  // ranks that have each gradient
  for (const TrainedTensor& parameter : parameters)
    holders.push_back(parameter.tensor.grad().defined() ? 1 : 0);
  world.all_reduce(std::span<double>(holders));
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (holders[i] == 0) continue;
    at::Tensor& gradient = parameters[i].tensor.mutable_grad();
    if (!gradient.defined()) gradient = at::zeros_like(parameters[i].tensor);
    // Summed in float32 on the CPU, whatever it is and wherever it lies.
    const at::Tensor sum = gradient.detach().to(at::kCPU, at::kFloat).contiguous();
    world.all_reduce(std::span<float>(sum.mutable_data_ptr<float>(), static_cast<size_t>(sum.numel())));
    gradient.copy_(sum);
  }
}

MetricSums summed_over_ranks(World& world, const MetricSums& metrics) {
  if (world.world_size() == 1) return metrics;
  MetricSums total;
  total.add_weight(metrics.weight());
  for (const std::string& bytes : world.all_gather(dump_json(metrics.to_json()))) {
    const Json json = parse_json(bytes, "metrics of a rank");
    const MetricSums of_rank = MetricSums::from_json(JsonView(json, "metrics of a rank"));
    for (const auto& [name, sum] : of_rank.sums()) total.add(name, sum);
  }
  return total;
}

}  // namespace xlt
