// SPDX-License-Identifier: Apache-2.0
// BiasDPO (Allam 2024): prompt, chosen, rejected.
#include "dataset/preset.h"

namespace xlt {

namespace {
class BiasDpo : public PreferencePreset {
  const char* source() const override {
    return "dataset.jsonl of the Hugging Face data set ahmedallam/BiasDPO";
  }
  const char* fields() const override { return "prompt, chosen, rejected"; }
  bool reads(const Row& row) const override {
    return row.has("prompt") && row.has("chosen") && row.has("rejected");
  }
  std::optional<PreferenceRecord> preference(const Row& row) const override {
    return PreferenceRecord{row.text("prompt"), row.text("chosen"), row.text("rejected"), row.place()};
  }
};
}  // namespace

std::unique_ptr<Preset> make_biasdpo_preset() { return std::make_unique<BiasDpo>(); }

}  // namespace xlt
