// SPDX-License-Identifier: Apache-2.0
#include "train/checkpoints.h"

#include <algorithm>
#include <charconv>

#include <ATen/core/grad_mode.h>

#include "xlt/base/atomic_folder.h"
#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/leftovers.h"
#include "xlt/checkpoint/adapter.h"
#include "xlt/checkpoint/safetensors.h"
#include "xlt/models/decoder.h"
#include "xlt/nn/linear.h"
#include "xlt/nn/lora_adapter.h"
#include "xlt/train/trainer.h"

namespace xlt {

namespace {

constexpr std::string_view kPrefix = "step-", kPruned = ".pruned";

void rename_folder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error)
    throw Error(ErrorKind::kIo, str_cat("cannot be renamed to ", to.string(), ": ", error.message()),
                from.string());
}

void remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) throw Error(ErrorKind::kIo, "cannot be removed: " + error.message(), folder.string());
}

constexpr const char *kBatchSize = "batch_size", *kAccumulation = "gradient_accumulation_steps";

// Whether both say how many rows a step has; throws where they differ. gradient_accumulation_steps are those
// of all ranks.
bool check_rows_per_step(const Json& stored, const Json& own, const fs::path& file) {
  for (const char* key : {kBatchSize, kAccumulation})
    if (!stored.contains(key) || !own.contains(key)) return false;
  const auto rows_of = [](const Json& identity) {
    return identity.at(kBatchSize).get<int64_t>() * identity.at(kAccumulation).get<int64_t>();
  };
  if (rows_of(stored) == rows_of(own)) return true;
  throw Error(
      ErrorKind::kCheckpoint,
      str_cat("a step of this run has ", rows_of(stored), " rows, and here it would have ", rows_of(own),
              " (batch_size × gradient_accumulation_steps × ranks); choose them so that it is the same, or "
              "choose another output folder"),
      file.string());
}

void copy_values(at::Tensor& to, const at::Tensor& from, const std::string& name, const fs::path& folder) {
  if (to.sizes() != from.sizes())
    throw Error(ErrorKind::kCheckpoint,
                str_cat("\"", name, "\" has shape ", from.sizes(), "; the model has ", to.sizes()),
                folder.string());
  to.copy_(from);
}

void load_adapter_weights(Decoder& decoder, const fs::path& folder) {
  const Adapter adapter = load_adapter(folder);
  for (const NamedLinear& named : decoder.linears()) {
    LoraAdapter* lora = lora_of(*named.linear);
    if (lora == nullptr) continue;
    const auto found = adapter.modules.find(named.name);
    if (found == adapter.modules.end())
      throw Error(ErrorKind::kCheckpoint, "no adapter for " + named.name, folder.string());
    const Adapter::Pair& pair = found->second;
    lora->visit_tensors([&](const char* part, at::Tensor& tensor) {
      const std::string_view name = part;
      const at::Tensor& stored = name == "lora_A" ? pair.a : name == "lora_B" ? pair.b : pair.magnitude;
      if (!stored.defined())
        throw Error(ErrorKind::kCheckpoint, str_cat("no ", name, " for ", named.name), folder.string());
      copy_values(tensor, stored, str_cat(named.name, ".", name), folder);
    });
  }
}

void load_model_weights(Decoder& decoder, const fs::path& folder) {
  const auto reader = SafetensorsReader::open(folder / "model.safetensors");
  for (const NamedParameter& parameter : decoder.parameters())
    copy_values(*parameter.tensor, reader.get(parameter.name), parameter.name, folder);
}

}  // namespace

Checkpoints::Checkpoints(const TrainJob& job, Optimizer& optimizer, Json identity, bool may_cut_anew)
    : job_(job),
      optimizer_(optimizer),
      identity_(std::move(identity)),
      may_cut_anew_(may_cut_anew),
      root_(job.output / "checkpoints") {}

fs::path Checkpoints::folder_of(int64_t step) const {
  return root_ / (std::string(kPrefix) + std::to_string(step));
}

