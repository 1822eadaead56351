// SPDX-License-Identifier: Apache-2.0
#include "dataset/conversation.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

bool is_list(const Row& row, const std::string& field) {
  return row.has(field) && row.fields().at(field).is_array();
}

// The messages of one field; throws kData where it holds no list.
const Json& messages_in(const Row& row, const std::string& field) {
  if (!row.has(field)) row.text(field);  // throws, naming the nearest field
  if (!is_list(row, field))
    throw Error(ErrorKind::kData, str_cat("field \"", field, "\" holds no messages, as another one does"),
                row.place());
  return row.fields().at(field);
}

Json joined(const Json& prompt, const Json& answer) {
  Json messages = prompt;
  messages.insert(messages.end(), answer.begin(), answer.end());
  return messages;
}

// A prompt and the conversations that begin with it, as text.
class Renderer {
 public:
  Renderer(const Row& row, const MessagesRenderer& render) : row_(row), render_(render) {
    if (!render_) throw Error(ErrorKind::kUsage, "the row holds messages; texts are read here", row_.place());
  }
  std::string prompt(const Json& messages) const { return render_(messages, true, row_.place()); }
  std::string whole(const Json& messages) const { return render_(messages, false, row_.place()); }
  std::string whole(const Json& prompt, const Json& answer) const {
    if (answer.empty()) return "";
    return whole(joined(prompt, answer));
  }

 private:
  const Row& row_;
  const MessagesRenderer& render_;
};

// TRL's `extract_prompt`: the messages that both sides begin with; the last one is left to each.
void split_prompt(Json& prompt, Json& chosen, Json& rejected) {
  const size_t shorter = std::min(chosen.size(), rejected.size());
  size_t count = 0;
  while (count + 1 < shorter && chosen[count] == rejected[count]) ++count;
  const auto begin = static_cast<int64_t>(count);
  prompt = Json(chosen.begin(), chosen.begin() + begin);
  chosen = Json(chosen.begin() + begin, chosen.end());
  rejected = Json(rejected.begin() + begin, rejected.end());
}

}  // namespace

std::optional<SftRecord> conversation_sft(const Row& row, const DataFields& fields,
                                          const MessagesRenderer& render) {
  constexpr const char* kMessages = "messages";
  SftRecord record;
  record.place = row.place();
  record.is_rendered = true;
  if (row.has(kMessages) && !row.has(fields.text_field)) {
    record.completion = Renderer(row, render).whole(messages_in(row, kMessages));
    return record;
  }
  if (!is_list(row, fields.prompt_field) && !is_list(row, fields.completion_field)) return std::nullopt;
  const Json& prompt = messages_in(row, fields.prompt_field);
  const Renderer text(row, render);
  record.is_text = false;
  record.prompt = text.prompt(prompt);
  record.completion = text.whole(prompt, messages_in(row, fields.completion_field));
  return record;
}

std::optional<PreferenceRecord> conversation_preference(const Row& row, const DataFields& fields,
                                                        const MessagesRenderer& render) {
  if (!is_list(row, fields.chosen_field) && !is_list(row, fields.prompt_field)) return std::nullopt;
  Json chosen = messages_in(row, fields.chosen_field), rejected = messages_in(row, fields.rejected_field),
       prompt;
  // A text beside messages says again what they begin with (TRL's `maybe_extract_prompt`).
  if (is_list(row, fields.prompt_field)) {
    prompt = messages_in(row, fields.prompt_field);
  } else {
    split_prompt(prompt, chosen, rejected);
  }
  const Renderer text(row, render);
  PreferenceRecord record;
  record.place = row.place();
  record.is_rendered = true;
  record.prompt = text.prompt(prompt);
  record.chosen = text.whole(prompt, chosen);
  record.rejected = text.whole(prompt, rejected);
  return record;
}

std::optional<LabelledRecord> conversation_labelled(const Row& row, const DataFields& fields,
                                                    const MessagesRenderer& render) {
  if (!is_list(row, fields.prompt_field) && !is_list(row, fields.completion_field)) return std::nullopt;
  const Json& prompt = messages_in(row, fields.prompt_field);
  const Renderer text(row, render);
  LabelledRecord record;
  record.place = row.place();
  record.is_rendered = true;
  record.prompt = text.prompt(prompt);
  record.completion = text.whole(prompt, messages_in(row, fields.completion_field));
  return record;
}

}  // namespace xlt
