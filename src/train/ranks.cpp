// SPDX-License-Identifier: Apache-2.0
#include "train/ranks.h"

#include <bit>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

// Of gradients that travel together: few operations for many small ones, and what is copied for it stays
// small.
constexpr int64_t kBucketBytes = int64_t{32} << 20;

// Numbers as their bits: JSON knows no infinity, and ranks are to have the same.
Json to_bits(const MetricSums& sums) {
  Json json = Json::array();
  for (const auto& [name, sum] : sums.sums()) json.push_back({name, std::bit_cast<uint64_t>(sum)});
  return json;
}

Placement placement_of(const at::Tensor& tensor) {
  Placement where{.is_cuda = tensor.is_cuda(), .device_index = tensor.is_cuda() ? tensor.get_device() : 0};
  switch (tensor.scalar_type()) {
    case at::kFloat:
      where.dtype = DType::kFloat32;
      break;
    case at::kBFloat16:
      where.dtype = DType::kBFloat16;
      break;
    case at::kHalf:
      where.dtype = DType::kFloat16;
      break;
    default:
      XLT_CHECK(false, "no number of a training is ", toString(tensor.scalar_type()));
  }
  return where;
}

Numbers numbers_of(const at::Tensor& contiguous) {
  return {contiguous.mutable_data_ptr(), contiguous.numel(), placement_of(contiguous)};
}

// Whether any rank has it, of each parameter's gradient.
std::vector<bool> held_by_any(World& world, const std::vector<TrainedTensor>& parameters) {
  std::string own;
  for (const TrainedTensor& parameter : parameters) own += parameter.tensor.grad().defined() ? '1' : '0';
  std::vector<bool> held(parameters.size());
  for (const std::string& of_rank : world.all_gather(own))
    for (size_t i = 0; i < held.size(); ++i) held[i] = held[i] || of_rank.at(i) == '1';
  return held;
}

void sum_bucket_over_ranks(World& world, const std::vector<at::Tensor>& gradients) {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& gradient : gradients) flat.push_back(gradient.reshape({-1}));
  const at::Tensor bucket = at::cat(flat);
  world.all_reduce(numbers_of(bucket));
  int64_t begin = 0;
  for (const at::Tensor& gradient : gradients) {
    gradient.copy_(bucket.narrow(0, begin, gradient.numel()).view(gradient.sizes()));
    begin += gradient.numel();
  }
}

std::vector<at::Tensor> take_gradients(const std::vector<TrainedTensor>& parameters) {
  std::vector<at::Tensor> gradients;
  for (const TrainedTensor& parameter : parameters) {
    at::Tensor& gradient = parameter.tensor.mutable_grad();
    gradients.push_back(gradient);
    gradient.reset();
  }
  return gradients;
}

void add_to_gradients(const std::vector<TrainedTensor>& parameters, std::vector<at::Tensor> first) {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor& gradient = parameters[i].tensor.mutable_grad();
    if (!first[i].defined()) continue;
    if (gradient.defined()) first[i].add_(gradient);
    gradient = std::move(first[i]);
  }
}

}  // namespace

std::vector<MetricSums> for_block(World& world, const Context& context, int64_t count,
                                  const std::function<void(int64_t, MetricSums&)>& work) {
  const Block block = block_of(count, world.rank(), world.world_size());
  std::vector<MetricSums> sums(static_cast<size_t>(block.count));
  on_all_ranks(world, [&] {
    if (world.world_size() > 1) context.throw_if_interrupted();
    for (int64_t i = 0; i < block.count; ++i) {
      if (world.world_size() == 1) context.throw_if_interrupted();
      work(block.begin + i, sums[static_cast<size_t>(i)]);
    }
  });
  return sums;
}

MetricSums summed_over_ranks(World& world, std::span<const MetricSums> own) {
  MetricSums total;
  if (world.world_size() == 1) {
    for (const MetricSums& sums : own)
      for (const auto& [name, sum] : sums.sums()) total.add(name, sum);
    return total;
  }
  Json block = Json::array();
  for (const MetricSums& sums : own) block.push_back(to_bits(sums));
  for (const std::string& bytes : world.all_gather(dump_json(block)))
    for (const Json& sums : parse_json(bytes, "metrics of a rank"))
      for (const Json& sum : sums)
        total.add(sum.at(0).get<std::string>(), std::bit_cast<double>(sum.at(1).get<uint64_t>()));
  return total;
}

// Two are added where the first lies, so they need no copy.
void sum_gradients_by_halves(const std::vector<TrainedTensor>& parameters, int64_t begin, int64_t count,
                             const std::function<void(int64_t)>& add_gradients) {
  if (count <= 2) {
    for (int64_t i = begin; i < begin + count; ++i) add_gradients(i);
    return;
  }
  const int64_t half = first_half(count);
  sum_gradients_by_halves(parameters, begin, half, add_gradients);
  std::vector<at::Tensor> first = take_gradients(parameters);
  sum_gradients_by_halves(parameters, begin + half, count - half, add_gradients);
  add_to_gradients(parameters, std::move(first));
}

void sum_gradients_over_ranks(World& world, const std::vector<TrainedTensor>& parameters) {
  if (world.world_size() == 1) return;
  const at::NoGradGuard no_grad;
  const std::vector<bool> held = held_by_any(world, parameters);
  std::vector<at::Tensor> bucket;
  int64_t bytes = 0;
  const auto send = [&] {
    if (!bucket.empty()) sum_bucket_over_ranks(world, bucket);
    bucket.clear();
    bytes = 0;
  };
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!held[i]) continue;
    const at::Tensor& tensor = parameters[i].tensor;
    at::Tensor& gradient = parameters[i].tensor.mutable_grad();
    // −0, which added to any number leaves its bits.
    if (!gradient.defined()) gradient = at::full(tensor.sizes(), -0.0, tensor.options().requires_grad(false));
    const bool is_alike = bucket.empty() || bucket.front().scalar_type() == gradient.scalar_type();
    if (!is_alike || bytes + static_cast<int64_t>(gradient.nbytes()) > kBucketBytes) send();
    bucket.push_back(gradient);
    bytes += static_cast<int64_t>(gradient.nbytes());
  }
  send();
}

void broadcast_tensors(World& world, const std::vector<at::Tensor>& tensors) {
  if (world.world_size() == 1) return;
  const at::NoGradGuard no_grad;
  for (const at::Tensor& tensor : tensors) {
    XLT_CHECK(tensor.is_contiguous(), "only contiguous tensors travel");
    world.broadcast(numbers_of(tensor.detach()), 0);
  }
}

}  // namespace xlt
