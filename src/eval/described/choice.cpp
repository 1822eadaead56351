// SPDX-License-Identifier: Apache-2.0
// kind "choice": a question with options, one of them right. An option's score is the log-likelihood of a
// space and the option after the question, as lm-evaluation-harness has it; acc takes the most probable
// option (the first of equals), acc_norm the most probable a character. `options` is a list in one column
// (JSON), or names a column an option; `label` counts from 0.
#include "eval/chosen_items.h"
#include "eval/described/kind.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/text/segmentation.h"

namespace xlt {

namespace {

struct Question {
  std::string text;
  std::vector<std::string> options;
  size_t label = 0;
  Unscored unscored = {};  // why it has no options
};

// Into `question`, or why it cannot have them.
void fill_options(const BenchmarkDescription& description, const Row& row, Question& question) {
  const auto& columns = description.fields.at("options");
  if (columns.size() > 1) {
    for (const std::string& column : columns) question.options.push_back(row.text(column));
    return;
  }
  const std::string column = description.column("options", row);
  const std::string place = str_cat(row.place(), ": ", column);
  // A cell of CSV or TSV holds the list as text.
  const Json& cell = row.fields().at(column);
  const Json list = cell.is_string() ? parse_json(cell.get<std::string>(), place) : cell;
  const Row cells(Json{{column, list}}, row.place());
  question.unscored = null_in(cells, {{column, "*"}});
  if (question.unscored.empty()) question.options = JsonView(list, place).as_strings();
}

size_t label_of(const BenchmarkDescription& description, const Row& row, size_t num_options) {
  const std::string column = description.column("label", row);
  const Json& cell = row.fields().at(column);
  const std::string text = cell.is_string() ? cell.get<std::string>() : dump_json(cell);
  size_t label = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), label);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size() || label >= num_options)
    throw Error(
        ErrorKind::kData,
        str_cat("column \"", column, "\" is \"", text, "\"; expected the number of the right option, 0 … ",
                num_options - 1, " (fields.label of ", description.place, ")"),
        row.place());
  return label;
}

Question parse_question(const BenchmarkDescription& description, const Row& row) {
  Question question{description.text("question", row)};
  fill_options(description, row, question);
  if (!question.unscored.empty()) return question;
  if (question.options.size() < 2)
    throw Error(ErrorKind::kData,
                str_cat("has ", question.options.size(), " options; a choice needs two (fields.options of ",
                        description.place, ")"),
                row.place());
  question.label = label_of(description, row, question.options.size());
  return question;
}

class Choice : public DescribedKind {
 public:
  const char* about() const override { return "which option of a question is the most probable"; }
  std::vector<DescribedField> fields() const override {
    return {{"question", true}, {"options", true}, {"label", true}};
  }

  std::vector<ScoredItem> score(const BenchmarkDescription& description, const std::vector<ItemRow>& rows,
                                const CellInput& input) const override {
    std::vector<Question> questions;
    std::vector<LogLikelihoodRequest> requests;
    for (const ItemRow& item : rows) {
      questions.push_back(parse_question(description, item.row));
      for (const std::string& option : questions.back().options)
        requests.push_back({questions.back().text, " " + option});
    }
    const auto scores = input.services.lm->log_likelihood(requests);
    std::vector<ScoredItem> items;
    size_t begin = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      items.push_back(item_of(rows[i].id, questions[i], std::span(scores).subspan(begin)));
      begin += questions[i].options.size();
    }
    return items;
  }

  std::vector<MetricSpec> metrics(const BenchmarkDescription&, Scoring, const EvalOptions&) const override {
    return {headline(ratio_metric("acc", "acc", true)), ratio_metric("acc_norm", "acc_norm", true)};
  }

 private:
  static ScoredItem item_of(const std::string& id, const Question& question,
                            std::span<const LogLikelihood> scores) {
    ScoredItem item{id};
    if (!question.unscored.empty()) {
      item.detail = std::make_shared<Json>(Json{{"question", question.text}});
      item.unscored = question.unscored;
      return item;
    }
    Json options = Json::array();
    std::vector<double> sums, norms;
    for (size_t k = 0; k < question.options.size(); ++k) {
      options.push_back({{"text", question.options[k]},
                         {"log_likelihood", scores[k].log_likelihood},
                         {"num_tokens", scores[k].num_tokens}});
      sums.push_back(scores[k].log_likelihood);
      norms.push_back(scores[k].log_likelihood /
                      static_cast<double>(std::max<int64_t>(1, count_code_points(question.options[k]))));
      if (scores[k].num_tokens == 0) item.unscored = {Reason::kNothingToScore};
      if (!std::isfinite(scores[k].log_likelihood)) item.unscored = {Reason::kNotFinite};
    }
    const auto best = [](const std::vector<double>& values) {
      return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
    };
    item.detail = std::make_shared<Json>(
        Json{{"question", question.text}, {"options", options}, {"label", question.label}});
    if (!item.unscored.empty()) return item;
    (*item.detail)["predicted"] = best(sums);
    item.ratios["acc"] = {best(sums) == question.label ? 1.0 : 0.0, 1};
    item.ratios["acc_norm"] = {best(norms) == question.label ? 1.0 : 0.0, 1};
    return item;
  }
};

}  // namespace

std::unique_ptr<DescribedKind> make_choice_kind() { return std::make_unique<Choice>(); }

}  // namespace xlt
