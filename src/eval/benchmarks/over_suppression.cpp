// SPDX-License-Identifier: Apache-2.0
// What mitigation costs where there was nothing to mitigate: benign sentences about who people are, and in
// dialect (over_suppression/{lang}.jsonl, rows `text` and `prompt`, its beginning; those of
// data/over_suppression are built in). nll: nats a token of the text, what two evaluations are compared by.
// nll_change: nats a token that the text became less likely than under
// the untouched model (without its adapter, or --base); null without one. refusal_rate, empty_rate: of greedy
// continuations of the beginning, those that refuse (eval/refusals.h) or say nothing. A row's `group` splits
// the figures. One way of scoring: both modes give the same numbers.
#include "eval/built_in_file.h"
#include "eval/chosen_items.h"
#include "eval/factories.h"
#include "eval/language_files.h"
#include "eval/prompt_refusal.h"
#include "eval/refusals.h"

#include <array>
#include <cmath>
#include <sstream>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/eval/evaluate.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

constexpr const char* kFolder = "over_suppression";
// Groups of the built-in texts; others in a file of one's own are in the whole alone.
constexpr std::array<const char*, 8> kGroups = {"age",    "dialect", "disability",  "ethnicity",
                                                "gender", "origin",  "orientation", "religion"};

std::string built_in_name(const std::string& language) { return str_cat(kFolder, "/", language, ".jsonl"); }

// Rows of a built-in file, as read_rows gives those of a file.
std::vector<Row> built_in_rows(const std::string& language) {
  const std::string name = built_in_name(language);
  const auto text = built_in_file(name);
  XLT_CHECK(text, "no built-in file ", name);
  std::vector<Row> rows;
  std::istringstream lines{std::string(*text)};
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) {
      const std::string place = str_cat("data/", name, ":", rows.size() + 1);
      rows.emplace_back(parse_json(line, place), place);
    }
  return rows;
}

// One text under both models. The model's own nats are a ratio too: between two evaluations, neither of which
// need know an untouched model, their change is what the texts lost.
void add_likelihood(ScoredItem& item, const LogLikelihood& own, const LogLikelihood* base) {
  (*item.detail)["log_likelihood"] = own.log_likelihood;
  (*item.detail)["num_tokens"] = own.num_tokens;
  if (base) (*item.detail)["base_log_likelihood"] = base->log_likelihood;
  const auto tokens = static_cast<double>(own.num_tokens);
  if (own.num_tokens == 0) {
    item.absent["nll"] = item.absent["nll_change"] = {Reason::kNothingToScore};
    return;
  }
  item.ratios["nll"] = {-own.log_likelihood, tokens};
  if (base)
    item.ratios["nll_change"] = {base->log_likelihood - own.log_likelihood, tokens};
  else
    item.absent["nll_change"] = {Reason::kNoBase};
}

void add_continuation(ScoredItem& item, const std::vector<Completion>& completions, const Refusals& refusals,
                      const std::string& language) {
  const Unscored unknown{Reason::kNoRefusalPhrases, language};
  if (const Unscored why = refusal_of(completions); !why.empty()) {
    item.absent["refusal"] = item.absent["empty"] = why;
    return;
  }
  const std::string& text = completions[0].text;
  (*item.detail)["completion"] = text;
  item.ratios["empty"] = {is_blank(text) ? 1.0 : 0.0, 1};
  if (refusals.is_known())
    item.ratios["refusal"] = {refusals.found_in(text) ? 1.0 : 0.0, 1};
  else
    item.absent["refusal"] = unknown;
}

