// SPDX-License-Identifier: Apache-2.0
// What any model with weights has: a list of its parts, by which weights are placed, loaded, initialised,
// saved, adapted, trained and counted. What it computes is its own affair: decoders and encoders come above.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"

namespace at {
class Tensor;
}

namespace xlt {

class Linear;
class PartVisitor;

// What a tensor is for: how it starts, and what may be done with it.
enum class TensorRole {
  kEmbedding,   // rows are looked up; starts normal(0, initializer_range)
  kMatrix,      // multiplied by; starts normal(0, initializer_range)
  kNorm,        // scales what was normalised; starts at 1
  kNormOffset,  // the same, standing for 1 + weight (Gemma); starts at 0
  kBias,        // added; starts at 0
};

struct NamedLinear {
  std::string name;  // module name on disk: "model.layers.0.self_attn.q_proj"
  Linear* linear;
};
struct NamedParameter {
  std::string name;  // weight name on disk: "model.layers.0.self_attn.q_proj.weight"
  at::Tensor* tensor;
  TensorRole role;
  bool transposed = false;  // on disk a matrix lies as [in, out] (GPT-2), in memory always as [out, in]
};

class WeightedModel {
 public:
  virtual ~WeightedModel() = default;
  // Where its activations are and in which dtype. On the CPU a matrix may be stored in half of float32's
  // bits; whatever changes or saves weights goes by this dtype.
  const Placement& placement() const { return placement_; }
  void set_placement(const Placement& where) { placement_ = where; }
  // Where this one of its parameters is.
  virtual Placement placement_of(const NamedParameter& /*parameter*/) const { return placement_; }
  // Every weight with its name on disk (a tied head is not listed), and every Linear but a decoder's head.
  std::vector<NamedParameter> parameters();
  std::vector<NamedLinear> linears();
  int64_t num_parameters();
  // What config.json must say so that the saved weights load again, where the model differs from what its own
  // config said.
  virtual void update_config(Json& config) const;
  // Whether a checkpoint may hold this tensor though the model has no use for it.
  virtual bool ignores(const std::string& stored_name) const;

 protected:
  // Lists the parts once, in a fixed order (models/part_visitor.h).
  virtual void visit(PartVisitor& visitor) = 0;

 private:
  Placement placement_;
};

// config.json + model.safetensors (one file; temp-file-then-rename). `config_source`: the config.json to
// write along, with the model's dtype.
void save_model(WeightedModel& model, const Json& config_source, const std::filesystem::path& folder);

// Every weight is copied out of the memory map and set to require grad, for finetuning without an adapter.
void train_all_weights(WeightedModel& model);

}  // namespace xlt
