// SPDX-License-Identifier: Apache-2.0
// Training records (text, not tokens) and the named presets that make them from published files.
// Types follow TRL's dataset types: language modelling, prompt-completion, preference, unpaired preference.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/json_fwd.h"

namespace xlt {

// What a training method reads.
enum class RowKind {
  kText,      // a text, or a prompt with its completion
  kPair,      // a prompt with a preferred and another answer
  kLabelled,  // a prompt with one completion that is wanted or not
};
const char* name_of(RowKind kind);  // "texts", "preference pairs", "labelled completions"

// Of every record: `is_rendered` by a chat template, which put the special tokens. `prompt` is then the text
// up to where the answer begins, and the answers are whole conversations, prompt included: a template may
// write a prompt otherwise once it is answered.

// A language-modelling row (`prompt` empty, `is_text`) or a prompt-completion row.
struct SftRecord {
  bool is_text = true;
  std::string prompt, completion;  // a text row holds its text in `completion`
  std::string place;
  bool is_rendered = false;
};
struct PreferenceRecord {
  std::string prompt, chosen, rejected;
  std::string place;
  bool is_rendered = false;
};
struct LabelledRecord {
  std::string prompt, completion;
  bool is_desirable = true;
  std::string place;
  bool is_rendered = false;
};

// A chat template, to those who need not know one: messages (JSON) → text; `place` names the row in errors.
using MessagesRenderer =
    std::function<std::string(const Json& messages, bool add_generation_prompt, const std::string& place)>;

// Records of one kind; the other vectors are empty.
struct Records {
  std::vector<SftRecord> texts;
  std::vector<PreferenceRecord> pairs;
  std::vector<LabelledRecord> labelled;
  int64_t size() const { return static_cast<int64_t>(texts.size() + pairs.size() + labelled.size()); }
};

// Which fields of a row hold what. Options of `xlt train`.
struct DataFields {
  std::string text_field = "text", prompt_field = "prompt", completion_field = "completion";
  std::string chosen_field = "chosen", rejected_field = "rejected", label_field = "label";
  // What stands between prompt and chosen answer where a preset's pairs are read as texts. space: a space,
  // always; auto: one where neither side has white space there.
  std::string pair_separator = "space";
  void visit(OptionVisitor& v);
};

// `data`: a file, several files separated by commas, or PRESET=FILE[,FILE…] with a preset of `presets.def`
// (panda jigsaw biasdpo detoxdpo): published field names, filters and quirks of the paper's recipe (protocol,
// section 1.3). Throws kData for an empty result, a missing field or an empty answer (file and line named).
// Rows whose fields are lists of messages (and {"messages"} for SFT) go through `render`; without it they are
// refused. Pairs without a prompt have as prompt what both answers begin with, as in TRL.
std::vector<SftRecord> load_sft(const std::string& data, const DataFields& fields,
                                const MessagesRenderer& render = {});
// Running text: as load_sft without `render`, and .tsv without a header in the layouts of Tatoeba's files
// (tatoeba_row.h), of which rows of no known layout are left out.
std::vector<SftRecord> load_texts(const std::string& data, const DataFields& fields);
std::vector<PreferenceRecord> load_preference(const std::string& data, const DataFields& fields,
                                              const MessagesRenderer& render = {});
// Rows with a label (true or false, 1 or 0), or pairs: of each the chosen answer as desirable, then the
// rejected as undesirable.
std::vector<LabelledRecord> load_labelled(const std::string& data, const DataFields& fields,
                                          const MessagesRenderer& render = {});
Records load_records(RowKind kind, const std::string& data, const DataFields& fields,
                     const MessagesRenderer& render = {});
// The files behind `data`, for hashing into run.json.
std::vector<std::filesystem::path> data_files(const std::string& data);
std::vector<std::string> preset_names();
// `data` as load_records takes it, its bare files read by `preset`. As it is where it names a preset, or
// where the first row lacks what the preset reads: rows in the usual fields. Throws as load_records does.
std::string with_preset(const std::string& data, const std::string& preset);

}  // namespace xlt
