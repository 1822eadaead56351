// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/merge.h"

#include "run/output_folder.h"

#include <algorithm>

#include "xlt/base/atomic_folder.h"
#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/lock.h"
#include "xlt/base/utf8.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/models/decoder.h"
#include "xlt/run/environment.h"

namespace xlt {

namespace {

void check_output(const MergeOptions& options) {
  check_output_folder(options.output, {options.model, options.adapter}, "merge.json", "merge");
}

Json merge_record(const MergeOptions& options, const Placement& where,
                  const std::vector<std::pair<std::string, double>>& errors) {
  Json modules = Json::object();
  double largest = 0;
  for (const auto& [name, error] : errors) {
    modules[name] = error;
    largest = std::max(largest, error);
  }
  return {{"model", escape_invalid_utf8(options.model)},
          {"adapter", escape_invalid_utf8(options.adapter)},
          {"precision", options.precision},
          {"dtype", name_of(where.dtype)},
          {"code", code_record()},
          {"max_relative_rounding_error", largest},
          {"relative_rounding_error", modules}};
}

}  // namespace

void MergeOptions::visit(OptionVisitor& v) {
  v.field("model", model, "checkpoint folder that the adapter was trained on");
  v.field("adapter", adapter, "LoRA adapter folder in PEFT's format");
  v.field("output", output, "folder to write; transformers loads it as it is");
  v.field("precision", precision, "full: weights in --dtype (the checkpoint's own unless given); nf4: later",
          one_of({"full", "nf4"}));
}

Json merge_adapter(const MergeOptions& options, const Placement& where, const Context& context) {
  if (options.precision != "full")
    throw Error(ErrorKind::kUnsupported,
                "merging into 4-bit weights is not available in this version; use --precision full",
                "--precision nf4");
  check_output(options);
  const fs::path output_folder = options.output;
  if (output_folder.has_parent_path()) make_folders(output_folder.parent_path());
  const auto lock = take_lock(lock_beside(output_folder), {"merges", output_folder}, context);
  check_output(options);  // another merge may have ended between the first look and the lock
  const auto source = open_model_source(options.model);
  const auto decoder = load_decoder(*source, where, context);
  load_lora(*decoder, options.adapter);
  context.throw_if_interrupted();
  const Json record = merge_record(options, where, merge_lora(*decoder));
  AtomicFolder output(options.output);
  save_model(*decoder, source->config(), output.path());
  copy_files_to_keep(*source, output.path());
  write_file(output.path() / "merge.json", dump_json(record, 2) + "\n");
  lock->throw_if_lost();
  output.commit();
  return record;
}

DType checkpoint_dtype(const std::filesystem::path& folder) { return open_model_source(folder)->dtype(); }

}  // namespace xlt
