// SPDX-License-Identifier: Apache-2.0
// PANDA (Qian et al. 2022): texts with a demographic reference exchanged.
#include "dataset/preset.h"

namespace xlt {

namespace {
class Panda : public Preset {
  const char* source() const override { return "train.jsonl of the Hugging Face data set facebook/panda"; }
  std::optional<SftRecord> sft(const Row& row) const override {
    return SftRecord{true, "", row.text("perturbed"), row.place()};
  }
};
}  // namespace

std::unique_ptr<Preset> make_panda_preset() { return std::make_unique<Panda>(); }

}  // namespace xlt
