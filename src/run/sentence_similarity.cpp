// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/sentence_similarity.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>

namespace xlt {

namespace {

constexpr size_t kBlock =
    128;  // texts handed over at once: all layers of all of a language's need not be held

// [layer][hidden], of length 1; empty: the text has no tokens. Shared: a source text stands beside one of
// every language.
using TextVectors = std::shared_ptr<const std::vector<std::vector<float>>>;

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

// Texts through the encoder, in the layers that are asked for.
class TextEncoder {
 public:
  explicit TextEncoder(SentenceEncoder& encoder) : encoder_(encoder) {
    for (int64_t layer = 0; layer <= encoder.info().num_layers; ++layer) layers_.push_back(layer);
  }
  size_t num_layers() const { return layers_.size(); }
  size_t bytes_of_text() const {
    return layers_.size() * static_cast<size_t>(encoder_.info().hidden_size) * sizeof(float);
  }
  std::vector<TextVectors> encode(const std::vector<std::string>& texts) {
    if (texts.empty()) return {};
    auto vectors = encoder_.embed(texts, layers_, {PoolingMode::kMean, false});
    std::vector<TextVectors> shared;
    for (auto& layers : vectors) {
      for (auto& vector : layers) normalize(vector);
      shared.push_back(std::make_shared<const std::vector<std::vector<float>>>(std::move(layers)));
    }
    return shared;
  }

 private:
  SentenceEncoder& encoder_;
  std::vector<int64_t> layers_;
};

// The source's texts, which every language asks for again: each is encoded once, as long as the memory for
// them lasts.
class SourceTexts {
 public:
  explicit SourceTexts(TextEncoder& encoder)
      : encoder_(encoder),
        most_(std::max(kMaxRetrieved, kMaxHeldBytes / std::max<size_t>(1, encoder.bytes_of_text()))) {}

  std::vector<TextVectors> encode(const std::vector<std::string>& texts) {
    std::set<std::string> distinct(texts.begin(), texts.end());
    std::erase_if(distinct, [&](const std::string& text) { return held_.contains(text); });
    const std::vector<std::string> unknown(distinct.begin(), distinct.end());
    const auto vectors = encoder_.encode(unknown);
    std::map<std::string, TextVectors> passing;  // beyond what is held
    for (size_t i = 0; i < unknown.size(); ++i)
      (held_.size() < most_ ? held_ : passing)[unknown[i]] = vectors[i];
    std::vector<TextVectors> found;
    for (const std::string& text : texts)
      found.push_back(held_.contains(text) ? held_.at(text) : passing.at(text));
    return found;
  }

 private:
  static constexpr size_t kMaxHeldBytes = size_t{1} << 30;
  TextEncoder& encoder_;
  size_t most_;  // texts held
  std::map<std::string, TextVectors> held_;
};

// The texts of one language beside the source's, added block by block.
class Pairs {
 public:
  explicit Pairs(size_t num_layers) : sums_(num_layers, 0.0) {}

  void add(const std::vector<TextVectors>& ours, const std::vector<TextVectors>& theirs) {
    for (size_t i = 0; i < ours.size(); ++i) {
      if (ours[i]->empty() || theirs[i]->empty()) continue;
      ++count_;
      for (size_t layer = 0; layer < sums_.size(); ++layer)
        sums_[layer] += product((*ours[i])[layer], (*theirs[i])[layer]);
      if (count_ > kMaxRetrieved) continue;
      ours_.push_back(ours[i]);
      theirs_.push_back(theirs[i]);
    }
  }
  size_t count() const { return count_; }
  SentenceSimilarity similarity() const {
    SentenceSimilarity similarity;
    for (size_t layer = 0; layer < sums_.size(); ++layer) {
      similarity.cosine.push_back(sums_[layer] / static_cast<double>(count_));
      similarity.retrieval.push_back(retrieval(layer));
    }
    return similarity;
  }

 private:
  double retrieval(size_t layer) const {
    size_t found = 0;
    for (size_t i = 0; i < theirs_.size(); ++i) {
      const std::vector<float>& theirs = (*theirs_[i])[layer];
      const double own = product((*ours_[i])[layer], theirs);
      found += std::none_of(ours_.begin(), ours_.end(),
                            [&](const TextVectors& other) { return product((*other)[layer], theirs) > own; });
    }
    return static_cast<double>(found) / static_cast<double>(theirs_.size());
  }

  std::vector<double> sums_;  // of cosines, [layer]
  size_t count_ = 0;
  std::vector<TextVectors> ours_, theirs_;  // of the first kMaxRetrieved pairs
};

}  // namespace

SentenceSimilarities sentence_similarities(SentenceEncoder& encoder, const ParallelTexts& texts,
                                           const std::string& source, const Context& context) {
  TextEncoder texts_of(encoder);
  SourceTexts source_texts(texts_of);
  SentenceSimilarities similarities;
  Progress bar = context.progress("similarity", static_cast<int64_t>(texts.size()), "languages");
  for (const auto& [language, rows] : texts) {
    bar.advance(1, language);
    if (language == source) continue;
    const auto pairs = paired_texts(texts, source, language);
    Pairs compared(texts_of.num_layers());
    for (size_t begin = 0; begin < pairs.size(); begin += kBlock) {
      context.throw_if_interrupted();
      std::vector<std::string> ours, theirs;
      for (size_t i = begin; i < std::min(begin + kBlock, pairs.size()); ++i) {
        ours.push_back(pairs[i].first);
        theirs.push_back(pairs[i].second);
      }
      compared.add(source_texts.encode(ours), texts_of.encode(theirs));
    }
    if (compared.count() > 0) similarities[language] = compared.similarity();
  }
  return similarities;
}

}  // namespace xlt
