// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/environment.h"

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/base/utf8.h"
#include "xlt/base/version.h"
#include "xlt/lm/runtime.h"

namespace xlt {

Json code_record() { return {{"commit", build_commit()}, {"dirty", build_dirty()}}; }

namespace {

// What a program without libtorch cannot say is null.
Json known(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

Json environment_record(const Placement& where) {
  return {{"torch", known(runtime_torch_version())},
          {"torch_build", build_torch_version()},
          {"device", name_of(where)},
          {"dtype", name_of(where.dtype)},
          {"threads", num_threads()},
          {"matmul", where.is_cuda ? Json("device") : known(matmul_library(where.dtype))},
          {"cpu_capability", known(cpu_capability())}};
}

Json file_records(const std::vector<std::filesystem::path>& files) {
  Json records = Json::array();
  for (const auto& file : files) {
    std::error_code error;
    if (fs::exists(file, error) && !fs::is_regular_file(file, error))
      throw Error(ErrorKind::kIo,
                  "is a pipe or device; what a result was made of is read more than once, give a file",
                  file.string());
    const auto bytes = fs::file_size(file, error);
    if (error) throw Error(ErrorKind::kIo, str_cat("cannot be read: ", error.message()), file.string());
    records.push_back({{"file", escape_invalid_utf8(file.string())},
                       {"bytes", static_cast<int64_t>(bytes)},
                       {"sha256", sha256_of_file(file)}});
  }
  return records;
}

}  // namespace xlt
