// SPDX-License-Identifier: Apache-2.0
#include "run/training_rows.h"

#include "run/conversations.h"
#include "run/train_run_options.h"

#include <set>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/run/recipe.h"

namespace xlt {

namespace {

// It may be meant, to have a file's rows more often than others'.
void warn_of_repeated(const std::vector<fs::path>& files, const Context& context) {
  std::set<fs::path> seen;
  std::error_code code;
  for (const fs::path& file : files)
    if (!seen.insert(fs::weakly_canonical(file, code)).second && !code)
      context.warn(str_cat(file.string(), ": is given more than once, and each of its rows counts as often"));
}

}  // namespace

Records load_rows(const TrainRunOptions& options, const std::string& data, const Context& context) {
  if (data.empty()) return {};
  Conversations conversations(tokenizer_folder(options), options.chat_template, context);
  const auto render = [&](const Json& messages, bool add_generation_prompt, const std::string& place) {
    return conversations.render(messages, add_generation_prompt, place);
  };
  const std::string source = recipe_data(options.recipe, data);
  Records records = load_records(method_row_kind(options.trainer.method), source, options.fields, render);
  warn_of_repeated(data_files(source), context);
  return records;
}

}  // namespace xlt
