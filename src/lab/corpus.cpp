// SPDX-License-Identifier: Apache-2.0
#include "xlt/lab/corpus.h"

#include <algorithm>
#include <numeric>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

// Weights as running sums, 1 at the end.
std::vector<double> running_shares(const std::vector<double>& weights) {
  std::vector<double> sums(weights.size());
  std::partial_sum(weights.begin(), weights.end(), sums.begin());
  XLT_CHECK(sums.back() > 0, "no language has a share");
  const double total = sums.back();
  for (double& sum : sums) sum /= total;
  return sums;
}

std::vector<double> shares_of(const LabWorld& world) {
  std::vector<double> shares;
  for (const Language& language : world.languages()) shares.push_back(language.dials().share);
  return shares;
}

size_t pick(const std::vector<double>& up_to, double u) {
  const auto found = std::upper_bound(up_to.begin(), up_to.end(), u);
  return static_cast<size_t>(
      std::min<int64_t>(found - up_to.begin(), static_cast<int64_t>(up_to.size()) - 1));
}

}  // namespace

Corpus::Corpus(const LabWorld& world, std::string_view stream)
    : world_(world), rng_(Rng(world.seed()).fork(stream)), up_to_(running_shares(shares_of(world))) {}

void Corpus::append_bilingual(const Sentence& sentence, const Language& language, Rng& rng,
                              std::string& text) const {
  const Language& source = world_.source();
  if (language.dials().bilingual_kind == "parallel") {
    language.append(sentence, text);
    text += ' ';
    source.append(sentence, text);
    return;
  }
  // Half of the words of each, in the order of either.
  const auto order = (rng.uniform() < 0.5 ? language : source).in_order(sentence);
  for (int at = 0; at < sentence.size(); ++at) {
    text += (rng.uniform() < 0.5 ? language : source).form(order[at]);
    text += ' ';
  }
  text += sentence.kind == SentenceKind::kProvocation ? '?' : '.';
}

void Corpus::append_document(int64_t number, std::string& text, const Language** whose) const {
  Rng rng = rng_.fork(static_cast<uint64_t>(number));
  const Language& language = world_.languages()[pick(up_to_, rng.uniform())];
  if (whose) *whose = &language;
  const bool is_bilingual = rng.uniform() < language.dials().bilingual;
  bool is_first = true;
  for (const Sentence& sentence : world_.grammar().draw(rng)) {
    if (!is_first) text += ' ';
    is_first = false;
    if (is_bilingual)
      append_bilingual(sentence, language, rng, text);
    else
      language.append(sentence, text);
  }
}

std::string Corpus::document(int64_t number, const Language** language) const {
  std::string text;
  append_document(number, text, language);
  return text;
}

int64_t write_corpus(const LabWorld& world, int64_t num_documents, const std::filesystem::path& file) {
  constexpr size_t kBlock = 1 << 20;
  const Corpus corpus(world, "corpus");
  AtomicFile out(file);
  std::string block;
  int64_t num_words = 0;
  const auto flush = [&] {
    out.write(block);
    block.clear();
  };
  // Words are letters, so that no text needs escapes.
  for (int64_t i = 0; i < num_documents; ++i) {
    const size_t begin = block.size();
    block += "{\"text\":\"";
    corpus.append_document(i, block);
    num_words += std::count(block.begin() + static_cast<int64_t>(begin), block.end(), ' ') + 1;
    block += "\"}\n";
    if (block.size() > kBlock) flush();
  }
  flush();
  out.commit();
  return num_words;
}

std::vector<std::string> tokenizer_text(const LabWorld& world, int64_t num_documents) {
  std::vector<double> weights;
  for (const Language& language : world.languages()) weights.push_back(language.dials().vocabulary);
  const auto up_to = running_shares(weights);
  const Rng rng = Rng(world.seed()).fork("tokenizer");
  std::vector<std::string> lines;
  for (int64_t i = 0; i < num_documents; ++i) {
    Rng own = rng.fork(static_cast<uint64_t>(i));
    // Evenly, not drawn: with little text a drawn share is not the dial's.
    const double place = (static_cast<double>(i) + 0.5) / static_cast<double>(num_documents);
    lines.push_back(world.languages()[pick(up_to, place)].realise(world.grammar().draw(own)));
  }
  return lines;
}

}  // namespace xlt
