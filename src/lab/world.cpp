// SPDX-License-Identifier: Apache-2.0
#include "lab/lexicon.h"

#include <cmath>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/lab/languages.h"

namespace xlt {

namespace {

constexpr const char* kKind = "xlt lab world";

// Which concepts have language 1's word: exactly the share that the dial says, to the nearest word.
std::vector<bool> draw_cognates(int32_t num_concepts, double overlap, const Rng& rng) {
  std::vector<bool> is_cognate(static_cast<size_t>(num_concepts), false);
  const auto count = static_cast<size_t>(std::llround(overlap * num_concepts));
  const auto order = Rng(rng).fork("cognates").permutation(num_concepts);
  for (size_t i = 0; i < count; ++i) is_cognate[static_cast<size_t>(order[i])] = true;
  return is_cognate;
}

}  // namespace

LabWorld::LabWorld(const GrammarOptions& grammar, std::vector<LanguageDials> dials, uint64_t seed)
    : grammar_(grammar), seed_(seed) {
  check_dials(dials);
  WordMaker maker;
  std::vector<std::string> first;  // language 1's words in Latin letters
  for (LanguageDials& one : dials) {
    Rng rng = Rng(seed).fork("lexicon").fork(one.tag);
    const auto is_cognate = draw_cognates(grammar_.num_concepts(), one.overlap, rng);
    std::vector<std::string> words, forms;
    for (int32_t i = 0; i < grammar_.num_concepts(); ++i) {
      words.push_back(is_cognate[static_cast<size_t>(i)] ? first[static_cast<size_t>(i)] : maker.make(rng));
      forms.push_back(in_script(words.back(), one.script));
    }
    if (first.empty()) first = std::move(words);
    languages_.emplace_back(grammar_, std::move(one), std::move(forms));
  }
}

const Language* LabWorld::find(std::string_view tag) const {
  for (const Language& language : languages_)
    if (language.tag() == tag) return &language;
  return nullptr;
}

double LabWorld::overlap_of(const Language& language) const {
  int64_t same = 0;
  for (int32_t i = 0; i < grammar_.num_concepts(); ++i) same += language.form(i) == source().form(i);
  return static_cast<double>(same) / grammar_.num_concepts();
}

Json to_json(const LabWorld& world) {
  GrammarOptions grammar = world.grammar().options();
  Json languages = Json::array();
  for (const Language& language : world.languages()) {
    LanguageDials dials = language.dials();
    languages.push_back(dump_options(visit_of(dials)));
  }
  return {{"kind", kKind},
          {"seed", world.seed()},
          {"grammar", dump_options(visit_of(grammar))},
          {"languages", languages}};
}

std::unique_ptr<LabWorld> world_from_json(const Json& json, const std::string& where) {
  const JsonView view(json, where);
  if (view.get("kind", "") != kKind)
    throw Error(ErrorKind::kData, "no world of `xlt lab`: \"kind\" is not \"" + std::string(kKind) + "\"",
                where);
  GrammarOptions grammar;
  read_options(visit_of(grammar), view.at("grammar").value(), where + ": grammar");
  std::vector<LanguageDials> dials;
  const JsonView languages = view.at("languages");
  for (size_t i = 0; i < languages.size(); ++i)
    read_options(visit_of(dials.emplace_back()), languages.at(i).value(), languages.at(i).place());
  return std::make_unique<LabWorld>(grammar, std::move(dials),
                                    static_cast<uint64_t>(view.at("seed").as_int()));
}

std::unique_ptr<LabWorld> load_world(const std::filesystem::path& file) {
  return world_from_json(load_json(file), file.string());
}

}  // namespace xlt
