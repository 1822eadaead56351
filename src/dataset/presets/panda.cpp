// SPDX-License-Identifier: Apache-2.0
// PANDA (Qian et al. 2022): texts with a demographic reference exchanged. Published twice: train.jsonl and
// valid.jsonl call the changed text "perturbed", the annotated shards call it "rewrite".
#include "dataset/preset.h"

namespace xlt {

namespace {
class Panda : public Preset {
  const char* source() const override {
    return "train.jsonl and valid.jsonl of the Hugging Face data set facebook/panda";
  }
  const char* fields() const override { return "perturbed, or rewrite in the annotated shards"; }
  bool reads(const Row& row) const override { return row.has("perturbed") || row.has("rewrite"); }
  std::optional<SftRecord> sft(const Row& row, const DataFields&) const override {
    const bool is_shard = !row.has("perturbed") && row.has("rewrite");
    return SftRecord{true, "", row.text(is_shard ? "rewrite" : "perturbed"), row.place()};
  }
};
}  // namespace

std::unique_ptr<Preset> make_panda_preset() { return std::make_unique<Panda>(); }

}  // namespace xlt
