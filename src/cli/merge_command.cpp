// SPDX-License-Identifier: Apache-2.0
// `xlt merge`: a model and its adapter → one checkpoint folder.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/run/merge.h"

namespace xlt::cli {

namespace {

class MergeCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Merge an adapter into its model and write a folder that transformers loads",
            "xlt merge --model models/gemma --adapter runs/dpo/adapter --output models/gemma-dpo",
            {"model", "adapter", "output"},
            ""};
  }
  std::vector<OptionGroup> groups() override { return {{"merge", "Files", visit_of(options_)}}; }
  int run(Session& session) override {
    Placement where = session.placement();
    if (!session.options().dtype_is_given()) where.dtype = checkpoint_dtype(options_.model);
    const Json record = merge_adapter(options_, where, session.context());
    const Json summary = {{"output", options_.output},
                          {"dtype", record.at("dtype")},
                          {"modules", static_cast<int64_t>(record.at("relative_rounding_error").size())},
                          {"max_relative_rounding_error", record.at("max_relative_rounding_error")}};
    std::printf("%s\n", dump_json(summary).c_str());
    return 0;
  }
  void check(Checks& checks) override {
    check_model(checks, options_.model);
    check_tokenizer(checks, options_.model);
    for (const std::string& adapter : options_.adapter) check_adapter(checks, adapter);
  }

 private:
  MergeOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_merge_command() { return std::make_unique<MergeCommand>(); }

}  // namespace xlt::cli
