// SPDX-License-Identifier: Apache-2.0
#include "train/reference.h"

#include "train/fingerprint.h"
#include "train/loss.h"
#include "train/trained_tensors.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/where.h>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/models/decoder.h"
#include "xlt/nn/linear.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/ops/to_device.h"
#include "xlt/train/trainer.h"

namespace xlt {

namespace {

constexpr double kFlushSeconds = 60;  // of computing are lost at most where a process is killed

using TakeTensor = std::function<void(at::Tensor&)>;

void visit_adapters(Decoder& decoder, const TakeTensor& take) {
  for (const NamedLinear& named : decoder.linears())
    if (named.linear->adapter() != nullptr)
      named.linear->adapter()->visit_tensors([&](const char*, at::Tensor& tensor) { take(tensor); });
}

void visit_weights(Decoder& decoder, const TakeTensor& take) {
  for (const NamedParameter& parameter : decoder.parameters()) take(*parameter.tensor);
}

// The initial weights cannot be asked again once training has begun.
void check_finite(const float* logps, const TrainRow& row) {
  for (size_t i = 0; i < row.sequences.size(); ++i)
    if (!std::isfinite(logps[i]))
      throw Error(ErrorKind::kNumerics,
                  str_cat("the reference's log-probability of this row is ", logps[i], "; use float32"),
                  row.place);
}

}  // namespace

// Tensors are swapped as handles, so nothing is copied and the optimizer's own handles stay good.
class ReferenceModel::Swap {
 public:
  explicit Swap(ReferenceModel& reference) : reference_(reference) { exchange(false); }
  ~Swap() { exchange(true); }
  Swap(const Swap&) = delete;
  Swap& operator=(const Swap&) = delete;

