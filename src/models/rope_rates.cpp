// SPDX-License-Identifier: Apache-2.0
// How fast each pair of a head's elements turns, as its scaling makes it.
#include "models/rope_parameters.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace xlt {

namespace {

// Llama 3.1: long wavelengths are divided by `factor`, short ones kept, those between blended.
float llama3_rate(const RopeParameters& rope, float frequency) {
  const double original = static_cast<double>(rope.original_max_position_embeddings);
  const double wavelength = 2 * std::numbers::pi / frequency;
  const double low = original / rope.low_freq_factor, high = original / rope.high_freq_factor;
  if (wavelength > low) return static_cast<float>(frequency / rope.factor);
  if (wavelength < high) return frequency;
  const double smooth =
      (original / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
  return static_cast<float>((1 - smooth) * frequency / rope.factor + smooth * frequency);
}

// YaRN, equation 23: pairs that turn more than beta_fast times in the original length keep their rate, those
// that turn less than beta_slow times are divided by `factor`, and between them it goes in a straight line.
struct YarnRamp {
  double low = 0, high = 0;  // pairs where the line begins and ends

  explicit YarnRamp(const RopeParameters& rope) {
    low = std::max(pair_that_turns(rope, rope.beta_fast, -1), 0.0);
    high = std::min(pair_that_turns(rope, rope.beta_slow, 1), static_cast<double>(rope.dim - 1));
    if (low == high) high += 0.001;  // transformers' way round a division by 0
  }
  // `rounded`: down for −1, up for 1, where the file wants whole pairs.
  static double pair_that_turns(const RopeParameters& rope, double times, int rounded) {
    const double length = static_cast<double>(rope.original_max_position_embeddings);
    const double pair = static_cast<double>(rope.dim) * std::log(length / (times * 2 * std::numbers::pi)) /
                        (2 * std::log(rope.rope_theta));
    if (!rope.truncate) return pair;
    return rounded < 0 ? std::floor(pair) : std::ceil(pair);
  }
  float stretched_share(int64_t pair) const {
    const float along = (static_cast<float>(pair) - static_cast<float>(low)) / static_cast<float>(high - low);
    return std::clamp(along, 0.0f, 1.0f);
  }
};

float yarn_rate(const RopeParameters& rope, const YarnRamp& ramp, int64_t pair, float wave) {
  const float kept = 1 - ramp.stretched_share(pair);
  return 1.0f / (static_cast<float>(rope.factor) * wave) * (1 - kept) + 1.0f / wave * kept;
}

}  // namespace

std::vector<float> RopeParameters::inverse_frequencies() const {
  std::vector<float> inverse(dim / 2);
  const YarnRamp ramp(*this);
  for (int64_t i = 0; i < dim / 2; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(dim);
    const float wave = std::pow(static_cast<float>(rope_theta), exponent);  // 2π of these make one turn
    inverse[i] = 1.0f / wave;
    if (rope_type == "linear") inverse[i] /= static_cast<float>(factor);
    if (rope_type == "longrope") inverse[i] = 1.0f / (short_factor[i] * wave);
    if (rope_type == "llama3") inverse[i] = llama3_rate(*this, inverse[i]);
    if (rope_type == "yarn") inverse[i] = yarn_rate(*this, ramp, i, wave);
  }
  return inverse;
}

}  // namespace xlt
