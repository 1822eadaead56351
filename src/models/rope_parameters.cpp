// SPDX-License-Identifier: Apache-2.0
#include "models/rope_parameters.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace xlt {

namespace {

// Of the length that the model was first trained on; some files name it beside the scaling.
int64_t read_original_length(const JsonView& json, const ConfigReader& config, int64_t longest) {
  const int64_t beside = json.get("original_max_position_embeddings", longest);
  const int64_t original = config.size("original_max_position_embeddings", beside);
  if (original < 2) json.fail("original_max_position_embeddings must be at least 2");
  return original;
}

// How many times as long texts became, where `factor` does not say so.
double stretch_of(const JsonView& json, int64_t longest, int64_t original) {
  return json.get("factor", static_cast<double>(longest) / static_cast<double>(original));
}

// Phi-3's: the sizes that it stretches between may stand beside it.
void parse_longrope(const JsonView& json, const ConfigReader& config, RopeParameters& rope) {
  const int64_t longest = config.size("max_position_embeddings", 4096);
  rope.original_max_position_embeddings = read_original_length(json, config, longest);
  rope.factor = stretch_of(json, longest, rope.original_max_position_embeddings);
  const JsonView factors = json.at("short_factor");
  for (size_t i = 0; i < factors.size(); ++i)
    rope.short_factor.push_back(static_cast<float>(factors.at(i).as_double()));
  const double stretch =
      std::log(rope.factor) / std::log(static_cast<double>(rope.original_max_position_embeddings));
  rope.attention_factor = json.get("attention_factor", rope.factor <= 1 ? 1.0 : std::sqrt(1 + stretch));
}

// YaRN's (Peng et al. 2023). Attention gets sharper with the stretch: by its logarithm, section 3.4.
void parse_yarn(const JsonView& json, const ConfigReader& config, RopeParameters& rope) {
  const int64_t longest = config.size("max_position_embeddings", 2048);
  rope.original_max_position_embeddings = read_original_length(json, config, longest);
  rope.factor = stretch_of(json, longest, rope.original_max_position_embeddings);
  rope.beta_fast = json.get("beta_fast", 32.0);
  rope.beta_slow = json.get("beta_slow", 1.0);
  if (!(rope.rope_theta > 1)) json.fail("rope_theta must be above 1");
  if (!(rope.beta_slow > 0 && rope.beta_fast >= rope.beta_slow && std::isfinite(rope.beta_fast)))
    json.fail("beta_slow must be above 0, and beta_fast not below it");
  rope.truncate = json.get("truncate", true);
  const auto sharpness = [&](double scale) {
    return rope.factor <= 1 ? 1.0 : 0.1 * scale * std::log(rope.factor) + 1;
  };
  const double scale = json.get("mscale", 0.0), scale_all = json.get("mscale_all_dim", 0.0);
  rope.attention_factor =
      json.get("attention_factor",
               scale != 0 && scale_all != 0 ? sharpness(scale) / sharpness(scale_all) : sharpness(1));
  if (!std::isfinite(rope.attention_factor) || rope.attention_factor <= 0)
    json.fail("attention_factor must be positive");
}

RopeParameters parse(const JsonView& json, const ConfigReader& config, double theta) {
  RopeParameters rope;
  rope.rope_theta = json.get("rope_theta", theta);
  rope.rope_type = json.has("rope_type") ? json.get("rope_type", "default") : json.get("type", "default");
  if (rope.rope_type == "su") rope.rope_type = "longrope";  // its name before it had one
  rope.factor = json.get("factor", 1.0);
  rope.low_freq_factor = json.get("low_freq_factor", 1.0);
  rope.high_freq_factor = json.get("high_freq_factor", 4.0);
  rope.original_max_position_embeddings = json.get("original_max_position_embeddings", int64_t{8192});
  if (rope.rope_type == "longrope")
    parse_longrope(json, config, rope);
  else if (rope.rope_type == "yarn")
    parse_yarn(json, config, rope);
  else if (rope.rope_type != "default" && rope.rope_type != "linear" && rope.rope_type != "llama3")
    json.fail(str_cat("rope type \"", rope.rope_type,
                      "\" is not supported; supported: default, linear, llama3, longrope, yarn"));
  const auto is_positive = [](double value) { return std::isfinite(value) && value > 0; };
  if (!is_positive(rope.rope_theta) || !is_positive(rope.factor))
    json.fail("rope_theta and factor must be positive");
  if (rope.rope_type == "llama3" &&
      (!is_positive(rope.low_freq_factor) || !(rope.high_freq_factor > rope.low_freq_factor) ||
       rope.original_max_position_embeddings < 1))
    json.fail(
        "high_freq_factor must be above low_freq_factor, and they and "
        "original_max_position_embeddings above 0");
  return rope;
}

// The elements of a head that turn: all, or the first part of them.
int64_t turning_of(const ConfigReader& json, int64_t head_dim) {
  double part = json.positive("partial_rotary_factor", 1.0);
  if (json.has("rope_parameters")) part = json.at("rope_parameters").get("partial_rotary_factor", part);
  if (!(part > 0 && part <= 1)) json.fail("partial_rotary_factor", str_cat("must be in 0 … 1, is ", part));
  const int64_t dim = static_cast<int64_t>(static_cast<double>(head_dim) * part);
  if (dim % 2 != 0 || dim == 0)
    json.fail("head_dim", str_cat("must be even and above 0, is ", dim, part < 1 ? " where it turns" : ""));
  return dim;
}

}  // namespace

LayerRopes read_ropes(const ConfigReader& json, ModelConfig& config, double theta,
                      std::optional<double> sliding_theta) {
  LayerRopes ropes;
  ropes.full.rope_theta = json.positive("rope_theta", theta);
  const double local = json.positive("rope_local_base_freq", sliding_theta.value_or(ropes.full.rope_theta));
  if (json.has("rope_parameters")) {
    const JsonView all = json.at("rope_parameters");
    ropes.full =
        parse(all.has("full_attention") ? all.at("full_attention") : all, json, ropes.full.rope_theta);
    ropes.sliding =
        all.has("sliding_attention") ? parse(all.at("sliding_attention"), json, local) : ropes.full;
  } else {
    if (json.has("rope_scaling")) ropes.full = parse(json.at("rope_scaling"), json, ropes.full.rope_theta);
    ropes.sliding = ropes.full;
    if (sliding_theta || json.has("rope_local_base_freq")) ropes.sliding = {.rope_theta = local};
  }
  ropes.full.dim = ropes.sliding.dim = turning_of(json, config.head_dim);
  if (ropes.full.rope_type == "longrope" && std::ssize(ropes.full.short_factor) != ropes.full.dim / 2)
    json.fail("short_factor",
              str_cat("has ", ropes.full.short_factor.size(), " entries instead of ", ropes.full.dim / 2));
  for (const RopeParameters* rope : {&ropes.full, &ropes.sliding})
    if (rope->rope_type == "longrope")
      config.max_position_embeddings =
          std::min(config.max_position_embeddings, rope->original_max_position_embeddings);
  return ropes;
}

}  // namespace xlt
