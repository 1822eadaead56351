// SPDX-License-Identifier: Apache-2.0
#include "models/layer_pass.h"

#include "xlt/base/error.h"
#include "xlt/nn/kv_cache.h"
#include "xlt/nn/token_batch.h"
#include "xlt/ops/to_device.h"

namespace xlt {

LayerPass::LayerPass(const TokenBatch& batch, KvCache* cache, const LayeredModel::Rows& rows,
                     int64_t num_layers, at::Device device)
    : ForwardPass{batch.attention_plan(), cache, {}, {}, num_layers - 1}, batch_(batch), device_(device) {
  dropout = batch.dropout_keys(device);
  if (rows) {
    for (const int64_t row : *rows)
      XLT_CHECK(row >= 0 && row < batch.num_tokens(), "row ", row, " of ", batch.num_tokens());
    this->rows = ops::to_device(*rows, device);
  }
  if (cache == nullptr) return;
  const std::vector<int64_t> cache_slots = batch.cache_slots();
  for (const int64_t slot : cache_slots)
    XLT_CHECK(slot < cache->capacity(), "cache slot ", slot, " of ", cache->capacity());
  slots = ops::to_device(cache_slots, device);
}

std::shared_ptr<LayerPass> LayerPass::on(at::Device device) const {
  auto pass = std::make_shared<LayerPass>(*this);
  pass->device_ = device;
  std::vector<at::Tensor*> tables{&pass->slots, &pass->rows, &pass->slopes_};
  if (pass->dropout) tables.push_back(&pass->dropout->rows);
  for (auto& [rope, angles] : pass->angles_) tables.insert(tables.end(), {&angles.cos, &angles.sin});
  for (at::Tensor* table : tables)
    if (table->defined()) *table = table->to(device);
  return pass;
}

const ops::RopeAngles& LayerPass::angles(const RopeParameters& rope) {
  const auto found = angles_.find(&rope);
  if (found != angles_.end()) return found->second;
  if (rope.dim == 0) return angles_[&rope];
  const at::Tensor frequencies = ops::to_device(rope.inverse_frequencies(), device_);
  ops::RopeAngles angles = ops::rope_angles(ops::to_device(batch_.position_ids(), device_), frequencies);
  if (rope.attention_factor != 1)
    for (at::Tensor* part : {&angles.cos, &angles.sin}) part->mul_(rope.attention_factor);
  return angles_[&rope] = std::move(angles);
}

const at::Tensor& LayerPass::alibi_slopes(int64_t num_heads) {
  if (!slopes_.defined()) slopes_ = ops::alibi_slopes(num_heads).to(device_);
  return slopes_;
}

}  // namespace xlt
