// SPDX-License-Identifier: Apache-2.0
#include "run/lab/world_judges.h"

#include <algorithm>

#include "xlt/base/registry.h"
#include "xlt/lab/oracle.h"

namespace xlt {

namespace {

class GrammarOracle final : public TextOracle {
 public:
  GrammarOracle(std::unique_ptr<LabWorld> world, std::string question)
      : oracle_(std::move(world)), question_(std::move(question)) {
    const auto known = Oracle::questions();
    if (std::find(known.begin(), known.end(), question_) == known.end())
      throw_unknown_name("question of an oracle", question_, known);
  }
  bool knows(const std::string& language) const override { return oracle_.world().find(language) != nullptr; }
  std::optional<double> judge(const std::string& text, const std::string& language) const override {
    return oracle_.judge(question_, text, language);
  }

 private:
  Oracle oracle_;
  std::string question_;
};

class GrammarIdentifier final : public LanguageIdentifier {
 public:
  explicit GrammarIdentifier(std::unique_ptr<LabWorld> world) : oracle_(std::move(world)) {}
  LanguageGuess identify(std::string_view line) const override {
    const auto guess = oracle_.identify(line);
    return guess ? LanguageGuess{guess->language->tag(), guess->share} : LanguageGuess{"und", 0};
  }
  bool knows(std::string_view language) const override { return oracle_.world().find(language) != nullptr; }

 private:
  Oracle oracle_;
};

}  // namespace

std::unique_ptr<TextOracle> make_text_oracle(const std::filesystem::path& world,
                                             const std::string& question) {
  return std::make_unique<GrammarOracle>(load_world(world), question);
}

bool is_world_file(const std::filesystem::path& file) { return file.extension() == ".json"; }

std::unique_ptr<LanguageIdentifier> make_world_identifier(const std::filesystem::path& world) {
  return std::make_unique<GrammarIdentifier>(load_world(world));
}

}  // namespace xlt
