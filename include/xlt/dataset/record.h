// SPDX-License-Identifier: Apache-2.0
// Training records (text, not tokens) and the named presets that make them from published files.
// Types follow TRL's dataset types: language modelling, prompt-completion, preference.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "xlt/base/config.h"

namespace xlt {

// A language-modelling row (`prompt` empty, `is_text`) or a prompt-completion row.
struct SftRecord {
  bool is_text = true;
  std::string prompt, completion;  // a text row holds its text in `completion`
  std::string place;
};
struct PreferenceRecord {
  std::string prompt, chosen, rejected;
  std::string place;
};

// Which fields of a row hold what. Options of `xlt train`.
struct DataFields {
  std::string text_field = "text", prompt_field = "prompt", completion_field = "completion";
  std::string chosen_field = "chosen", rejected_field = "rejected";
  void visit(OptionVisitor& v);
};

// `data`: a file, several files separated by commas, or PRESET=FILE[,FILE…] with a preset of `presets.def`
// (panda jigsaw biasdpo detoxdpo): published field names, filters and quirks of the paper's recipe (protocol,
// section 1.3). Throws kData for an empty result, a missing field or an empty answer (file and line named).
std::vector<SftRecord> load_sft(const std::string& data, const DataFields& fields);
std::vector<PreferenceRecord> load_preference(const std::string& data, const DataFields& fields);
// The files behind `data`, for hashing into run.json.
std::vector<std::filesystem::path> data_files(const std::string& data);
std::vector<std::string> preset_names();

}  // namespace xlt