 private:
  void exchange(bool enable_adapter) {
    if (reference_.kind_ == Kind::kBase) set_lora_enabled(reference_.decoder_, enable_adapter);
    if (reference_.initial_.empty()) return;
    auto initial = reference_.initial_.begin();
    reference_.visit_initial([&](at::Tensor& tensor) { std::swap(tensor, *initial++); });
  }
  ReferenceModel& reference_;
};

ReferenceModel::ReferenceModel(Decoder& decoder, const std::string& kind, ReferenceUse use,
                               const ReferenceCache& cache, const Context& context)
    : decoder_(decoder) {
  kind_ = !has_adapter(decoder) ? Kind::kWeights : kind == "init" ? Kind::kInit : Kind::kBase;
  if (kind_ == Kind::kInit || (kind_ == Kind::kWeights && use.distributions)) {
    const at::NoGradGuard no_grad;
    visit_initial([&](at::Tensor& tensor) { initial_.push_back(tensor.detach().clone()); });
  }
  if (!use.logps) return;
  const std::string model = name_of_model(cache);
  context.debug("reference model " + model);
  store_ = std::make_unique<ReferenceStore>(cache.folder / model, context);
}

void ReferenceModel::visit_initial(const TakeTensor& take) {
  if (kind_ == Kind::kInit) return visit_adapters(decoder_, take);
  visit_weights(decoder_, take);
}

// Everything but the tokens that its log-probs depend on. The base model without adapter and the weights as
// they began are one model where they are the same weights.
std::string ReferenceModel::name_of_model(const ReferenceCache& cache) {
  std::string text = str_cat("reference 5\n", cache.model, '\n', name_of(decoder_.placement().dtype), ' ',
                             decoder_.placement().is_cuda ? "cuda" : "cpu", '\n',
                             cache.weights.empty() ? fingerprint_of_weights(decoder_) : cache.weights, '\n');
  if (kind_ == Kind::kInit) {
    for (const NamedLinear& named : decoder_.linears())
      if (const LoraAdapter* lora = lora_of(*named.linear))
        text += str_cat(named.name, " scale ", lora->scale, '\n');
    for (const at::Tensor& tensor : initial_) text += str_cat("adapter ", to_hex(fingerprint(tensor)), '\n');
  }
  return to_hex(hash128(text));
}

// [S] float32
at::Tensor ReferenceModel::compute(const PackedRows& packed) {
  const at::NoGradGuard no_grad;
  const Swap swap(*this);
  return sequence_logps(decoder_, packed);
}

// Where one row is missing the whole batch is computed, so that what is computed never depends on what was
// stored.
at::Tensor ReferenceModel::logps(const std::vector<TrainRow>& rows, std::span<const int64_t> indices,
                                 const PackedRows& packed, DeferredReads& reads) {
  std::vector<float> known;  // of each sequence; 0 where it is computed
  std::vector<uint8_t> is_missing;
  at::Tensor computed;
  for (const int64_t index : indices) {
    const TrainRow& row = rows[index];
    const auto stored = store_->find(row);
    const size_t begin = known.size(), count = row.sequences.size();
    known.resize(begin + count, 0.0f);
    is_missing.resize(begin + count, stored ? 0 : 1);
    if (stored) {
      std::copy(stored->begin(), stored->end(), known.begin() + begin);
      continue;
    }
    XLT_CHECK(is_always_available(),
              "the initial weights are gone; their log-probs must be computed before training");
    if (!computed.defined()) computed = compute(packed);
    reads.add(computed.narrow(0, begin, count), [this, &row](std::span<const double> own) {
      // Rows of one step may share sequences: by now another may have brought this one's.
      if (!store_->find(row)) store_->add(row, std::vector<float>(own.begin(), own.end()).data());
    });
  }
  flush_sometimes();
  const at::Device device = decoder_.head_weight().device();
  if (!computed.defined()) return ops::to_device(known, device);
  if (std::all_of(is_missing.begin(), is_missing.end(), [](uint8_t one) { return one != 0; }))
    return computed;
  return at::where(ops::to_device(is_missing, device).to(at::kBool), computed, ops::to_device(known, device));
}

std::vector<int64_t> ReferenceModel::missing_rows(const std::vector<TrainRow>& rows) {
  std::vector<int64_t> missing;
  for (size_t i = 0; i < rows.size(); ++i)
    if (!store_->find(rows[i])) missing.push_back(static_cast<int64_t>(i));
  return missing;
}

void ReferenceModel::compute_rows(const std::vector<TrainRow>& rows, std::span<const int64_t> indices) {
  const at::Tensor computed = compute(pack(rows, indices)).to(at::kCPU).contiguous();
  const float* own = computed.const_data_ptr<float>();
  for (const int64_t index : indices) {
    check_finite(own, rows[index]);
    store_->add(rows[index], own);
    own += rows[index].sequences.size();
  }
}

// Batch by batch of each rank, so that all look for interruptions and errors at the same moments. Which rows
// are missing is for rank 0 to say: another's folder may hold others.
void ReferenceModel::precompute(const std::vector<TrainRow>& rows, int64_t batch_size, World& world,
                                const Context& context) {
  const Json list =
      parse_json(found_by_first_rank(world, [&] { return dump_json(missing_rows(rows)); }), "missing rows");
  const auto missing = list.get<std::vector<int64_t>>();
  const int64_t num_missing = static_cast<int64_t>(missing.size()), ranks = world.world_size();
  Progress progress = context.progress("reference", num_missing, "rows");
  for (int64_t begin = 0; begin < num_missing; begin += batch_size * ranks) {
    const int64_t own = std::min(begin + world.rank() * batch_size, num_missing);
    on_all_ranks(world, [&] {
      context.throw_if_interrupted();
      if (own < num_missing)
        compute_rows(rows, std::span(missing).subspan(own, std::min(batch_size, num_missing - own)));
    });
    share(world);
    flush_sometimes();
    progress.advance(std::min(batch_size * ranks, num_missing - begin));
  }
}

void ReferenceModel::share_among_ranks(const World& world) {
  if (store_) store_->share_among_ranks(/*writes=*/world.is_first());
}

void ReferenceModel::share(World& world) {
  if (world.world_size() == 1 || !store_) return;
  const std::vector<std::string> news = world.all_gather(store_->take_news());
  for (size_t rank = 0; rank < news.size(); ++rank)
    if (static_cast<int64_t>(rank) != world.rank()) store_->add_news(news[rank]);
  store_->take_news();
}

ops::HeadRows ReferenceModel::heads(const PackedRows& packed) {
  if (packed.targets.empty()) return {};
  const at::NoGradGuard no_grad;
  const Swap swap(*this);
  return label_heads(decoder_, packed);
}

void ReferenceModel::flush() {
  if (store_) store_->flush();
  flushed_seconds_ = monotonic_seconds();
}

void ReferenceModel::flush_sometimes() {
  if (monotonic_seconds() - flushed_seconds_ > kFlushSeconds) flush();
}

std::unique_ptr<ReferenceModel> make_reference(const TrainJob& job, const TrainerOptions& options,
                                               const Loss& loss, const Context& context) {
  ReferenceUse use;
  for (const RowSetSpec& set : loss.row_sets()) {
    use.logps = use.logps || set.uses_reference;
    use.distributions = use.distributions || set.uses_divergence;
  }
  if (!use.logps && !use.distributions) return nullptr;
  const ReferenceCache cache{job.reference_cache.empty() ? job.output / "reference" : job.reference_cache,
                             job.reference_model, job.weights_fingerprint};
  auto reference = std::make_unique<ReferenceModel>(*job.decoder, options.reference, use, cache, context);
  if (job.world && job.world->world_size() > 1) reference->share_among_ranks(*job.world);
  return reference;
}

}  // namespace xlt
