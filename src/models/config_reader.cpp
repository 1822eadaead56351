// SPDX-License-Identifier: Apache-2.0
// Reads and checks the values of config.json.
#include "models/config_reader.h"

#include <cmath>
#include <limits>

namespace xlt {

namespace {

constexpr int64_t kLargestSize = int64_t{1} << 30;

}  // namespace

ConfigReader ConfigReader::with_aliases(Aliases aliases) const {
  ConfigReader reader = *this;
  reader.aliases_ = std::move(aliases);
  return reader;
}

const std::string& ConfigReader::name_of(const std::string& key) const {
  const Json& json = view_.value();
  if (json.contains(key)) return key;
  for (const auto& [name, alias] : aliases_)
    if (name == key && json.contains(alias)) return alias;
  return key;
}

ConfigReader ConfigReader::with_defaults(Json defaults) const {
  ConfigReader reader = *this;
  reader.defaults_ = std::make_shared<const Json>(std::move(defaults));
  return reader;
}

ConfigReader ConfigReader::section(const std::string& key) const {
  const JsonView object = at(key);
  object.keys();  // throws where it is none
  return {object, most_layers_};
}

bool ConfigReader::is_default(const std::string& key) const {
  return defaults_ && defaults_->contains(key) && !view_.value().contains(name_of(key));
}

bool ConfigReader::has(const std::string& key) const { return is_default(key) || view_.has(name_of(key)); }
bool ConfigReader::is_null(const std::string& key) const {
  return view_.value().contains(name_of(key)) && !has(key);
}
JsonView ConfigReader::at(const std::string& key) const {
  return is_default(key) ? JsonView(*defaults_, "the family's defaults").at(key) : view_.at(name_of(key));
}
void ConfigReader::fail(const std::string& key, const std::string& message) const {
  view_.fail(name_of(key) + ": " + message);
}

int64_t ConfigReader::size(const std::string& key) const {
  const int64_t value = at(key).as_int();
  if (value < 1 || value > kLargestSize)
    at(key).fail(str_cat("must be between 1 and ", kLargestSize, ", is ", value));
  return value;
}
int64_t ConfigReader::size(const std::string& key, int64_t fallback) const {
  return has(key) ? size(key) : fallback;
}
int64_t ConfigReader::size_or_none(const std::string& key, int64_t fallback) const {
  if (is_null(key) || (has(key) && at(key).as_int() == 0)) return 0;
  return size(key, fallback);
}

double ConfigReader::positive(const std::string& key, double fallback) const {
  const double value = not_negative(key, fallback);
  if (static_cast<float>(value) == 0)
    fail(key, value == 0 ? "must be above 0" : str_cat(value, " is 0 in float32; must be above"));
  return value;
}
double ConfigReader::not_negative(const std::string& key, double fallback) const {
  if (!has(key)) return fallback;
  const double value = at(key).as_double();
  if (!std::isfinite(value) || value < 0) at(key).fail(str_cat("must not be negative, is ", value));
  if (value > std::numeric_limits<float>::max()) at(key).fail(str_cat(value, " is beyond float32"));
  return value;
}
bool ConfigReader::flag(const std::string& key, bool fallback) const {
  return has(key) ? at(key).as_bool() : fallback;
}
std::string ConfigReader::text(const std::string& key, const char* fallback) const {
  return has(key) ? at(key).as_string() : std::string(fallback);
}

ModelConfig read_model_config(const ConfigReader& json) {
  ModelConfig config;
  config.model_type = json.at("model_type").as_string();
  config.vocab_size = json.size("vocab_size");
  config.hidden_size = json.size("hidden_size");
  config.num_hidden_layers = json.size("num_hidden_layers");
  if (config.num_hidden_layers > json.most_layers())
    json.fail("num_hidden_layers",
              str_cat("says ", config.num_hidden_layers, "; the weights have room for ", json.most_layers()));
  config.num_attention_heads = json.size("num_attention_heads");
  config.num_key_value_heads = json.size("num_key_value_heads", config.num_attention_heads);
  config.head_dim = json.size("head_dim", config.hidden_size / config.num_attention_heads);
  if (config.head_dim == 0)
    json.fail("num_attention_heads",
              str_cat("is ", config.num_attention_heads, ", more than hidden_size, ", config.hidden_size));
  if (config.num_attention_heads % config.num_key_value_heads != 0)
    json.fail("num_attention_heads",
              str_cat("(", config.num_attention_heads, ") must be a multiple of num_key_value_heads (",
                      config.num_key_value_heads, ")"));
  config.max_position_embeddings = json.size("max_position_embeddings", config.max_position_embeddings);
  if (config.max_position_embeddings < 2)
    json.fail("max_position_embeddings", str_cat("must be at least 2, is ", config.max_position_embeddings));
  config.initializer_range = json.not_negative("initializer_range", config.initializer_range);
  config.tie_word_embeddings = json.flag("tie_word_embeddings", false);
  return config;
}

}  // namespace xlt
