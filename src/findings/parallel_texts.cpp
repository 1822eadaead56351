// SPDX-License-Identifier: Apache-2.0
#include "xlt/findings/parallel_texts.h"

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/dataset/reader.h"
#include "xlt/dataset/tatoeba_row.h"

namespace xlt {

namespace {

std::map<std::string, std::string> read_lines(const fs::path& file) {
  std::map<std::string, std::string> texts;
  LineReader lines(file);
  while (const auto line = lines.next())
    if (!line->empty()) texts[std::to_string(lines.line_number())] = *line;
  return texts;
}

std::map<std::string, std::string> read_rows_of(const fs::path& file) {
  std::map<std::string, std::string> texts;
  RowReader rows(file);
  while (const auto row = rows.next()) {
    if (!row->has("id")) throw Error(ErrorKind::kData, "no \"id\", by which texts are paired", row->place());
    const Json& id = row->fields().at("id");
    if (!texts.emplace(id.is_string() ? id.get<std::string>() : dump_json(id), row->text("text")).second)
      throw Error(ErrorKind::kData, "the id " + dump_json(id) + " a second time", row->place());
  }
  return texts;
}

void add_tatoeba(const fs::path& file, const std::string& language, ParallelTexts& texts) {
  for (const Row& row : read_tsv_without_header(file)) {
    const auto sentence = translated_text(row);
    if (!sentence || !sentence->english || language == "en") continue;
    texts[language].emplace(*sentence->english, sentence->text);
    texts["en"].emplace(*sentence->english, *sentence->english);
  }
}

}  // namespace

ParallelTexts read_parallel_texts(const fs::path& folder) {
  ParallelTexts texts;
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder)) {
      const fs::path& file = entry.path();
      const std::string extension = file.extension().string();
      if (!find_language(file.stem().string())) continue;
      const std::string language = parse_language(file.stem().string());
      if (extension == ".jsonl") texts[language] = read_rows_of(file);
      if (extension == ".txt") texts[language] = read_lines(file);
      if (extension == ".tsv") add_tatoeba(file, language, texts);
    }
  if (texts.empty())
    throw Error(
        ErrorKind::kIo,
        "no parallel text is there; expected files such as en.jsonl (rows \"id\", \"text\"), en.txt, or "
        "de.tsv (a text, a tab, its English)",
        folder.string());
  return texts;
}

std::vector<std::pair<std::string, std::string>> paired_texts(const ParallelTexts& texts,
                                                              const std::string& source,
                                                              const std::string& language) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto ours = texts.find(source), theirs = texts.find(language);
  if (ours == texts.end() || theirs == texts.end()) return pairs;
  for (const auto& [id, text] : ours->second)
    if (const auto found = theirs->second.find(id); found != theirs->second.end())
      pairs.emplace_back(text, found->second);
  return pairs;
}

}  // namespace xlt
