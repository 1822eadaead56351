// SPDX-License-Identifier: Apache-2.0
// The one error type. Thrown for everything a user can cause; XLT_CHECK is for our own bugs.
//
//   throw Error(ErrorKind::kData, "not valid UTF-8; re-encode the file", "pairs.jsonl:17");
//
#pragma once

#include <exception>
#include <sstream>
#include <string>

namespace xlt {

// What went wrong, by who can mend it. `exit_code` maps a kind to the exit codes of the command line.
enum class ErrorKind {
  kUsage,        // unknown option, method, language …: exit 2
  kConfig,       // a config file or an option's value: exit 3
  kData,         // rows of a data file: exit 3
  kCheckpoint,   // weights, config.json, tokenizer files: exit 3
  kUnsupported,  // valid, but this build or machine cannot do it: exit 3
  kIo,           // cannot open, write, disk full: exit 3
  kNumerics,     // a loss or gradient that is not finite: exit 1
  kInterrupted,  // Ctrl-C; state was saved: exit 130
  kInternal,     // our bug: exit 1
};

class Error : public std::exception {
 public:
  // `context` says where: "file.jsonl:17", "config.json: rope_scaling.factor". May be empty.
  Error(ErrorKind kind, std::string message, std::string context = {});
  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const std::string& context() const { return context_; }
  // "context: message"
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_, context_, what_;
};

// 1, 2, 3 or 130, as the command line promises.
int exit_code(ErrorKind kind);
// "usage", "config", … as written to reports.
const char* name_of(ErrorKind kind);

// Concatenates anything that can be written to a stream.
template <typename... Args>
std::string str_cat(const Args&... args) {
  std::ostringstream stream;
  (stream << ... << args);
  return std::move(stream).str();
}

[[noreturn]] void throw_check_failed(const char* file, int line, const char* condition,
                                     const std::string& message);

}  // namespace xlt

// For conditions that only a bug in xlt can break. Never for user input.
#define XLT_CHECK(condition, ...)                                                             \
  do {                                                                                        \
    if (!(condition))                                                                         \
      ::xlt::throw_check_failed(__FILE__, __LINE__, #condition, ::xlt::str_cat(__VA_ARGS__)); \
  } while (false)
