// SPDX-License-Identifier: Apache-2.0
// A sample of completions as a form for raters, and the key that stays at home.
#include "findings/human/questions.h"
#include "findings/human/sample.h"
#include "findings/page_template.h"

#include <algorithm>
#include <map>

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/language.h"
#include "xlt/base/quoting.h"
#include "xlt/base/rng.h"
#include "xlt/base/utf8.h"
#include "xlt/base/version.h"
#include "xlt/findings/human.h"

namespace xlt {

namespace {

// An item of the form: one that was sampled, or an attention check.
struct FormItem {
  std::string id;
  const SampledItem* item;
};

bool is_right_to_left(const std::string& language) {
  static constexpr std::string_view kScripts[] = {"Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"};
  const LanguageInfo* info = find_language(language);
  // A tag may name a script of its own: "az-Arab".
  const size_t dash = language.find('-');
  const std::string script = dash != std::string::npos && language.size() >= dash + 5
                                 ? language.substr(dash + 1, 4)
                                 : std::string(info ? info->script : "");
  return std::find(std::begin(kScripts), std::end(kScripts), script) != std::end(kScripts);
}

// "Please answer: 4 · 2 · no". The answers are drawn, so that no pattern of clicking passes.
SampledItem attention_check(const std::string& language, bool is_of_pairs, Rng rng) {
  std::string wanted;
  Json key = Json::object();
  for (const HumanQuestion& question : human_questions()) {
    if (question.is_of_pairs != is_of_pairs) continue;
    const HumanAnswer& answer = question.answers[rng.below(std::ssize(question.answers))];
    append_item(wanted, std::string(question.title) + " → " + answer.label, "; ");
    key[question.name] = answer.value;
  }
  const std::string text =
      "This item only checks that the form is read. There is nothing to judge. Please answer: " + wanted;
  return {language, "(attention check, in English)", std::vector<std::string>(is_of_pairs ? 2 : 1, text),
          key};
}

std::vector<SampledItem> checks_of(const std::vector<SampledItem>& sampled, const HumanOptions& options) {
  std::map<std::string, bool> languages;
  for (const SampledItem& item : sampled) languages[item.language] = true;
  std::vector<SampledItem> checks;
  for (const auto& [language, is_there] : languages)
    for (int64_t i = 0; i < options.num_checks; ++i) {
      const bool is_of_pairs = options.mode == "pairwise" || (options.mode == "both" && i % 2 == 1);
      checks.push_back(
          attention_check(language, is_of_pairs,
                          Rng(options.seed).fork("checks").fork(language).fork(static_cast<uint64_t>(i))));
    }
  return checks;
}

// Which export this is: by all that its items are, arms too. A hash, so that raters learn nothing from it.
std::string export_id_of(const std::vector<SampledItem>& sampled, const std::vector<SampledItem>& checks,
                         uint64_t seed) {
  Json all = Json::array({seed});
  for (const auto* items : {&sampled, &checks})
    for (const SampledItem& item : *items)
      all.push_back(Json{item.language, item.prompt, item.texts, item.key});
  return sha256(dump_json(all)).substr(0, 16);
}

// Ids say nothing: numbers in an order of chance, checks among the others. They end in the export's own mark,
// so that ratings of another export are told from this one's.
std::vector<FormItem> with_ids(const std::vector<SampledItem>& sampled,
                               const std::vector<SampledItem>& checks, const std::string& export_id,
                               uint64_t seed) {
  std::vector<const SampledItem*> all;
  for (const auto* items : {&sampled, &checks})
    for (const SampledItem& item : *items) all.push_back(&item);
  Rng rng = Rng(seed).fork("human ids");
  const auto order = rng.permutation(std::ssize(all));
  std::vector<FormItem> form;
  for (size_t i = 0; i < all.size(); ++i) {
    std::string number = std::to_string(i + 1);
    number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
    form.push_back({human_item_id(number, export_id), all[order[i]]});
  }
  return form;
}

std::string items_csv(const std::vector<FormItem>& form, const std::vector<SampledItem>& checks) {
  std::string text = "item_id,language,kind,prompt,completion,a,b\n";
  for (const auto& [id, item] : form) {
    if (item >= checks.data() && item < checks.data() + checks.size()) continue;
    const bool is_pair = item->texts.size() == 2;
    const std::string fields[] = {id,
                                  item->language,
                                  is_pair ? "pair" : "single",
                                  item->prompt,
                                  is_pair ? "" : item->texts[0],
                                  is_pair ? item->texts[0] : "",
                                  is_pair ? item->texts[1] : ""};
    text += join(fields, ",", [](const std::string& field) { return csv_field(Json(field)); }) + "\n";
  }
  return text;
}

Json form_data(const std::vector<FormItem>& form, const std::string& title, const std::string& export_id) {
  Json items = Json::array(), languages = Json::object();
  for (const auto& [id, item] : form) {
    items.push_back(Json{
        {"item_id", id}, {"language", item->language}, {"prompt", item->prompt}, {"texts", item->texts}});
    languages[item->language] = Json{{"name", language_name(item->language)},
                                     {"dir", is_right_to_left(item->language) ? "rtl" : "ltr"}};
  }
  return Json{{"title", title},
              {"export_id", export_id},
              {"questions", questions_json()},
              {"languages", languages},
              {"items", items}};
}

// How many items each language has, by kind and arm.
Json counts_of(const std::vector<SampledItem>& sampled) {
  Json counts = Json::object();
  for (const SampledItem& item : sampled) {
    Json& language = counts[item.language];
    if (language.is_null()) language = Json::object();
    const std::string arm =
        item.texts.size() == 1
            ? item.key.at("arm").get<std::string>()
            : "pairs of " +
                  std::min(item.key.at("a").get<std::string>(), item.key.at("b").get<std::string>()) +
                  " and " +
                  std::max(item.key.at("a").get<std::string>(), item.key.at("b").get<std::string>());
    language[arm] = language.value(arm, 0) + 1;
  }
  return counts;
}

Json arms_json(const std::vector<Arm>& arms) {
  Json json = Json::array();
  for (const Arm& arm : arms) {
    Json folders = Json::array();
    for (const EvaluationFolder& seed : arm.seeds)
      folders.push_back(escape_invalid_utf8(seed.path().string()));
    json.push_back(Json{{"name", arm.name}, {"folders", folders}});
  }
  return json;
}

std::vector<Arm> read_folders(const HumanOptions& options) {
  std::vector<std::string> texts(options.words.begin() + 1, options.words.end());
  if (texts.size() == 1) return {parse_arm(texts[0])};
  return read_arms(texts);
}

}  // namespace

Json export_for_humans(const HumanOptions& options, const Context& context) {
  check_human_options(options);
  const std::vector<Arm> arms = read_folders(options);
  if (arms.size() < 2 && options.mode != "single")
    throw Error(ErrorKind::kUsage, "pairs need two arms or more; give more folders, or --mode single",
                "--mode");
  const auto [sampled, equal_pairs] = sample_items(arms, options, context);
  const std::vector<SampledItem> checks = checks_of(sampled, options);
  const std::string export_id = export_id_of(sampled, checks, options.seed);
  const std::vector<FormItem> form = with_ids(sampled, checks, export_id, options.seed);
  Json key = Json::object(), answers = Json::object();
  for (const auto& [id, item] : form) {
    if (item >= checks.data() && item < checks.data() + checks.size())
      answers[id] = Json{{"language", item->language}, {"answers", item->key}};
    else
      key[id] = item->key;
  }
  const std::string title = options.title.empty() ? "Rating of texts" : options.title;
  Json settings{{"version", 1},
                {"export_id", export_id},
                {"mode", options.mode},
                {"num_items", options.num_items},
                {"seed", options.seed},
                {"arms", arms_json(arms)},
                {"counts", counts_of(sampled)},
                {"equal_pairs", equal_pairs},
                {"checks", answers},
                {"made_by", Json{{"version", version()}, {"commit", build_commit()}}}};
  const fs::path folder = options.output;
  if (fs::exists(folder / "key.json") && load_json(folder / "key.json") != key)
    throw Error(ErrorKind::kUsage,
                "holds the key of another export, without which its ratings say nothing; choose another "
                "--output, or remove it",
                folder.string());
  make_folders(folder);
  write_file(folder / "items.csv", items_csv(form, checks));
  write_file(folder / "codebook.md", codebook());
  write_file(folder / "form.html", filled_page(kFormTemplate, title, form_data(form, title, export_id)));
  write_file(folder / "key.json", dump_json(key, 1) + "\n");
  write_file(folder / "export.json", dump_json(settings, 1) + "\n");  // last: where it is, all are
  return settings;
}

}  // namespace xlt
