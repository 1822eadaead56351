// SPDX-License-Identifier: Apache-2.0
// `xlt predictors`: what predicts how a change reaches other languages.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>
#include <filesystem>
#include <set>

#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/findings/predictors.h"
#include "xlt/run/inference.h"
#include "xlt/run/sentence_similarity.h"
#include "xlt/text/tokenizer.h"

namespace xlt::cli {

namespace {

class PredictorsCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {
        "What predicts the transfer: data shares, tokenization, similarity and typology, correlated with "
        "change",
        "xlt predictors --compare out/compare --model models/gemma --parallel data/udhr --output "
        "out/predictors",
        {"compare", "model", "parallel", "output"},
        ""};
  }
  std::vector<OptionGroup> groups() override {
    return {{"model", "Model", visit_of(model_)},
            {"predictors", "Changes and predictors", visit_of(options_)}};
  }
  bool may_be_cut_short() const override { return true; }
  int run(Session& session) override {
    options_.seed = session.seed();
    options_.source = parse_language(options_.source);
    const Json comparison = load_json(comparison_file());
    if (!comparison.is_object() || !comparison.contains("rows"))
      throw Error(ErrorKind::kData, "not what xlt compare writes", comparison_file().string());
    const ParallelTexts texts = read_parallel_texts(options_.parallel);
    const auto tokenizer = load_tokenizer(model_.model, session.context());
    Json languages =
        language_predictors(options_, comparison, texts, *tokenizer, similarities(session, texts));
    const Json found = correlate(options_, comparison, std::move(languages), session.context());
    write_predictors(found, options_.output);
    std::fputs(table_of(found).c_str(), stdout);
    warn(found, session.context());
    session.context().info("wrote " + options_.output + "/predictors.json and predictors.csv");
    return 0;
  }

 private:
  std::filesystem::path comparison_file() const {
    const std::filesystem::path path(options_.compare);
    return std::filesystem::is_directory(path) ? path / "compare.json" : path;
  }

  SentenceSimilarities similarities(Session& session, const ParallelTexts& texts) const {
    if (options_.no_similarity) return {};
    const auto encoder = load_sentence_encoder({model_.model, model_.adapter, model_.batch_tokens},
                                               session.placement(), session.context());
    return sentence_similarities(*encoder, texts, options_.source, session.context());
  }

  static std::string p_text(const Json& p) {
    if (!p.is_number()) return "p -";
    char text[32];
    std::snprintf(text, sizeof text, p.get<double>() < 0.0001 ? "p<0.0001" : "p=%.4f", p.get<double>());
    return text;
  }

  static std::string line_of(const Json& row, const Json& p) {
    char value[32];
    std::snprintf(value, sizeof value, "%+.3f", row.at("value").get<double>());
    const Json& holm = row.at("p_holm");
    const bool holds = holm.is_number() && holm.get<double>() < 0.05 && row.at("is_finding_possible");
    return str_cat(row.at("target").get<std::string>(), "  ", row.at("predictor").get<std::string>(),
                   row.at("given").is_string() ? " given " + row.at("given").get<std::string>() : "", "  ",
                   value, "  ", p_text(p), "  n=", row.at("n").get<int64_t>(), holds ? " *" : "", "\n");
  }

  // A heading over nothing would leave open whether anything was looked at.
  static std::string why_no_lines(const Json& found, const std::set<std::string>& reasons) {
    std::vector<std::string> languages;
    for (const auto& [language, values] : found.at("languages").items()) languages.push_back(language);
    return str_cat(
        "no rank correlation of a relative change with a predictor; languages besides the source: ",
        languages.empty() ? "none" : join(languages), "; ",
        reasons.empty() ? "the comparison has no relative change in any of them" : join(reasons, "; "), "\n");
  }

  // p is that of the files' p_holm, as `xlt compare` prints it; paper mode corrects nothing, as published.
  static std::string table_of(const Json& found) {
    const bool is_paper = found.at("mode") == "paper";
    std::string lines;
    std::set<std::string> reasons;
    for (const Json& row : found.at("correlations")) {
      if (row.at("kind") != "spearman") continue;
      if (row.at("value").is_number())
        lines += line_of(row, row.at(is_paper ? "p_value" : "p_holm"));
      else if (row.at("warning").is_string())
        reasons.insert(row.at("warning").get<std::string>());
    }
    if (lines.empty()) return why_no_lines(found, reasons);
    return "rank correlations of the relative change (Spearman)\n" + lines +
           (is_paper ? "p of each row alone, not corrected, as published\n"
                     : "p corrected for the number of all rows (Holm); * below 0.05, of languages enough for "
                       "it\n");
  }

  // Each thing that a reader must know once.
  static void warn(const Json& found, const Context& context) {
    std::set<std::string> said;
    for (const Json& row : found.at("correlations"))
      if (const Json& warning = row.at("warning");
          warning.is_string() && said.insert(warning.get<std::string>()).second)
        context.warn(warning.get<std::string>() + " (" + row.at("predictor").get<std::string>() +
                     " and others)");
  }

  ModelChoice model_;
  PredictorsOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_predictors_command() { return std::make_unique<PredictorsCommand>(); }

}  // namespace xlt::cli
