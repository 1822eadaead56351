// SPDX-License-Identifier: Apache-2.0
// The toxicity pairs of Lee et al. 2024 ("DetoxDPO" in arXiv 2412.14050): the unperturbed continuation is
// chosen.
#include "dataset/preset.h"

namespace xlt {

namespace {
class DetoxDpo : public PreferencePreset {
  const char* source() const override {
    return "split_0.jsonl … split_5.jsonl of the folder toxicity_pairwise that github.com/ajyl/dpo_toxic "
           "links to";
  }
  const char* fields() const override { return "prompt_text, unpert_gen_text, pert_gen_text"; }
  bool reads(const Row& row) const override {
    return row.has("prompt_text") && row.has("unpert_gen_text") && row.has("pert_gen_text");
  }
  std::optional<PreferenceRecord> preference(const Row& row) const override {
    return PreferenceRecord{row.text("prompt_text"), row.text("unpert_gen_text"), row.text("pert_gen_text"),
                            row.place()};
  }
};
}  // namespace

std::unique_ptr<Preset> make_detoxdpo_preset() { return std::make_unique<DetoxDpo>(); }

}  // namespace xlt
