// SPDX-License-Identifier: Apache-2.0
// The keys of a config.json, each read with its check. A family reads its own keys, and says which other
// names of theirs it knows:
//
//   const ConfigReader json = config.with_aliases({{"hidden_size", "n_embd"}, {"num_hidden_layers", "n_layer"}});
//   const int64_t inner = json.size("intermediate_size", 4 * hidden);
//
// Everything throws kCheckpoint "config.json: key: …".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "xlt/base/json.h"
#include "xlt/models/model_config.h"

namespace xlt {

class ConfigReader {
 public:
  // `most_layers`: what the weights can hold at most, or a bound on what a model trained from scratch may
  // have.
  ConfigReader(const Json& json, const std::string& where, int64_t most_layers)
      : view_(json, where, ErrorKind::kCheckpoint), most_layers_(most_layers) {}
  // {key, the other name it may have}
  using Aliases = std::vector<std::pair<std::string, std::string>>;
  ConfigReader with_aliases(Aliases aliases) const;
  // What holds where a key is absent: what transformers' class of the family assumes.
  ConfigReader with_defaults(Json defaults) const;
  // The object under `key`, whose keys are read like this one's.
  ConfigReader section(const std::string& key) const;

  bool has(const std::string& key) const;      // present and not null
  bool is_null(const std::string& key) const;  // present and null
  JsonView at(const std::string& key) const;   // throws where absent or null
  [[noreturn]] void fail(const std::string& key, const std::string& message) const;

  // 1 … 2³⁰, so that the product of any two, in bytes of a wide dtype, is a number.
  int64_t size(const std::string& key) const;
  int64_t size(const std::string& key, int64_t fallback) const;
  // As `size`, or 0 where it is null or 0: "none".
  int64_t size_or_none(const std::string& key, int64_t fallback) const;
  double positive(const std::string& key, double fallback) const;      // finite and above 0
  double not_negative(const std::string& key, double fallback) const;  // finite
  bool flag(const std::string& key, bool fallback) const;
  std::string text(const std::string& key, const char* fallback) const;

  int64_t most_layers() const { return most_layers_; }

 private:
  const std::string& name_of(const std::string& key) const;
  ConfigReader(JsonView view, int64_t most_layers) : view_(std::move(view)), most_layers_(most_layers) {}
  // Whether the default stands in: a null is not absence.
  bool is_default(const std::string& key) const;
  JsonView view_;
  int64_t most_layers_;
  Aliases aliases_;
  std::shared_ptr<const Json> defaults_;
};

// The keys of ModelConfig but those of the head, under their Hugging Face names or aliases.
ModelConfig read_model_config(const ConfigReader& json);

}  // namespace xlt
