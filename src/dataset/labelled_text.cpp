// SPDX-License-Identifier: Apache-2.0
#include "xlt/dataset/labelled_text.h"

#include <charconv>
#include <optional>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/language.h"
#include "xlt/dataset/reader.h"
#include "xlt/dataset/repeated_files.h"

namespace xlt {

namespace {

std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (!value.is_string()) return std::nullopt;
  const auto text = value.get<std::string>();
  if (text == "true" || text == "false") return text == "true" ? 1 : 0;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

double label_of(const Row& row) {
  if (!row.has("label"))
    throw Error(ErrorKind::kData,
                row.fields().contains("label") ? "field \"label\" is null; expected a number from 0 to 1"
                                               : "no field \"label\"; expected a number from 0 to 1",
                row.place());
  const Json& value = row.fields().at("label");
  const auto number = number_of(value);
  if (!number || !(*number >= 0 && *number <= 1))
    throw Error(ErrorKind::kData,
                str_cat("label: ", dump_json(value), " is no number from 0 (not at all) to 1 (surely)"),
                row.place());
  return *number;
}

std::string language_of(const Row& row, const std::string& fallback) {
  const auto named = row.text_if_present("language");
  if (!named || named->empty()) return fallback;
  try {
    return parse_language(*named);
  } catch (const Error& error) {
    throw Error(ErrorKind::kData, str_cat("language: ", error.message()), row.place());
  }
}

std::string id_of(const Row& row) {
  if (!row.has("id")) return "";
  const Json& id = row.fields().at("id");
  return id.is_null() ? "" : id.is_string() ? id.get<std::string>() : dump_json(id);
}

}  // namespace

std::vector<LabelledText> read_labelled_texts(const std::vector<std::string>& files,
                                              const std::string& language) {
  if (files.empty()) throw Error(ErrorKind::kUsage, "no files were given (--data)");
  std::vector<LabelledText> rows;
  RepeatedFiles given;
  for (const std::string& file : files) {
    const std::vector<Row> of_file = read_rows(file);
    given.refuse_repeated(file, of_file);
    for (const Row& row : of_file)
      rows.push_back({row.text("text"), language_of(row, language), label_of(row), row.place(), id_of(row)});
  }
  return rows;
}

}  // namespace xlt
