// SPDX-License-Identifier: Apache-2.0
#include "xlt/checkpoint/quantized_source.h"

#include <utility>

#include "xlt/base/error.h"
#include "xlt/base/gguf.h"
#include "xlt/base/json.h"
#include "xlt/base/mapped_pages.h"
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
    auto weight = ops::nf4_quantize_double(is_transposed ? matrix.t() : matrix);
    // Else the whole model in half precision would stand in memory beside its quarter.
    forget_pages({static_cast<const std::byte*>(matrix.const_data_ptr()), matrix.nbytes()});
    return weight;
  }
};

class StoredWeights final : public SameWeights {
 public:
  using SameWeights::SameWeights;
  at::Tensor get(const std::string& name) const override {
    const at::Tensor blocks = stored_->blocks(name);
    return blocks.defined() ? blocks : stored_->get(name);
  }
  // Without a look at the blocks: they may be copied for it.
  int64_t block_bytes(const std::string& name) const override {
    const std::vector<int64_t> sizes = shape(name);
    const std::string type_name = dtype(name);
    for (const GgufType& type : gguf_types())
      if (type_name == type.name && type.elements > 1 && sizes.size() == 2)
        return sizes[0] * (sizes[1] / type.elements) * type.bytes;
    return 0;
  }
  bool holds_nf4(const std::string& name) const override { return stored_->holds_nf4(name); }
  std::optional<ops::Nf4Weight> nf4(const std::string& name, bool is_transposed) const override {
    return stored_->nf4(name, is_transposed);
  }
};

enum class Held { kNf4, kDense, kStored };

class QuantizedSource final : public ModelSource {
 public:
  QuantizedSource(std::unique_ptr<ModelSource> source, Held held) : source_(std::move(source)), held_(held) {}

  const std::filesystem::path& path() const override { return source_->path(); }
  Json config() const override {
    Json config = source_->config();
    if (held_ == Held::kDense) config.erase("quantization_config");
    return config;
  }
  std::string config_place() const override { return source_->config_place(); }
  std::unique_ptr<WeightSource> weights() const override {
    if (held_ == Held::kNf4) return std::make_unique<Nf4Weights>(source_->weights());
    if (held_ == Held::kStored) return std::make_unique<StoredWeights>(source_->weights());
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
  Held held_;
};

}  // namespace

std::unique_ptr<ModelSource> quantized(std::unique_ptr<ModelSource> source, const std::string& quantize) {
  if (quantize == "none") return source;
  constexpr std::pair<const char*, Held> kWords[] = {
      {"dense", Held::kDense}, {"nf4", Held::kNf4}, {"stored", Held::kStored}};
  for (const auto& [word, held] : kWords)
    if (quantize == word) return std::make_unique<QuantizedSource>(std::move(source), held);
  throw Error(ErrorKind::kUsage,
              unknown_name_message("quantisation", quantize, {"dense", "nf4", "none", "stored"}));
}

}  // namespace xlt
