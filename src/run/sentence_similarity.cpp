// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/sentence_similarity.h"

#include <algorithm>
#include <cmath>

namespace xlt {

namespace {

constexpr size_t kBlock =
    128;  // texts handed over at once: all layers of all of a language's need not be held

// [text][layer][hidden]
using Vectors = std::vector<std::vector<std::vector<float>>>;

// Both sums in double, eight at a time: an order of its own, the same on every machine.
double product(const std::vector<float>& a, const std::vector<float>& b) {
  constexpr size_t kLanes = 8;
  double lanes[kLanes] = {}, rest = 0;
  const size_t whole = a.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] += static_cast<double>(a[i + lane]) * b[i + lane];
  for (size_t i = whole; i < a.size(); ++i) rest += static_cast<double>(a[i]) * b[i];
  for (const double lane : lanes) rest += lane;
  return rest;
}

void normalize(std::vector<float>& vector) {
  const double length = std::sqrt(product(vector, vector));
  for (float& value : vector) value = static_cast<float>(value / length);
}

// The texts of one language beside the source's, added block by block.
class Pairs {
 public:
  explicit Pairs(size_t num_layers) : sums_(num_layers, 0.0), ours_(num_layers), theirs_(num_layers) {}

  void add(Vectors ours, Vectors theirs) {
    for (size_t i = 0; i < ours.size(); ++i) {
      if (ours[i].empty() || theirs[i].empty()) continue;
      ++count_;
      for (size_t layer = 0; layer < sums_.size(); ++layer) {
        normalize(ours[i][layer]);
        normalize(theirs[i][layer]);
        sums_[layer] += product(ours[i][layer], theirs[i][layer]);
        if (count_ > kMaxRetrieved) continue;
        ours_[layer].push_back(std::move(ours[i][layer]));
        theirs_[layer].push_back(std::move(theirs[i][layer]));
      }
    }
  }
  size_t count() const { return count_; }
  SentenceSimilarity similarity() const {
    SentenceSimilarity similarity;
    for (size_t layer = 0; layer < sums_.size(); ++layer) {
      similarity.cosine.push_back(sums_[layer] / static_cast<double>(count_));
      similarity.retrieval.push_back(retrieval(ours_[layer], theirs_[layer]));
    }
    return similarity;
  }

 private:
  using LayerVectors = std::vector<std::vector<float>>;  // [text][hidden], of length 1

  static double retrieval(const LayerVectors& ours, const LayerVectors& theirs) {
    size_t found = 0;
    for (size_t i = 0; i < theirs.size(); ++i) {
      const double own = product(ours[i], theirs[i]);
      found += std::none_of(ours.begin(), ours.end(),
                            [&](const auto& other) { return product(other, theirs[i]) > own; });
    }
    return static_cast<double>(found) / static_cast<double>(theirs.size());
  }

  std::vector<double> sums_;  // of cosines, [layer]
  size_t count_ = 0;
  std::vector<LayerVectors> ours_, theirs_;  // [layer]
};

}  // namespace

SentenceSimilarities sentence_similarities(SentenceEncoder& encoder, const ParallelTexts& texts,
                                           const std::string& source, const Context& context) {
  std::vector<int64_t> layers;
  for (int64_t layer = 0; layer <= encoder.info().num_layers; ++layer) layers.push_back(layer);
  const SentencePooling pooling{PoolingMode::kMean, false};
  SentenceSimilarities similarities;
  Progress bar = context.progress("similarity", static_cast<int64_t>(texts.size()), "languages");
  for (const auto& [language, rows] : texts) {
    bar.advance(1, language);
    if (language == source) continue;
    const auto pairs = paired_texts(texts, source, language);
    Pairs compared(layers.size());
    for (size_t begin = 0; begin < pairs.size(); begin += kBlock) {
      context.throw_if_interrupted();
      std::vector<std::string> ours, theirs;
      for (size_t i = begin; i < std::min(begin + kBlock, pairs.size()); ++i) {
        ours.push_back(pairs[i].first);
        theirs.push_back(pairs[i].second);
      }
      compared.add(encoder.embed(ours, layers, pooling), encoder.embed(theirs, layers, pooling));
    }
    if (compared.count() > 0) similarities[language] = compared.similarity();
  }
  return similarities;
}

}  // namespace xlt
