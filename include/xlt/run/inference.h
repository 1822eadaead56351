// SPDX-License-Identifier: Apache-2.0
// The three verbs over files: rows in, rows out, in the same order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/placement.h"
#include "xlt/lm/language_model.h"
#include "xlt/run/model_choice.h"

namespace xlt {

// On choice.devices; where there are none, at `where`.
std::unique_ptr<LanguageModel> load_language_model(const ModelChoice& choice, const Placement& where,
                                                   const Context& context);

// The output of every function below appears only when it is complete. Those that need a model read all rows
// first, so that a malformed row (named by file and line) costs no time.

// What was written, and how long it took.
struct FileTally {
  int64_t rows = 0, tokens = 0;       // tokens: those scored, or those generated
  double loading = 0, computing = 0;  // seconds: the model, the answers
  std::string summary(const std::string& output)
      const;  // "wrote 100 rows to FILE: 2000 tokens in 6.3 s (317 tokens/s), loaded in 1.1 s"
};

struct TokenizeOptions {
  std::string model, input, output, input_format = "auto", chat_template = "auto";
  bool no_special_tokens = false, add_generation_prompt = false;
  void visit(OptionVisitor& v);
};
// Rows {"text"} → {"input_ids"}, rows {"messages"} → {"text", "input_ids"}: the conversation as its template
// renders it, which puts the special tokens itself. Returns the number of rows written.
int64_t tokenize_file(const TokenizeOptions& options, const Context& context);

struct ScoreOptions {
  std::string model;  // not visited: ModelChoice's; whose chat template
  std::string input, output, input_format = "auto", chat_template = "auto";
  bool per_token = false;
  void visit(OptionVisitor& v);
};
// Makes the model once the rows have been read and checked.
using LanguageModelMaker = std::function<std::unique_ptr<LanguageModel>()>;

// Rows {"text"}, {"messages"} or {"context", "continuation"} → {"log_likelihood", "num_tokens"[,
// "token_log_likelihoods"]}; natural log. A text's first token is not scored where the tokenizer puts nothing
// before it (TextStart::kAsTokenized), a conversation's never. A row's "id" is carried over.
FileTally score_file(const ScoreOptions& options, const LanguageModelMaker& make_model,
                     const Context& context);

struct GenerateFileOptions {
  std::string model;  // not visited: ModelChoice's; whose chat template
  std::string prompts, output, input_format = "auto", chat_template = "auto";
  GenerationOptions generation;
  void visit(OptionVisitor& v);  // the files; `generation` has its own
};
// Rows {"prompt"} or {"messages"}[, "id", "language"], which the chat template renders up to where the answer
// begins, → {"id", "sample", "text", "token_ids", "finish_reason", "prompt"[, "language"]}, one a sample;
// "prompt" is the text that the model was given. A row without an id is known by its number, from 0.
FileTally generate_file(const GenerateFileOptions& options, const LanguageModelMaker& make_model,
                        const Context& context);

}  // namespace xlt
