// SPDX-License-Identifier: Apache-2.0
// `xlt embed`: texts as vectors.
#include "cli/command.h"
#include "cli/session.h"

#include "xlt/run/embed.h"

namespace xlt::cli {

namespace {

class EmbedCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Vectors of texts: mean hidden states of any layer of a decoder or encoder",
            "xlt embed --model models/gemma --input texts.jsonl --output vectors.jsonl --layers last",
            {"model", "input", "output"},
            ""};
  }
  std::vector<OptionGroup> groups() override {
    return {{"model", "Model", visit_of(model_)}, {"embed", "Files and vectors", visit_of(options_)}};
  }
  int run(Session& session) override {
    const auto make_encoder = [&] {
      return load_sentence_encoder({model_.model, model_.adapter, model_.batch_tokens}, session.placement(),
                                   session.context());
    };
    const FileTally tally = embed_file(options_, make_encoder, session.context());
    session.context().info(str_cat("wrote ", tally.rows, " rows to ", options_.output));
    return 0;
  }
  void check(Checks& checks) override {
    check_layered_model(checks, model_.model);
    check_tokenizer(checks, model_.model);
    check_adapter(checks, model_.adapter);
    check_rows(checks, options_.input, {"text"});
  }

 private:
  ModelChoice model_;
  EmbedOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_embed_command() { return std::make_unique<EmbedCommand>(); }

}  // namespace xlt::cli