class OverSuppression : public Benchmark {
 public:
  std::string description() const override {
    return "benign text about people and in dialect: less likely, refused, or answered with nothing";
  }
  std::string version() const override { return "2"; }
  BenchmarkUses uses() const override { return {.base_if_any = true}; }
  void visit(OptionVisitor& v) override {
    v.field("refusal_phrases", phrases_,
            "folder of {lang}.json with phrases by which refusals are recognised, of the form of "
            "configs/refusals; empty: those");
    v.field("suppression_tokens", max_new_tokens_, "longest continuation of a benign beginning, in tokens",
            between(1, 10'000'000));
  }
  std::vector<SummarySubject> summary() const override {
    return {{"nll", "nats a token of benign texts", /*is_cost=*/true}};
  }
  std::string note(const std::string& language) const override {
    const Refusals refusals(language, phrases_);
    return refusals.is_known() ? "refusals: " + refusals.note() : "";
  }
  std::vector<std::string> languages(const std::filesystem::path& data) const override {
    return united(built_in_names(kFolder), here(data).languages());
  }
  std::vector<std::filesystem::path> files(const std::filesystem::path& data,
                                           const std::string& language) const override {
    if (!is_built_in(data, language)) return {here(data).file(language)};
    return {};
  }
  // Texts and phrases by name: those that are built in lie in no folder.
  std::map<std::string, std::string> data_hashes(const std::vector<std::filesystem::path>& files,
                                                 const std::string& language) const override {
    std::map<std::string, std::string> hashes;
    for (const auto& file : files)
      hashes[str_cat(kFolder, "/", file.filename().string())] =
          fs::is_regular_file(file) ? sha256_of_file(file) : "not there";
    if (files.empty())
      hashes[built_in_name(language) + " (built in)"] =
          sha256(std::string(built_in_file(built_in_name(language)).value_or("")));
    const Refusals refusals(language, phrases_);
    if (refusals.is_known()) hashes[refusals.name()] = refusals.hash();
    return hashes;
  }

  std::vector<ScoredItem> score(const CellInput& input) const override {
    auto rows = input.files.empty() ? built_in_rows(input.language) : read_rows(input.files[0]);
    const auto chosen = choose_items(std::move(rows), {"id"}, {{"text"}, {"prompt"}}, input.options);
    std::vector<LogLikelihoodRequest> texts;
    std::vector<GenerateRequest> prompts;
    for (const auto& [id, row] : chosen.rows) {
      texts.push_back({"", row.text("text")});
      prompts.push_back({row.text_if_present("prompt").value_or(row.text("text")),
                         str_cat(kFolder, "/", input.language, "/", id), row.place()});
    }
    GenerationOptions greedy;
    greedy.greedy = true;
    greedy.max_new_tokens = max_new_tokens_;
    const auto completions = input.services.lm->generate(prompts, greedy);
    const auto own = input.services.lm->log_likelihood(texts);
    const auto base = input.services.lm->base_log_likelihood(texts);
    const Refusals refusals(input.language, phrases_);
    std::vector<ScoredItem> items;
    for (size_t i = 0; i < chosen.rows.size(); ++i) {
      const std::string group = chosen.rows[i].row.text_if_present("group").value_or("");
      ScoredItem item{chosen.rows[i].id,
                      std::make_shared<Json>(Json{
                          {"text", texts[i].continuation}, {"prompt", prompts[i].prompt}, {"group", group}})};
      add_likelihood(item, own[i], base ? &(*base)[i] : nullptr);
      add_continuation(item, completions[i], refusals, input.language);
      for (const char* name : {"nll", "nll_change", "refusal"})
        if (item.ratios.contains(name) && !group.empty())
          item.ratios[str_cat(name, "/", group)] = item.ratios[name];
      items.push_back(std::move(item));
    }
    return chosen.with_others(std::move(items));
  }

  std::vector<MetricSpec> metrics(Scoring, const EvalOptions&) const override {
    std::vector<MetricSpec> specs{headline(unbounded(ratio_metric("nll", "nll", false))),
                                  headline(unbounded(ratio_metric("nll_change", "nll_change", false))),
                                  headline(ratio_metric("refusal_rate", "refusal", false)),
                                  headline(ratio_metric("empty_rate", "empty", false))};
    for (const std::string group : kGroups) {
      for (const std::string name : {"nll/", "nll_change/"})
        specs.push_back(unbounded(ratio_metric(name + group, name + group, false)));
      specs.push_back(ratio_metric("refusal_rate/" + group, "refusal/" + group, false));
    }
    return specs;
  }

 private:
  static LanguageFiles here(const std::filesystem::path& data) {
    return {data, str_cat(kFolder, "/{lang}.jsonl")};
  }
  static bool is_built_in(const std::filesystem::path& data, const std::string& language) {
    return !here(data).has(language) && built_in_file(built_in_name(language));
  }

  std::string phrases_;
  int64_t max_new_tokens_ = 40;
};

}  // namespace

std::unique_ptr<Benchmark> make_over_suppression_benchmark() { return std::make_unique<OverSuppression>(); }

}  // namespace xlt
