// SPDX-License-Identifier: Apache-2.0
#include "eval/cell_store.h"

#include "eval/scored_item.h"

#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

fs::path items_file(const fs::path& output, const std::string& benchmark, const std::string& language) {
  return output / "items" / benchmark / (language + ".jsonl");
}

std::vector<ScoredItem> read_items(const fs::path& file) {
  std::vector<ScoredItem> items;
  LineReader lines(file);
  while (const auto line = lines.next()) {
    const Json row = parse_json(*line, lines.place());
    try {
      items.push_back(item_from_json(row));
    } catch (const Json::exception&) {
      throw Error(ErrorKind::kData, "not a row of items; expected id and ratios, as `xlt eval` writes them",
                  lines.place());
    }
  }
  return items;
}

namespace {

// The texts of rows with "completions"; the key says that they belong to the same prompts.
KeptCompletions read_completions(const fs::path& items) {
  KeptCompletions kept;
  LineReader lines(items);
  while (const auto line = lines.next()) {
    const Json row = parse_json(*line, lines.place());
    if (!row.contains("completions")) continue;
    auto& texts = kept[row.at("id").get<std::string>()];
    for (const Json& completion : row.at("completions"))
      texts.push_back(completion.at("text").get<std::string>());
  }
  return kept;
}

}  // namespace

fs::path CellStore::stamp_file(const std::string& benchmark, const std::string& language,
                               const std::string& key) const {
  return output_ / "cells" / benchmark / str_cat(language, "-", key, ".json");
}

std::optional<CellWork> CellStore::find(const std::string& benchmark, const std::string& language,
                                        const std::string& key) const {
  const fs::path stamp = stamp_file(benchmark, language, key),
                 items = items_file(output_, benchmark, language);
  if (!fs::exists(stamp) || !fs::exists(items)) return std::nullopt;
  try {
    const Json json = load_json(stamp);
    const JsonView view(json, stamp.string());
    if (view.get("items", "") != sha256_of_file(items)) return std::nullopt;
    return CellWork{read_items(items), view.get("seconds", 0.0), view.get("num_tokens", 0)};
  } catch (const Error&) {
    return std::nullopt;  // damaged: as good as missing
  }
}

KeptCompletions CellStore::completions(const std::string& benchmark, const std::string& language,
                                       const std::string& completions_key) const {
  const fs::path items = items_file(output_, benchmark, language);
  std::error_code code;
  if (!fs::exists(items)) return {};
  const std::string hash = sha256_of_file(items);
  for (const auto& entry : fs::directory_iterator(output_ / "cells" / benchmark, code)) {
    if (entry.path().extension() != ".json" || !entry.path().filename().string().starts_with(language + "-"))
      continue;
    try {
      const Json stamp = load_json(entry.path());
      if (stamp.value("completions", "") == completions_key && stamp.value("items", "") == hash)
        return read_completions(items);
    } catch (const std::exception&) {
      // Damaged: as good as missing.
    }
  }
  return {};
}

void CellStore::show(const std::string& benchmark, const std::string& language, const CellWork& work) const {
  const fs::path file = items_file(output_, benchmark, language);
  make_folders(file.parent_path());
  AtomicFile out(file);
  for (const ScoredItem& item : work.items) out.write(dump_json(item_to_json(item)) + "\n");
  out.commit();
}

void CellStore::keep(const std::string& benchmark, const std::string& language, const std::string& key,
                     const std::string& completions_key, const CellWork& work) const {
  show(benchmark, language, work);
  const fs::path file = items_file(output_, benchmark, language);
  const fs::path stamp = stamp_file(benchmark, language, key);
  make_folders(stamp.parent_path());
  write_file(stamp, dump_json(Json{{"items", sha256_of_file(file)},
                                   {"completions", completions_key},
                                   {"seconds", work.seconds},
                                   {"num_tokens", work.num_tokens}}) +
                        "\n");
}

}  // namespace xlt
