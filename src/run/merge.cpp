// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/merge.h"

#include "run/adapter_base.h"
#include "run/output_folder.h"

#include <algorithm>

#include "xlt/base/atomic_folder.h"
#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/lock.h"
#include "xlt/base/utf8.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/quantized_source.h"
#include "xlt/checkpoint/weight_source.h"
#include "xlt/models/decoder.h"
#include "xlt/models/lora_kinds.h"
#include "xlt/models/merge_nf4.h"
#include "xlt/run/environment.h"

namespace xlt {

namespace {

void check_output(const MergeOptions& options) {
  std::vector<std::string> inputs = options.adapter;
  inputs.push_back(options.model);
  check_output_folder(options.output, inputs, "merge.json", "merge");
}

Json merge_record(const MergeOptions& options, const Placement& where,
                  const std::vector<std::pair<std::string, double>>& errors) {
  Json modules = Json::object();
  double largest = 0;
  for (const auto& [name, error] : errors) {
    modules[name] = error;
    largest = std::max(largest, error);
  }
  Json adapters = Json::array();
  for (const std::string& adapter : options.adapter) adapters.push_back(escape_invalid_utf8(adapter));
  return {{"model", escape_invalid_utf8(options.model)},
          {"adapter", adapters.size() == 1 ? adapters[0] : adapters},
          {"scale", options.scale},
          {"precision", options.precision},
          {"dtype", name_of(where.dtype)},
          {"code", code_record()},
          {"max_relative_rounding_error", largest},
          {"relative_rounding_error", modules}};
}

}  // namespace

void MergeOptions::visit(OptionVisitor& v) {
  v.field("model", model, "checkpoint folder that the adapter was trained on");
  v.field("adapter", adapter,
          "LoRA adapter folder in PEFT's format; several, separated by commas: the sum of what they change");
  v.field("output", output, "folder to write; transformers loads it as it is");
  v.field(
      "precision", precision,
      "full: weights in --dtype (the checkpoint's own unless given); nf4: as PEFT merges into 4-bit weights "
      "(dequantised, added to, quantised again), saved as bitsandbytes saves them",
      one_of({"full", "nf4"}));
  v.field("scale", scale, "what the adapters change is multiplied by this; -1: taken away; 1: as trained");
}

Json merge_adapter(const MergeOptions& options, const Placement& where, const Context& context) {
  check_output(options);
  const fs::path output_folder = options.output;
  if (output_folder.has_parent_path()) make_folders(output_folder.parent_path());
  const auto lock = take_lock(lock_beside(output_folder), {"merges", output_folder}, context);
  check_output(options);  // another merge may have ended between the first look and the lock
  const bool in_nf4 = options.precision == "nf4";
  const auto dense = quantized(open_model_source(options.model), "dense");
  const auto source = in_nf4 ? quantized(open_model_source(options.model), "nf4") : nullptr;
  const auto decoder = load_decoder(*dense, where, context);
  load_loras(*decoder, std::vector<fs::path>(options.adapter.begin(), options.adapter.end()), options.scale);
  for (const std::string& adapter : options.adapter) warn_of_other_base(adapter, options.model, context);
  context.throw_if_interrupted();
  AtomicFolder output(options.output);
  Json record;
  if (in_nf4) {
    record = merge_record(options, where,
                          save_merged_in_nf4(*decoder, *source->weights(), source->config(), output.path()));
  } else {
    record = merge_record(options, where, merge_lora(*decoder));
    save_model(*decoder, dense->config(), output.path());
  }
  copy_files_to_keep(*dense, output.path());
  write_file(output.path() / "merge.json", dump_json(record, 2) + "\n");
  lock->throw_if_lost();
  output.commit();
  return record;
}

DType checkpoint_dtype(const std::filesystem::path& folder) { return open_model_source(folder)->dtype(); }

}  // namespace xlt
