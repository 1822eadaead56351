// SPDX-License-Identifier: Apache-2.0
#include "xlt/checkpoint/quantized_source.h"

#include <utility>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"
#include "xlt/checkpoint/weight_source.h"

namespace xlt {

namespace {

// All but what it says of NF4 is the other source's.
class SameWeights : public WeightSource {
 public:
  explicit SameWeights(std::unique_ptr<WeightSource> stored) : stored_(std::move(stored)) {}
  std::vector<std::string> names() const override { return stored_->names(); }
  bool has(const std::string& name) const override { return stored_->has(name); }
  std::vector<int64_t> shape(const std::string& name) const override { return stored_->shape(name); }
  std::string dtype(const std::string& name) const override { return stored_->dtype(name); }
  std::string place(const std::string& name) const override { return stored_->place(name); }
  at::Tensor get(const std::string& name) const override { return stored_->get(name); }

 protected:
  std::unique_ptr<WeightSource> stored_;
};

class Nf4Weights final : public SameWeights {
 public:
  using SameWeights::SameWeights;
  bool holds_nf4(const std::string& name) const override { return shape(name).size() == 2; }
  std::optional<ops::Nf4Weight> nf4(const std::string& name, bool is_transposed) const override {
    if (auto weight = stored_->nf4(name, is_transposed)) return weight;
    const at::Tensor matrix = get(name);
    if (matrix.dim() != 2 || !matrix.is_floating_point()) return std::nullopt;
    return ops::nf4_quantize_double(is_transposed ? matrix.t() : matrix);
  }
};

class QuantizedSource final : public ModelSource {
 public:
  QuantizedSource(std::unique_ptr<ModelSource> source, bool in_nf4)
      : source_(std::move(source)), in_nf4_(in_nf4) {}

  const std::filesystem::path& path() const override { return source_->path(); }
  Json config() const override {
    Json config = source_->config();
    if (!in_nf4_) config.erase("quantization_config");
    return config;
  }
  std::string config_place() const override { return source_->config_place(); }
  std::unique_ptr<WeightSource> weights() const override {
    if (in_nf4_) return std::make_unique<Nf4Weights>(source_->weights());
    return std::make_unique<SameWeights>(source_->weights());
  }
  std::vector<std::filesystem::path> weight_files() const override { return source_->weight_files(); }
  std::vector<std::filesystem::path> tokenizer_files() const override { return source_->tokenizer_files(); }
  std::optional<std::filesystem::path> generation_config_file() const override {
    return source_->generation_config_file();
  }
  std::vector<int64_t> stop_token_ids() const override { return source_->stop_token_ids(); }
  void write_tokenizer(const std::filesystem::path& folder) const override {
    source_->write_tokenizer(folder);
  }
  void write_generation_config(const std::filesystem::path& folder) const override {
    source_->write_generation_config(folder);
  }
  std::optional<std::string> header_hash() const override { return source_->header_hash(); }

 private:
  std::unique_ptr<ModelSource> source_;
  bool in_nf4_;
};

}  // namespace

std::unique_ptr<ModelSource> quantized(std::unique_ptr<ModelSource> source, const std::string& quantize) {
  if (quantize == "none") return source;
  if (quantize != "nf4" && quantize != "dense")
    throw Error(ErrorKind::kUsage, unknown_name_message("quantisation", quantize, {"dense", "nf4", "none"}));
  return std::make_unique<QuantizedSource>(std::move(source), quantize == "nf4");
}

}  // namespace xlt
