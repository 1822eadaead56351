// SPDX-License-Identifier: Apache-2.0
// How a guard model is asked, and what it answers.
//
//   {"messages": [{"role": "user", "content": "Is this harmful? {text}"}], "lead": "", "unsafe": "yes", "safe": "no"}
//
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/base/json_fwd.h"

namespace xlt {

struct GuardFormat {
  struct Message {
    std::string role, content;  // "{text}" in a content is where the text goes
  };
  std::string name;
  std::vector<Message> messages;  // what the model's own chat template renders
  std::string lead;               // what stands between the rendered prompt and the verdict ("\n\n")
  std::string unsafe, safe;       // the verdicts

  // [{"role", "content"}, …] with the text in its place.
  Json conversation(std::string_view text) const;
  // Of everything above.
  Json to_json() const;
};

// `choice` alone: throws kUsage where it is neither empty, nor a name, nor a file.
void check_guard_format(const std::string& choice);
// `choice`: a built-in format's name, or a JSON file of the shape above. Empty: guard.json of the model's
// folder where it is there, else what the chat template's own instructions tell. Throws kUsage where none of
// these says it, naming what could be given; kData for a file that is no format.
GuardFormat choose_guard_format(const std::filesystem::path& model, const std::string& choice,
                                std::string_view chat_template);

}  // namespace xlt
