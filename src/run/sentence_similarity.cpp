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

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double product = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  return product / std::sqrt(aa * bb);
}

// Sums of cosines a layer, and how many pairs they are of.
struct CosineSums {
  std::vector<double> sums;
  int64_t count = 0;
  void add(const Vectors& a, const Vectors& b) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i].empty() || b[i].empty()) continue;
      for (size_t layer = 0; layer < sums.size(); ++layer) sums[layer] += cosine(a[i][layer], b[i][layer]);
      ++count;
    }
  }
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
    CosineSums cosines{std::vector<double>(layers.size(), 0.0), 0};
    for (size_t begin = 0; begin < pairs.size(); begin += kBlock) {
      context.throw_if_interrupted();
      std::vector<std::string> ours, theirs;
      for (size_t i = begin; i < std::min(begin + kBlock, pairs.size()); ++i) {
        ours.push_back(pairs[i].first);
        theirs.push_back(pairs[i].second);
      }
      cosines.add(encoder.embed(ours, layers, pooling), encoder.embed(theirs, layers, pooling));
    }
    if (cosines.count == 0) continue;
    for (double sum : cosines.sums)
      similarities[language].push_back(sum / static_cast<double>(cosines.count));
  }
  return similarities;
}

}  // namespace xlt
