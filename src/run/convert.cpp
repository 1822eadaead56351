// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/convert.h"

#include "run/output_folder.h"

#include "xlt/base/atomic_folder.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/lock.h"
#include "xlt/base/utf8.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/checkpoint/save_weights.h"
#include "xlt/checkpoint/weight_source.h"
#include "xlt/models/decoder.h"
#include "xlt/run/environment.h"

namespace xlt {

void ConvertOptions::visit(OptionVisitor& v) {
  v.field("model", model, "GGUF file, checkpoint folder or name of the hub in the local cache");
  v.field("output", output,
          "folder to write; transformers loads it as it is. Without --dtype the weights keep the type that "
          "the model "
          "names; of a GGUF file, that of its embedding, bfloat16 where it is quantised");
}

Json convert_model(const ConvertOptions& options, DType dtype, const Context& context) {
  const auto check = [&] {
    check_output_folder(options.output, {options.model}, "convert.json", "conversion");
  };
  check();
  const fs::path output_folder = options.output;
  if (output_folder.has_parent_path()) make_folders(output_folder.parent_path());
  const auto lock = take_lock(lock_beside(output_folder), {"converts", output_folder}, context);
  check();  // another conversion may have ended between the first look and the lock
  const auto source = open_model_source(options.model);
  const DecoderOutline outline = outline_decoder(*source);  // every misfit, before anything is written
  const Json record = {{"model", escape_invalid_utf8(options.model)},
                       {"dtype", name_of(dtype)},
                       {"parameters", outline.num_parameters},
                       {"tensors", outline.num_tensors},
                       {"code", code_record()}};
  Json config = source->config();
  config.erase("torch_dtype");
  config["dtype"] = name_of(dtype);
  AtomicFolder output(output_folder);
  save_weights(*source->weights(), dtype, output.path(), context);
  write_file(output.path() / "config.json", dump_json(config, 2) + "\n");
  copy_files_to_keep(*source, output.path());
  write_file(output.path() / "convert.json", dump_json(record, 2) + "\n");
  lock->throw_if_lost();
  output.commit();
  return record;
}

}  // namespace xlt
