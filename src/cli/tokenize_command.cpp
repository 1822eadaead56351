// SPDX-License-Identifier: Apache-2.0
// `xlt tokenize`: text → token ids.
#include "cli/command.h"
#include "cli/session.h"

#include "xlt/run/inference.h"

namespace xlt::cli {

namespace {

class TokenizeCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Turn texts or conversations into token ids, as the model's tokenizer does",
            "xlt tokenize --model models/gemma --input texts.jsonl --output ids.jsonl",
            {"model", "input", "output"},
            ""};
  }
  std::vector<OptionGroup> groups() override { return {{"tokenize", "Files", visit_of(options_)}}; }
  bool may_be_cut_short() const override { return true; }
  int run(Session& session) override {
    const int64_t rows = tokenize_file(options_, session.context());
    session.context().info(str_cat("wrote ", rows, " rows to ", options_.output));
    return 0;
  }
  void check(Checks& checks) override {
    check_tokenizer(checks, options_.model);
    check_rows(checks, options_.input, {"text", "messages"});
  }

 private:
  TokenizeOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_tokenize_command() { return std::make_unique<TokenizeCommand>(); }

}  // namespace xlt::cli
