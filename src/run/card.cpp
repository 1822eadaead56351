// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/card.h"

#include "run/row_files.h"
#include "run/scorer_models.h"

#include <memory>
#include <optional>
#include <set>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/dataset/labelled_text.h"
#include "xlt/lm/probe.h"
#include "xlt/run/environment.h"
#include "xlt/scorers/card.h"
#include "xlt/scorers/score_cache.h"
#include "xlt/scorers/scorer.h"
#include "xlt/scorers/server_options.h"

namespace xlt {

namespace {

// Of a probe: whether its head was fitted to a text. Empty of other scorers, which do not say.
std::function<bool(const std::string&)> training_of(const std::string& scorer) {
  const ScorerSpec spec = parse_scorer(scorer);
  if (spec.kind != "probe" || spec.argument.empty()) return {};
  const auto marks =
      std::make_shared<std::set<std::string>>(training_texts_of(*load_probe(spec.argument).record));
  return [marks](const std::string& text) { return marks->contains(text_mark(text)); };
}

}  // namespace

void CardRunOptions::visit(OptionVisitor& v) {
  v.field(
      "scorer", scorer,
      "whose card, as xlt eval takes it: word_list:DIR, probe:DIR, classifier:DIR, guard:DIR, http:URL …");
  v.field(
      "data", data,
      "files of rows {\"text\", \"label\"[, \"language\"]}; a label is a number from 0 to 1, true or false; "
      "at least 0.5 is positive");
  v.field("output", output, "file for the card, JSON");
  v.field("benign", benign,
          "harmless texts, to count false alarms on: a data folder (udhr, ud_pud, flores), or a file of rows "
          "{\"text\", \"language\"}");
  v.field("seen", seen, "languages that the scorer was trained in; default: what a probe says of itself");
  v.field("language", language, "of rows that name none, as a BCP-47 tag; und: not known");
  v.field("toxic_words", toxic_words,
          "data folder whose toxic_words are the scorer word_list without a folder");
  visit_scorer_server(v, scorer_timeout, scorer_rate, scorer_retries);
}

Json run_card(const CardRunOptions& options, const Placement& where, const Context& context) {
  check_scorer(options.scorer);
  for (const std::string& file : options.data) refuse_same_file(file, options.output);
  Json data = file_records({options.data.begin(), options.data.end()});
  const auto rows = read_labelled_texts(options.data, options.language);
  CardOptions card_options{.benign = options.benign};
  for (const std::string& tag : options.seen) card_options.seen.push_back(parse_language(tag));
  card_options.was_trained_on = training_of(options.scorer);
  const auto models = make_scorer_models(where, context);
  const auto scorer = make_scorer(options.scorer, {.data = options.toxic_words,
                                                   .timeout = options.scorer_timeout,
                                                   .rate = options.scorer_rate,
                                                   .retries = options.scorer_retries,
                                                   .key = options.scorer_key,
                                                   .models = models.get(),
                                                   .context = context});
  // What a server or a model said is kept until the card is written.
  const fs::path kept = options.output + ".scores";
  std::optional<ScoreCache> cache;
  if (scorer->is_costly()) cache.emplace(*scorer, kept);
  Json card = make_card(cache ? static_cast<TextScorer&>(*cache) : *scorer, rows, card_options, context);
  card["data"] = std::move(data);
  card["code"] = code_record();
  write_file(options.output, dump_json(card, 1) + "\n");
  std::error_code ignored;
  if (cache) fs::remove_all(kept, ignored);
  return card;
}

}  // namespace xlt
