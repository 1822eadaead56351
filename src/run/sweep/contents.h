// SPDX-License-Identifier: Apache-2.0
// What options that name files and folders stand for, by content: where a thing lies decides nothing.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "xlt/base/json.h"

namespace xlt {

// Remembers what it has read. One thread.
class Contents {
 public:
  // Hex SHA-256 of a file. Throws kIo.
  const std::string& of_file(const std::filesystem::path& file);
  // Of a model or adapter folder or GGUF file as hash_of_model has it, of any other folder all files in it,
  // of a file its bytes.
  const std::string& of_path(const std::filesystem::path& path);
  // An option's text with every path in it replaced by its content: "A,B", "PRESET=A,B", "KIND:A#label".
  std::string of_text(const std::string& text);
  // Resolved options of "train" or "eval" without those that cannot change a result, paths replaced.
  Json of_options(const std::string& command, const Json& resolved);

 private:
  Json of_value(const std::string& option, const Json& value);
  std::map<std::filesystem::path, std::string> known_;
};

}  // namespace xlt
