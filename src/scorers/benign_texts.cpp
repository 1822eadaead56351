// SPDX-License-Identifier: Apache-2.0
#include "scorers/benign_texts.h"

#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/language.h"
#include "xlt/dataset/reader.h"

namespace xlt {

namespace {

void add(BenignTexts& out, const std::string& source, std::vector<std::string> texts) {
  if (texts.empty()) return;
  append_item(out.sources, source);
  out.texts.insert(out.texts.end(), texts.begin(), texts.end());
}

}  // namespace

BenignTexts read_benign_texts(const std::filesystem::path& data, const std::string& language) {
  BenignTexts out;
  for (const char* source : {"udhr", "ud_pud"}) {
    const fs::path file = data / source / (language + ".jsonl");
    if (!fs::is_regular_file(file)) continue;
    std::vector<std::string> texts;
    for (const Row& row : read_rows(file))
      if (auto text = row.text_if_present("text")) texts.push_back(std::move(*text));
    add(out, source, std::move(texts));
  }
  if (const fs::path file = data / "flores" / (language + ".txt"); fs::is_regular_file(file)) {
    std::vector<std::string> texts;
    LineReader lines(file);
    while (auto line = lines.next()) texts.push_back(std::move(*line));
    add(out, "flores", std::move(texts));
  }
  return out;
}

}  // namespace xlt
