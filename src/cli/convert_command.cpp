// SPDX-License-Identifier: Apache-2.0
// `xlt convert`: a GGUF file → a Hugging Face folder.
#include "cli/command.h"
#include "cli/session.h"

#include <cstdio>

#include "xlt/run/convert.h"
#include "xlt/run/merge.h"

namespace xlt::cli {

namespace {

class ConvertCommand final : public Command {
 public:
  CommandHelp help() const override {
    return {"Write a model, such as a GGUF file, as a folder that transformers loads",
            "xlt convert --model gemma-3-270m-q4_k_m.gguf --output models/gemma-3-270m",
            {"model", "output"},
            ""};
  }
  std::vector<OptionGroup> groups() override { return {{"convert", "Files", visit_of(options_)}}; }
  int run(Session& session) override {
    const GlobalOptions& global = session.options();
    const DType dtype =
        global.dtype_is_given() ? parse_dtype(global.dtype) : checkpoint_dtype(options_.model);
    const Json record = convert_model(options_, dtype, session.context());
    Json summary = {{"output", options_.output}};
    for (const char* key : {"dtype", "parameters", "tensors"}) summary[key] = record.at(key);
    std::printf("%s\n", dump_json(summary).c_str());
    return 0;
  }
  void check(Checks& checks) override {
    check_model(checks, options_.model);
    check_tokenizer(checks, options_.model);
  }

 private:
  ConvertOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_convert_command() { return std::make_unique<ConvertCommand>(); }

}  // namespace xlt::cli
