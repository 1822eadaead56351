// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/checks.h"

#include <algorithm>
#include <filesystem>

#include "xlt/base/error.h"
#include "xlt/checkpoint/adapter.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/dataset/reader.h"
#include "xlt/lm/quantized.h"
#include "xlt/models/decoder.h"
#include "xlt/models/encoder.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

namespace {

template <typename Outline>
std::string describe(const Outline& outline) {
  return str_cat("architecture ", outline.config.model_type, ", ", outline.num_parameters, " parameters in ",
                 outline.num_tensors, " tensors; their shapes are those of config.json");
}

}  // namespace

void check_model(Checks& checks, const std::string& model) {
  if (model.empty()) return;
  checks.add("model " + model, [&] { return describe(outline_decoder(*open_model_source(model))); });
}

void check_layered_model(Checks& checks, const std::string& model) {
  if (model.empty()) return;
  checks.add("model " + model, [&] { return describe(outline_layered_model(*open_model_source(model))); });
}

void check_tokenizer(Checks& checks, const std::string& folder) {
  if (folder.empty()) return;
  const auto is_said = [&](const Check& check) { return !check.ok && check.what == "model " + folder; };
  std::error_code code;  // a model that is not there is one fault, not two
  if (!std::filesystem::exists(folder, code) &&
      std::any_of(checks.results().begin(), checks.results().end(), is_said))
    return;
  checks.add("tokenizer " + folder,
             [&] { return str_cat("loads, ", load_tokenizer(folder)->vocab_size(), " tokens"); });
}

void check_adapter(Checks& checks, const std::string& adapter) {
  if (adapter.empty()) return;
  checks.add("adapter " + adapter, [&] {
    const Adapter loaded = load_adapter(adapter);
    return str_cat("LoRA of rank ", loaded.config.r, " on ", loaded.modules.size(), " modules");
  });
}

void check_quantization(Checks& checks, const std::string& quantize, const std::string& model) {
  if (quantize == "none" || model.empty()) return;
  checks.add("quantize " + quantize, [&] {
    check_quantize(quantize, model);
    return std::string("is of this kind of model");
  });
}

void check_rows(Checks& checks, const std::string& file, const std::vector<std::string>& any_of_fields) {
  if (file.empty()) return;
  checks.add("rows " + file, [&] {
    const auto rows = read_rows(file);
    for (const Row& row : rows) {
      const auto held = std::find_if(any_of_fields.begin(), any_of_fields.end(),
                                     [&](const auto& field) { return row.has(field); });
      if (held != any_of_fields.end() && *held == "messages") continue;  // their template looks at them
      row.text(held == any_of_fields.end() ? any_of_fields.front() : *held);
    }
    return str_cat(rows.size(), " rows");
  });
}

}  // namespace xlt
