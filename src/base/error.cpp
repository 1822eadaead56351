// SPDX-License-Identifier: Apache-2.0
#include "xlt/base/error.h"

namespace xlt {

Error::Error(ErrorKind kind, std::string message, std::string context)
    : kind_(kind),
      message_(std::move(message)),
      context_(std::move(context)),
      what_(context_.empty() ? message_ : context_ + ": " + message_) {}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return 2;
    case ErrorKind::kConfig:
    case ErrorKind::kData:
    case ErrorKind::kCheckpoint:
    case ErrorKind::kUnsupported:
    case ErrorKind::kIo:
      return 3;
    case ErrorKind::kInterrupted:
      return 130;
    case ErrorKind::kNumerics:
    case ErrorKind::kInternal:
      return 1;
  }
  return 1;
}

const char* name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kConfig:
      return "config";
    case ErrorKind::kData:
      return "data";
    case ErrorKind::kCheckpoint:
      return "checkpoint";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kIo:
      return "io";
    case ErrorKind::kNumerics:
      return "numerics";
    case ErrorKind::kInterrupted:
      return "interrupted";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

void throw_check_failed(const char* file, int line, const char* condition, const std::string& message) {
  throw Error(ErrorKind::kInternal,
              str_cat("check failed: ", condition, message.empty() ? "" : ": ", message),
              str_cat(file, ":", line));
}

}  // namespace xlt
