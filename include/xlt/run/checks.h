// SPDX-License-Identifier: Apache-2.0
// A list of things that were looked at, and what was found.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace xlt {

struct Check {
  std::string what;   // "data pairs.jsonl"
  std::string found;  // "300 preference pairs"; the fault where `ok` is false
  bool ok = true;
};

class Checks {
 public:
  // Runs `look`; an Error it throws becomes the fault, and the next check goes on.
  void add(const std::string& what, const std::function<std::string()>& look);
  const std::vector<Check>& results() const { return results_; }
  bool all_ok() const;

 private:
  std::vector<Check> results_;
};

// What commands have in common. Names are option values; an empty one is skipped.
void check_model(Checks& checks, const std::string& model);          // config.json, safetensors headers
void check_layered_model(Checks& checks, const std::string& model);  // the same; encoders too
void check_tokenizer(Checks& checks, const std::string& folder);
void check_adapter(Checks& checks, const std::string& adapter);
void check_quantization(Checks& checks, const std::string& quantize, const std::string& model);
void check_rows(Checks& checks, const std::string& file, const std::vector<std::string>& any_of_fields);

}  // namespace xlt
