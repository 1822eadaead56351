// SPDX-License-Identifier: Apache-2.0
#include "eval/completion_rows.h"

#include "eval/chosen_items.h"

#include <algorithm>
#include <cctype>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/dataset/reader.h"
#include "xlt/dataset/repeated_files.h"

namespace xlt {

namespace {

constexpr size_t kHashLength = 16;

struct Sample {
  int64_t number;  // `sample`, else the row's place among its item's
  std::string text;
};
struct Item {
  std::string prompt, place;  // of its first row
  Unscored unscored = {};     // a null
  std::vector<Sample> samples;
};

const char* completion_field(const Row& row) {
  return row.fields().contains("text") && !row.fields().contains("completion") ? "text" : "completion";
}

// All that a row lacks, at once. A null is no lack: it makes the item unscored.
void require_fields(const Row& row, bool needs_language) {
  std::vector<std::string> missing{"prompt", completion_field(row)};
  if (needs_language) missing.emplace_back("language");
  std::erase_if(missing, [&](const std::string& field) { return row.fields().contains(field); });
  if (missing.empty()) return;
  const auto quoted = [](const std::string& field) { return str_cat("\"", field, "\""); };
  std::string message =
      str_cat(missing.size() > 1 ? "has no fields " : "has no field ", join(missing, ", ", quoted),
              "; it has ", join(JsonView(row.fields(), row.place()).keys()));
  if (missing.back() == "language") message += "; --langs LANG says the language of rows that name none";
  throw Error(ErrorKind::kData, message, row.place());
}

std::string language_of(const Row& row, const std::string& fallback) {
  if (!fallback.empty() && row.text_if_present("language").value_or("").empty()) return fallback;
  try {
    return parse_language(row.text("language"));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUsage) throw;
    throw Error(ErrorKind::kData, error.message(), row.place() + ": language");
  }
}

std::string id_of(const Row& row, const std::string& prompt) {
  if (!row.has("id")) return sha256(prompt).substr(0, kHashLength);
  const Json& id = row.fields().at("id");
  if (id.is_string() && !id.get<std::string>().empty()) return id.get<std::string>();
  if (id.is_number_integer()) return dump_json(id);
  throw Error(ErrorKind::kData, "\"id\" must be a text or a whole number", row.place());
}

// As a number; a table's cell is text.
int64_t sample_of(const Row& row, size_t place) {
  if (!row.has("sample")) return static_cast<int64_t>(place);
  const Json& sample = row.fields().at("sample");
  if (sample.is_number_integer()) return sample.get<int64_t>();
  if (sample.is_string() && !sample.get<std::string>().empty()) {
    const auto text = sample.get<std::string>();
    if (text.size() < 10 &&
        std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); }))
      return std::stoll(text);
  }
  throw Error(ErrorKind::kData, "\"sample\" must be a whole number", row.place());
}

void add_row(std::map<std::string, Item>& items, const Row& row) {
  const char* answer = completion_field(row);
  Unscored null = null_in(row, {{"prompt"}, {answer}});
  const bool has_prompt = null_in(row, {{"prompt"}}).empty();
  // Without a prompt or an id only its place can name it.
  const std::string prompt = has_prompt ? row.text("prompt") : "";
  const std::string id =
      has_prompt || row.has("id") ? id_of(row, prompt) : fs::path(row.place()).filename().string();
  const auto [found, is_new] = items.try_emplace(id, Item{prompt, row.place()});
  Item& item = found->second;
  if (!null.empty()) {
    if (item.unscored.empty()) item.unscored = std::move(null);
    return;
  }
  if (!item.unscored.empty() && item.prompt.empty()) item.prompt = prompt;
  if (item.prompt != prompt)
    throw Error(ErrorKind::kData,
                str_cat("id \"", found->first, "\" has another prompt at ", item.place,
                        "; rows of one id are samples of one prompt"),
                row.place());
  const int64_t number = sample_of(row, item.samples.size());
  if (std::any_of(item.samples.begin(), item.samples.end(),
                  [&](const Sample& sample) { return sample.number == number; }))
    throw Error(ErrorKind::kData,
                str_cat("sample ", number, " of id \"", found->first, "\" was given before"), row.place());
  item.samples.push_back({number, row.text(answer)});
}

// 2 before 10.
bool comes_before(const std::string& a, const std::string& b) {
  const auto is_number = [](const std::string& id) {
    return std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isdigit(c); });
  };
  if (is_number(a) && is_number(b) && a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

SampledPrompt sampled_prompt(const std::string& id, Item item) {
  std::sort(item.samples.begin(), item.samples.end(),
            [](const Sample& a, const Sample& b) { return a.number < b.number; });
  SampledPrompt prompt{id, std::move(item.prompt), {}, std::move(item.unscored)};
  if (!prompt.unscored.empty()) return prompt;
  for (Sample& sample : item.samples) prompt.completions.push_back(std::move(sample.text));
  return prompt;
}

}  // namespace

std::map<std::string, std::vector<SampledPrompt>> read_completion_rows(
    const std::vector<std::filesystem::path>& files, const std::string& language) {
  std::map<std::string, std::map<std::string, Item>> by_language;
  RepeatedFiles given;
  for (const auto& file : files) {
    const std::vector<Row> rows = read_rows(file);
    given.refuse_repeated(file, rows);
    for (const Row& row : rows) {
      require_fields(row, language.empty());
      add_row(by_language[language_of(row, language)], row);
    }
  }
  std::map<std::string, std::vector<SampledPrompt>> prompts;
  for (auto& [tag, items] : by_language) {
    auto& sorted = prompts[tag];
    for (auto& [id, item] : items) sorted.push_back(sampled_prompt(id, std::move(item)));
    std::sort(sorted.begin(), sorted.end(),
              [](const SampledPrompt& a, const SampledPrompt& b) { return comes_before(a.id, b.id); });
  }
  return prompts;
}

std::string only_language(const std::vector<std::string>& langs) {
  return langs.size() == 1 && langs[0] != "all" ? parse_language(langs[0]) : "";
}

}  // namespace xlt
