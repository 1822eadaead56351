// SPDX-License-Identifier: Apache-2.0
// The backward pass runs a backward pass of its own, through one layer at a time.
#include "models/checkpointed_layer.h"

#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace xlt {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// A function among what autograd keeps.
struct Held : torch::CustomClassHolder {
  explicit Held(LayerFunction function) : layer(std::move(function)) {}
  LayerFunction layer;
};

std::optional<at::Tensor> given_or_none(const at::Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

tensor_list parts_of(const LayerState& state) {
  tensor_list parts{state.x};
  if (state.normed.defined()) parts.push_back(state.normed);
  return parts;
}

// The same values, as where a graph begins.
at::Tensor leaf_of(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.detach().set_requires_grad(tensor.requires_grad()) : tensor;
}

class CheckpointedLayer : public torch::autograd::Function<CheckpointedLayer> {
 public:
  // `trained` requires gradients where neither of the others does: what the layer holds may.
  static tensor_list forward(AutogradContext* context, const at::Tensor& x,
                             const std::optional<at::Tensor>& normed, const at::Tensor& /*trained*/,
                             const LayerFunction& layer) {
    context->set_materialize_grads(false);
    context->save_for_backward({x, normed.value_or(at::Tensor())});
    context->saved_data["layer"] = c10::IValue::make_capsule(c10::make_intrusive<Held>(layer));
    return parts_of(layer({x, normed.value_or(at::Tensor())}));
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const auto held = context->saved_data["layer"].toCapsule();
    const LayerState given{leaf_of(saved[0]), leaf_of(saved[1])};
    tensor_list outputs, output_gradients;
    {
      const at::AutoGradMode with_gradients(true);
      const tensor_list again = parts_of(static_cast<const Held&>(*held).layer(given));
      for (size_t i = 0; i < again.size(); ++i)
        if (gradients[i].defined() && again[i].requires_grad()) {
          outputs.push_back(again[i]);
          output_gradients.push_back(gradients[i]);
        }
    }
    if (!outputs.empty()) torch::autograd::backward(outputs, output_gradients);
    return {given.x.grad(), given.normed.defined() ? given.normed.grad() : at::Tensor(), {}, {}};
  }
};

}  // namespace

LayerState checkpointed(const LayerFunction& layer, LayerState given) {
  const at::Tensor trained = at::empty({0}, given.x.options().requires_grad(false)).set_requires_grad(true);
  const tensor_list parts = CheckpointedLayer::apply(given.x, given_or_none(given.normed), trained, layer);
  return {parts[0], parts.size() > 1 ? parts[1] : at::Tensor()};
}

}  // namespace xlt
