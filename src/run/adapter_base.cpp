// SPDX-License-Identifier: Apache-2.0
#include "run/adapter_base.h"

#include "run/model_hash.h"

#include <string>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

bool is_other_model(const fs::path& base, const fs::path& model) {
  std::error_code code;
  if (!fs::exists(base, code) || fs::equivalent(base, model, code)) return false;
  try {
    return hash_of_weights(base) != hash_of_weights(model);
  } catch (const Error&) {
    return false;  // no model any more
  }
}

}  // namespace

void warn_of_other_base(const fs::path& adapter, const fs::path& model, const Context& context) {
  const Json config = load_json(adapter / "adapter_config.json", ErrorKind::kCheckpoint);
  const std::string base = config.value("base_model_name_or_path", "");
  if (is_other_model(base, model))
    context.warn(str_cat(adapter.string(), ": was trained on ", base,
                         ", whose weights are others than those of ", model.string()));
}

}  // namespace xlt
