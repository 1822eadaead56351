// SPDX-License-Identifier: Apache-2.0
#include "dataset/row_record.h"

#include "dataset/conversation.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/json.h"
#include "xlt/base/registry.h"  // nearest_name

namespace xlt {

bool is_pair(const Row& row, const DataFields& fields) {
  return row.has(fields.chosen_field) && row.has(fields.rejected_field);
}

namespace {

// A prompt of another name, asked for or mistyped, is not to be lost.
bool is_prompt_implicit(const Row& row, const DataFields& fields) {
  if (fields.prompt_field != DataFields().prompt_field || !is_pair(row, fields)) return false;
  return nearest_name(fields.prompt_field, JsonView(row.fields(), row.place()).keys()).empty();
}

// TRL's `extract_prompt` of texts: what both begin with, less a space at its end. The last character is left
// to each.
void split_implicit_prompt(PreferenceRecord& record) {
  std::string &chosen = record.chosen, &rejected = record.rejected;
  const auto first_other =
      std::mismatch(chosen.begin(), chosen.end(), rejected.begin(), rejected.end()).first;
  const size_t shorter = std::min(chosen.size(), rejected.size());
  auto length = static_cast<size_t>(first_other - chosen.begin());
  const bool is_all = length == shorter;
  if (is_all && length > 0) --length;
  const auto is_within_character = [&] {
    return (static_cast<unsigned char>(chosen[length]) & 0xC0) == 0x80;
  };
  while (length > 0 && is_within_character()) --length;
  if (!is_all && length > 0 && chosen[length - 1] == ' ') --length;
  record.prompt = chosen.substr(0, length);
  chosen.erase(0, length);
  rejected.erase(0, length);
}

// What it lacks of the kind of row that it is nearest to, and which kinds there are.
[[noreturn]] void throw_no_text(const Row& row, const DataFields& fields, bool takes_messages) {
  const bool has_prompt = row.has(fields.prompt_field);
  const std::string& missing = has_prompt                         ? fields.completion_field
                               : row.has(fields.completion_field) ? fields.prompt_field
                                                                  : fields.text_field;
  std::string message;
  try {
    row.text(missing);
  } catch (const Error& error) {
    message = error.message();
  }
  message += str_cat("; expected {\"", fields.text_field, "\"}", takes_messages ? ", {\"messages\"}" : "",
                     " or {\"", fields.prompt_field, "\", \"", fields.completion_field, "\"}");
  if (has_prompt && row.has(fields.chosen_field))
    message += str_cat("; --completion-field ", fields.chosen_field, " takes the pairs' chosen answers");
  throw Error(ErrorKind::kData, message, row.place());
}

// In JSON a truth value or 0/1; in CSV and TSV their text.
bool label_of(const Row& row, const std::string& field) {
  if (!row.has(field)) row.text(field);  // throws, naming the nearest field
  const Json& label = row.fields().at(field);
  const std::string text = label.is_string() ? label.get<std::string>() : dump_json(label);
  if (text == "true" || text == "True" || text == "1") return true;
  if (text == "false" || text == "False" || text == "0") return false;
  throw Error(ErrorKind::kData,
              str_cat("field \"", field, "\" is ", text, "; expected true or false (desirable or not)"),
              row.place());
}

}  // namespace

// Field by field: where a field throws, GCC 12 destroys the unfinished aggregate of a conditional expression
// twice.
std::optional<PreferenceRecord> preference_record(const Row& row, const DataFields& fields,
                                                  const MessagesRenderer& render) {
  if (auto record = conversation_preference(row, fields, render)) return record;
  const bool is_implicit = is_prompt_implicit(row, fields);
  PreferenceRecord record;
  if (!is_implicit) record.prompt = row.text(fields.prompt_field);
  record.chosen = row.text(fields.chosen_field);
  record.rejected = row.text(fields.rejected_field);
  record.place = row.place();
  if (is_implicit) split_implicit_prompt(record);
  return record;
}

std::optional<SftRecord> sft_record(const Row& row, const DataFields& fields,
                                    const MessagesRenderer& render) {
  if (auto record = conversation_sft(row, fields, render)) return record;
  const auto text = row.text_if_present(fields.text_field);
  if (text) return SftRecord{true, "", *text, row.place()};
  if (!row.has(fields.prompt_field) || !row.has(fields.completion_field))
    throw_no_text(row, fields, /*takes_messages=*/render != nullptr);
  return SftRecord{false, row.text(fields.prompt_field), row.text(fields.completion_field), row.place()};
}

LabelledRecord labelled_record(const Row& row, const DataFields& fields, const MessagesRenderer& render) {
  LabelledRecord record;
  if (auto conversation = conversation_labelled(row, fields, render)) {
    record = std::move(*conversation);
    record.is_desirable = label_of(row, fields.label_field);
    return record;
  }
  record.prompt = row.text(fields.prompt_field);
  record.completion = row.text(fields.completion_field);
  record.is_desirable = label_of(row, fields.label_field);
  record.place = row.place();
  return record;
}

}  // namespace xlt