std::vector<int64_t> Checkpoints::steps() const {
  std::vector<int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    int64_t step = 0;
    const char *begin = name.data() + kPrefix.size(), *end = name.data() + name.size();
    if (const auto [last, fault] = std::from_chars(begin, end, step); fault == std::errc() && last == end)
      steps.push_back(step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

// The run's lock is held, so that nobody is at work on what is half written or half removed.
void Checkpoints::remove_leftovers() const {
  xlt::remove_leftovers(root_, LeftoversOf::kOtherProcesses);
  std::error_code error;
  std::vector<fs::path> pruned;
  for (const auto& entry : fs::directory_iterator(root_, error))
    if (const std::string name = entry.path().filename().string();
        name.starts_with('.') && name.ends_with(kPruned))
      pruned.push_back(entry.path());
  for (const fs::path& folder : pruned) remove_folder(folder);
}

void Checkpoints::clear() { remove_folder(root_); }

void Checkpoints::write_weights(const fs::path& folder) const {
  if (job_.adapter_only) return save_lora(*job_.decoder, folder, job_.base_model);
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const NamedParameter& parameter : job_.decoder->parameters())
    tensors.emplace_back(parameter.name, parameter.tensor->detach());
  save_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
}

void Checkpoints::save(const TrainState& state, int64_t keep) {
  remove_leftovers();
  AtomicFolder folder(folder_of(state.step));
  write_weights(folder.path());
  save_safetensors(folder.path() / "optimizer.safetensors", optimizer_.state());
  Json json = to_json(state);
  json["identity"] = identity_;
  write_file(folder.path() / "state.json", dump_json(json, 2) + "\n");
  folder.commit();
  prune(keep, state.best_step);
}

void Checkpoints::prune(int64_t keep, int64_t best_step) const {
  const std::vector<int64_t> all = steps();
  for (size_t i = keep; i < all.size(); ++i) {
    if (all[i] == best_step) continue;
    const fs::path hidden = root_ / (str_cat(".", folder_of(all[i]).filename().string(), kPruned));
    rename_folder(folder_of(all[i]), hidden);
    remove_folder(hidden);
  }
}

TrainState Checkpoints::read_state(int64_t step) const {
  const fs::path file = folder_of(step) / "state.json";
  const Json json = load_json(file, ErrorKind::kCheckpoint);
  const JsonView view(json, file.string(), ErrorKind::kCheckpoint);
  const Json& stored = view.at("identity").value();
  const bool is_cut_anew = may_cut_anew_ && check_rows_per_step(stored, identity_, file);
  for (const auto& [key, value] : identity_.items()) {
    if (is_cut_anew && (key == kBatchSize || key == kAccumulation)) continue;
    if (!stored.contains(key) || stored.at(key) != value)
      throw Error(
          ErrorKind::kUsage,
          str_cat("the run was begun with ", key, " ",
                  stored.contains(key) ? dump_json(stored.at(key)) : "unset", ", not ", dump_json(value),
                  "; go on with the same options and data, or choose another output folder"),
          file.string());
  }
  return train_state_from_json(view);
}

std::optional<TrainState> Checkpoints::load_newest() {
  remove_leftovers();
  for (const int64_t step : steps()) {
    const TrainState state = read_state(step);
    // A kill between two renames may have taken the best away; an older checkpoint leads to the same end.
    if (state.best_step > 0 && !has(state.best_step)) continue;
    load_weights(step);
    optimizer_.load_state((folder_of(step) / "optimizer.safetensors").string(), step);
    return state;
  }
  if (!steps().empty())
    throw Error(
        ErrorKind::kCheckpoint,
        "the checkpoint of the best step, which all that are here go back to, is missing; put it back, or "
        "remove this folder to begin anew",
        root_.string());
  return std::nullopt;
}

void Checkpoints::load_weights(int64_t step) {
  const at::NoGradGuard no_grad;
  if (job_.adapter_only)
    load_adapter_weights(*job_.decoder, folder_of(step));
  else
    load_model_weights(*job_.decoder, folder_of(step));
}

}  // namespace xlt
