// SPDX-License-Identifier: Apache-2.0
#include "run/sweep/estimate.h"

#include "run/sweep/shares.h"
#include "run/train_run_options.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/placement.h"
#include "xlt/base/scratch_folder.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/quantized_source.h"
#include "xlt/dataset/record.h"
#include "xlt/ops/matmul/machine_rates.h"
#include "xlt/run/recipe.h"
#include "xlt/train/memory_estimate.h"
#include "xlt/train/trainer.h"

namespace xlt {

namespace {

constexpr double kBytesPerToken = 4, kDecodeBatch = 512, kBytesPerItem = 1000;

Placement placement_of(const Json& resolved) {
  Placement where;
  where.is_cuda = resolved.value("device", "").starts_with("cuda");
  if (where.is_cuda) where.dtype = DType::kBFloat16;
  const std::string dtype = resolved.value("dtype", "auto");
  if (dtype != "auto") where.dtype = parse_dtype(dtype);
  return where;
}

std::string quantization_of(const Json& resolved) {
  return resolved.value("adapter", "") == "qlora" ? "nf4" : resolved.value("quantize", "none");
}

Json estimate(double tokens, double seconds, double memory, double disk) {
  const auto whole = [](double value) { return Json(static_cast<int64_t>(std::llround(value))); };
  return {{"num_tokens", whole(tokens)},
          {"seconds", seconds},
          {"memory_bytes", whole(memory)},
          {"disk_bytes", whole(disk)}};
}

double number(const Json& resolved, const char* key, double fallback) {
  const Json value = resolved.value(key, Json());
  return value.is_number() ? value.get<double>() : fallback;
}

// The beginning of a file, up to the end of a row: of a CSV file a newline may stand inside quotes.
std::string head_of_file(const fs::path& file, size_t most) {
  std::string text(most, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(text.data(), static_cast<std::streamsize>(most));
  text.resize(static_cast<size_t>(stream.gcount()));
  size_t end = 0;
  bool is_inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    is_inside ^= text[i] == '"';
    if (text[i] == '\n' && !is_inside) end = i + 1;
  }
  text.resize(end);
  return text;
}

// `data` as an option names it, with large files cut to their beginnings, and how much larger it was.
struct Heads {
  std::string data;
  double scale = 1;
};
Heads heads_of(const std::string& data, const ScratchFolder& scratch) {
  constexpr size_t kMost = 8 << 20;
  const std::string preset = data.substr(0, data.find('=') == std::string::npos ? 0 : data.find('=') + 1);
  std::string heads;
  double whole = 0, kept = 0;
  const std::vector<fs::path> files = data_files(data);
  for (size_t i = 0; i < files.size(); ++i) {
    whole += static_cast<double>(fs::file_size(files[i]));
    const std::string text = head_of_file(files[i], kMost);
    kept += static_cast<double>(text.size());
    const fs::path head = scratch.path() / (str_cat(i) + files[i].extension().string());
    write_file(head, text);
    append_item(heads, head.string(), ",");
  }
  return kept > 0 && whole > kept ? Heads{preset + heads, whole / kept} : Heads{data};
}

// Tokens that are written for one item, beside its own text.
double written_tokens(const PlannedCell& cell, const Json& resolved) {
  if (cell.samples) return number(resolved, "num_samples", 25) * number(resolved, "max_new_tokens", 20);
  if (cell.benchmark == "continuation") return number(resolved, "continuation_tokens", 0);
  if (cell.benchmark == "mbbq") return number(resolved, "mbbq_tokens", 0);
  return 0;
}

}  // namespace

const Estimator::ModelSize& Estimator::size_of(const Json& resolved) {
  const std::string model = resolved.value("model", ""), quantize = quantization_of(resolved);
  const Placement where = placement_of(resolved);
  const auto [found, is_new] =
      sizes_.try_emplace(str_cat(model, '\n', name_of(where), ' ', name_of(where.dtype), ' ', quantize));
  if (!is_new) return found->second;
  try {
    const DecoderFootprint footprint = footprint_of(*quantized(open_model_source(model), quantize), where);
    found->second = {true, footprint, static_cast<double>(footprint.num_parameters),
                     static_cast<double>(footprint.weight_bytes)};
  } catch (const Error&) {
    // Not known: the cell that loads it will say what is wrong.
  }
  return found->second;
}

const Estimator::Rows& Estimator::training_rows(const Json& resolved) {
  DataFields fields;
  Json own = Json::object();
  for (const OptionDescription& option : describe_options(visit_of(fields)))
    if (resolved.contains(option.name)) own[option.name] = resolved.at(option.name);
  const std::string method = resolved.value("method", ""),
                    data = recipe_data(resolved.value("recipe", ""), resolved.value("data", ""));
  const auto [found, is_new] = rows_.try_emplace(method + "\n" + data + "\n" + dump_json(own));
  if (!is_new) return found->second;
  try {
    read_options(visit_of(fields), own, "fields");
    const ScratchFolder scratch;
    const Heads heads = heads_of(data, scratch);
    const Records records = load_records(method_row_kind(method), heads.data, fields);
    Rows rows{true, heads.scale * static_cast<double>(records.size()), 0, 0};
    const double most = kBytesPerToken * number(resolved, "max_length", 1024);
    const auto add = [&](size_t bytes) {
      const double kept = std::min(most, static_cast<double>(bytes));
      rows.bytes += heads.scale * kept;
      rows.longest = std::max(rows.longest, kept);
    };
    for (const SftRecord& one : records.texts) add(one.prompt.size() + one.completion.size());
    for (const PreferenceRecord& one : records.pairs)
      add(one.prompt.size() + one.chosen.size() + one.rejected.size());
    for (const LabelledRecord& one : records.labelled) add(one.prompt.size() + one.completion.size());
    found->second = rows;
  } catch (const Error&) {
    // As above; conversations need a chat template, which is not asked here.
  }
  return found->second;
}

const Estimator::Rows& Estimator::lines_of(const std::string& file) {
  const auto [found, is_new] = lines_.try_emplace(file);
  if (!is_new) return found->second;
  const std::string text = read_file(file);
  found->second = {true, static_cast<double>(std::count(text.begin(), text.end(), '\n')),
                   static_cast<double>(text.size())};
  return found->second;
}

void Estimator::measure_if_needed() {
  constexpr int64_t kRows = 256, kSize = 2048, kRepeats = 3;
  const Placement here;
  if (rates_.tflops == 0)
    for (const ops::MatmulRate& rate : ops::measure_matmul(here, kRows, kSize, kSize, kRepeats))
      if (rate.is_chosen) rates_.tflops = rate.gflops / 1000;
  if (rates_.tb_per_s == 0) rates_.tb_per_s = ops::measure_copy(here, kRepeats) / 1000;
}

double Estimator::seconds(double operations, double bytes) {
  measure_if_needed();
  return std::max(operations / rates_.tflops, bytes / rates_.tb_per_s) / 1e12 / rates_.efficiency;
}

Json Estimator::train(const Json& resolved) {
  const ModelSize& model = size_of(resolved);
  const Rows& rows = training_rows(resolved);
  if (!model.is_known || !rows.is_known) return Json::object();
  const TrainRunOptions options = train_options(resolved);
  const double cap = number(resolved, "max_train_rows", 0);
  double count = rows.count * (1 - number(resolved, "eval_split", 0));
  if (cap > 0) count = std::min(count, cap);
  const double step_rows =
      number(resolved, "batch_size", 4) * number(resolved, "gradient_accumulation_steps", 1);
  const double steps = number(resolved, "max_steps", 0) > 0
                           ? number(resolved, "max_steps", 0)
                           : std::ceil(count * number(resolved, "num_epochs", 1) / step_rows);
  const double row_tokens = rows.bytes / kBytesPerToken / rows.count;
  const double tokens = steps * step_rows * row_tokens;
  const bool all_weights = !trains_adapter(options);
  const bool has_reference = method_uses_reference(options.trainer);
  const bool checkpoints = options.trainer.gradient_checkpointing;
  const double work = (all_weights ? 6 : 4) + (has_reference ? 2 : 0) + (checkpoints ? 2 : 0);
  const double batch_tokens = number(resolved, "batch_size", 4) * rows.longest / kBytesPerToken;
  const MemoryEstimate memory =
      estimate_memory(model.footprint, placement_of(resolved),
                      {.lora_r = all_weights ? 0 : options.adapter.lora_r,
                       .optimizer = options.trainer.optimizer,
                       .gradient_checkpointing = checkpoints,
                       .batch_tokens = static_cast<int64_t>(batch_tokens),
                       .micro_batches = options.trainer.gradient_accumulation_steps});
  const auto trained = static_cast<double>(all_weights ? memory.base_weights : memory.adapter);
  const double stored =
      trained + number(resolved, "save_total_limit", 1) * (trained + static_cast<double>(memory.optimizer));
  // Evaluations on the way read their rows as often as there are such steps.
  const double held_out = resolved.value("eval_data", "").empty()
                              ? rows.count * number(resolved, "eval_split", 0)
                              : number(resolved, "max_eval_rows", 0);
  const double every = number(resolved, "eval_steps", 0);
  const double looked_at = every > 0 ? std::floor(steps / every) * held_out * row_tokens : 0;
  const double operations = model.parameters * (work * tokens + (has_reference ? 4 : 2) * looked_at);
  return estimate(tokens, seconds(operations, steps * 2 * model.bytes), static_cast<double>(memory.total()),
                  stored);
}

Json Estimator::eval(const Json& resolved, const std::vector<PlannedCell>& cells) {
  const ModelSize& model = size_of(resolved);
  if (!model.is_known) return Json::object();
  const double limit = number(resolved, "limit", 0);
  double read = 0, written = 0, items = 0;
  for (const PlannedCell& cell : cells)
    for (const fs::path& file : cell.files) {
      const Rows& lines = lines_of(file.string());
      const double kept = limit > 0 ? std::min(limit, lines.count) : lines.count;
      items += kept;
      read += lines.count > 0 ? lines.bytes / kBytesPerToken * kept / lines.count : 0;
      written += kept * written_tokens(cell, resolved);
    }
  const double operations = 2 * model.parameters * (read + written);
  const double traffic = model.bytes * (1 + written / kDecodeBatch);
  return estimate(read + written, seconds(operations, traffic), model.bytes * 1.25, items * kBytesPerItem);
}

Json Estimator::machine() const {
  return {{"tflops", rates_.tflops},
          {"tb_per_s", rates_.tb_per_s},
          {"efficiency", rates_.efficiency},
          {"bytes_per_token", kBytesPerToken}};
}

}  // namespace xlt
