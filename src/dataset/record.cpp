// SPDX-License-Identifier: Apache-2.0
// Rows → training records.
#include "xlt/dataset/record.h"

#include "dataset/preset.h"
#include "dataset/row_record.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/split.h"
#include "xlt/dataset/presets.h"
#include "xlt/dataset/tatoeba_row.h"

namespace xlt {

namespace {

struct DataSource {
  std::unique_ptr<Preset> preset;  // null: the user's own fields
  std::vector<fs::path> files;
};

// A word that cannot be a path: what stands before "=" in PRESET=FILE, or a preset without its file.
bool is_bare_name(std::string_view text) {
  return !text.empty() && text.find_first_of("./,\\") == std::string_view::npos;
}

[[noreturn]] void throw_preset_without_file(const std::string& name) {
  const auto preset = find_entry(presets(), "data file or preset", name).make();
  throw Error(ErrorKind::kUsage, str_cat("preset \"", name, "\" needs its file, as ", name,
                                         "=FILE; nothing is downloaded: get ", preset->source()));
}

std::vector<fs::path> split_files(const std::string& files) {
  std::vector<fs::path> paths;
  for (std::string& file : split(files, ','))
    if (!file.empty()) paths.emplace_back(std::move(file));
  return paths;
}

// FILE[,FILE…] or PRESET=FILE[,FILE…]
DataSource parse_data(const std::string& data) {
  if (fs::exists(data)) return {nullptr, {data}};
  const size_t equals = data.find('=');
  const std::string name = data.substr(0, equals);
  DataSource source;
  if (is_bare_name(name)) {
    if (equals == std::string::npos || equals + 1 == data.size()) throw_preset_without_file(name);
    source.preset = find_entry(presets(), "preset", name).make();
    source.files = split_files(data.substr(equals + 1));
  } else {
    source.files = split_files(data);
  }
  if (source.files.empty())
    throw Error(ErrorKind::kUsage, "no data file was given; expected FILE[,FILE] or PRESET=FILE[,FILE]");
  return source;
}

void require(bool condition, const std::string& message, const Row& row) {
  if (!condition) throw Error(ErrorKind::kData, message, row.place());
}

void require_rows(bool are_there, const std::string& data) {
  if (!are_there) throw Error(ErrorKind::kData, "no row is left after the preset's filter", data);
}

void add_sft(std::vector<SftRecord>& records, const fs::path& file, const Preset* preset,
             const DataFields& fields, const MessagesRenderer& render) {
  for (const Row& row : read_rows(file)) {
    auto record = preset ? preset->sft(row, fields) : sft_record(row, fields, render);
    if (!record) continue;
    require(!record->completion.empty(), record->is_text ? "the text is empty" : "the completion is empty",
            row);
    require(records.empty() || records[0].is_text == record->is_text,
            "text rows and prompt-completion rows are mixed; keep them in separate runs", row);
    records.push_back(std::move(*record));
  }
}

// Its first line names none of the fields that a text may be in.
bool is_tsv_without_header(const fs::path& file, const DataFields& fields) {
  if (file.extension() != ".tsv") return false;
  const auto line = LineReader(file).next();
  if (!line) return false;
  const std::string cells = "\t" + *line + "\t";
  for (const std::string& name : {fields.text_field, fields.prompt_field, fields.completion_field})
    if (cells.find("\t" + name + "\t") != std::string::npos) return false;
  return true;
}

void add_tatoeba(std::vector<SftRecord>& records, const fs::path& file) {
  const size_t before = records.size();
  for (const Row& row : read_tsv_without_header(file))
    if (auto text = tatoeba_text(row); text && !text->empty())
      records.push_back({true, "", std::move(*text), row.place()});
  if (records.size() == before)
    throw Error(ErrorKind::kData,
                "no line holds a text; expected a header with the field \"text\", or Tatoeba's columns "
                "(text, tab, English, say)",
                file.string());
}

}  // namespace

const char* name_of(RowKind kind) {
  switch (kind) {
    case RowKind::kText:
      return "texts";
    case RowKind::kPair:
      return "preference pairs";
    case RowKind::kLabelled:
      return "labelled completions";
  }
  return "";
}

std::optional<PreferenceRecord> Preset::preference(const Row& row) const {
  throw Error(ErrorKind::kUsage, "this preset holds texts, not preference pairs; use it with an SFT method",
              row.place());
}

std::optional<SftRecord> PreferencePreset::sft(const Row& row, const DataFields& fields) const {
  const auto pair = preference(row);
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  const bool is_parted = (!pair->prompt.empty() && is_space(pair->prompt.back())) ||
                         (!pair->chosen.empty() && is_space(pair->chosen.front()));
  const char* separator = fields.pair_separator == "auto" && is_parted ? "" : " ";
  return SftRecord{true, "", pair->prompt + separator + pair->chosen, row.place()};
}

void DataFields::visit(OptionVisitor& v) {
  v.field("text_field", text_field, "field of a language-modelling row's text");
  v.field("prompt_field", prompt_field,
          "field of the prompt, in prompt-completion rows and preference pairs");
  v.field("completion_field", completion_field, "field of the completion");
  v.field("chosen_field", chosen_field, "field of a pair's preferred answer");
  v.field("rejected_field", rejected_field, "field of a pair's other answer");
  v.field("label_field", label_field, "field that says whether a completion is desirable (true or false)");
  v.field("pair_separator", pair_separator,
          "what stands between prompt and chosen answer where the pairs of a preset are read as texts (sft); "
          "space: "
          "a space, always, as the published recipes have it; auto: one where neither side has white space "
          "there",
          one_of({"auto", "space"}));
}

std::vector<SftRecord> load_sft(const std::string& data, const DataFields& fields,
                                const MessagesRenderer& render) {
  const DataSource source = parse_data(data);
  std::vector<SftRecord> records;
  for (const fs::path& file : source.files) add_sft(records, file, source.preset.get(), fields, render);
  require_rows(!records.empty(), data);
  return records;
}

std::vector<SftRecord> load_texts(const std::string& data, const DataFields& fields) {
  const DataSource source = parse_data(data);
  std::vector<SftRecord> records;
  for (const fs::path& file : source.files) {
    if (!source.preset && is_tsv_without_header(file, fields))
      add_tatoeba(records, file);
    else
      add_sft(records, file, source.preset.get(), fields, {});
  }
  require_rows(!records.empty(), data);
  return records;
}

std::vector<PreferenceRecord> load_preference(const std::string& data, const DataFields& fields,
                                              const MessagesRenderer& render) {
  const DataSource source = parse_data(data);
  std::vector<PreferenceRecord> records;
  for (const fs::path& file : source.files)
    for (const Row& row : read_rows(file)) {
      auto record = source.preset ? source.preset->preference(row) : preference_record(row, fields, render);
      if (!record) continue;
      require(!record->chosen.empty(), "the chosen answer is empty", row);
      require(!record->rejected.empty(), "the rejected answer is empty", row);
      records.push_back(std::move(*record));
    }
  require_rows(!records.empty(), data);
  return records;
}

std::vector<LabelledRecord> load_labelled(const std::string& data, const DataFields& fields,
                                          const MessagesRenderer& render) {
  const DataSource source = parse_data(data);
  std::vector<LabelledRecord> records;
  const auto add = [&](LabelledRecord record, const Row& row) {
    require(!record.completion.empty(), "the completion is empty", row);
    records.push_back(std::move(record));
  };
  for (const fs::path& file : source.files)
    for (const Row& row : read_rows(file)) {
      if (!source.preset && !is_pair(row, fields)) {
        add(labelled_record(row, fields, render), row);
        continue;
      }
      const auto pair =
          source.preset ? source.preset->preference(row) : preference_record(row, fields, render);
      if (!pair) continue;
      add({pair->prompt, pair->chosen, true, pair->place, pair->is_rendered}, row);
      add({pair->prompt, pair->rejected, false, pair->place, pair->is_rendered}, row);
    }
  require_rows(!records.empty(), data);
  return records;
}

Records load_records(RowKind kind, const std::string& data, const DataFields& fields,
                     const MessagesRenderer& render) {
  Records records;
  if (kind == RowKind::kText) records.texts = load_sft(data, fields, render);
  if (kind == RowKind::kPair) records.pairs = load_preference(data, fields, render);
  if (kind == RowKind::kLabelled) records.labelled = load_labelled(data, fields, render);
  return records;
}

std::vector<std::filesystem::path> data_files(const std::string& data) { return parse_data(data).files; }
std::vector<std::string> preset_names() { return names_of(presets()); }

std::string preset_files(const std::string& preset) {
  const auto reader = find_entry(presets(), "preset", preset).make();
  return str_cat(reader->source(), "; its fields are ", reader->fields());
}

std::string with_preset(const std::string& data, const std::string& preset) {
  const DataSource source = parse_data(data);
  const auto reader = find_entry(presets(), "preset", preset).make();
  if (source.preset) return data;
  const auto row = RowReader(source.files.front()).next();
  return row && reader->reads(*row) ? preset + "=" + data : data;
}

}  // namespace xlt
