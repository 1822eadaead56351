// SPDX-License-Identifier: Apache-2.0
// The wall between models and evaluation: three verbs. Every benchmark is lists of these requests; nothing
// above this header sees a tensor. Natural logarithms throughout. Results do not depend on the order or
// grouping of requests.
//
//   auto lm = load_language_model({.model = "models/llama"}, placement, context);
//   auto scores = lm->log_likelihood({{.context = "Q: …", .continuation = " yes"}});
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/base/config.h"
#include "xlt/base/context.h"
#include "xlt/base/placement.h"

namespace xlt {

struct GenerateRequest {
  std::string prompt;
  // Names the random stream: sample k of request `id` is drawn from (seed, id, k), whatever else is asked.
  std::string id;
  std::string place =
      {};  // where the prompt was read ("prompts.jsonl:3"), for errors; empty: the id stands for it
  bool is_rendered = false;  // by a chat template, which put the special tokens: the tokenizer adds none
};

struct GenerationOptions {
  int64_t num_samples = 25;  // completions a prompt (greedy: always 1)
  int64_t max_new_tokens = 20;
  double temperature = 0.9;  // 1: the model's own distribution
  double top_p = 0.8;        // 1: all
  int64_t top_k = 0;         // 0: all
  bool greedy = false;       // the most probable token at every step
  bool ignore_eos = false;   // generate max_new_tokens whatever comes
  uint64_t seed = 0;         // not visited: the global --seed
  void visit(OptionVisitor& v);
};

// The last two say that nothing was generated: the prompt and max_new_tokens exceed the model's context, or
// the prompt has no tokens at all.
enum class FinishReason { kEos, kLength, kTooLong, kNoPrompt };
const char* name_of(FinishReason reason);  // "eos", "length", "too_long", "no_prompt"

struct Completion {
  std::string text;  // decoded after the prompt (prompt + completion decoded, the prompt's text removed)
  std::vector<int64_t> token_ids;  // EOS not included
  FinishReason finish_reason = FinishReason::kLength;
};

// What becomes of a context that with its continuation is longer than the model's.
enum class LongContext {
  kWhole,         // read whole, with a warning
  kCutFromStart,  // its first tokens are left out, BOS among them, as lm-evaluation-harness does; a warning
};

// Tokens of context + continuation, encoded together; the continuation begins where those tokens and the
// context's part. An empty context is the start of a document (TextStart::kDocument).
struct LogLikelihoodRequest {
  std::string context, continuation;
  LongContext long_context = LongContext::kWhole;
  bool is_rendered = false;  // the context is a chat template's: the tokenizer adds no special tokens
};

struct LogLikelihood {
  double log_likelihood = 0;  // Σ over the scored tokens
  int64_t num_tokens = 0;     // tokens scored; 0 where the text has nothing to score
  std::vector<double> token_log_likelihoods;
  // Of rolling_log_likelihood: UTF-8 bytes of the text that the scored tokens stand for. All of them, but for
  // a first token that is not scored; a character that such a token merely begins is left out whole.
  int64_t num_bytes = 0;
};

// How far a text's next-token distributions are from those of the untouched model. Every token of the text
// has one, special tokens and the last included.
struct Divergence {
  double kl = 0;  // Σ over positions of KL(untouched ‖ this model), nats
  int64_t num_positions = 0;
  int64_t num_agreeing = 0;  // positions at which the most probable next token is the same
};

// The first token of a text. Where the tokenizer puts a special token (BOS) before the text, that token is
// its context, whatever is said here. Where it puts none (GPT-2, Qwen):
enum class TextStart {
  // The first token is conditioned on the model's BOS, else on its EOS, which is what stood between documents
  // in pretraining; as lm-evaluation-harness does. Where the model names neither, the token has no context
  // and is not scored.
  kDocument,
  // The first token is not scored: tokens 2 … n given all before, as TRL's and transformers' losses count
  // them, and what `xlt score` writes.
  kAsTokenized,
  // The text comes from a chat template, which put the special tokens: the tokenizer adds none, and the first
  // token (mostly BOS) is not scored.
  kRendered,
};

struct LanguageModelInfo {
  std::string model, adapter, model_type, dtype, device, matmul;
  int64_t num_parameters = 0, max_length = 0;
  bool adds_bos = false;
};

class LanguageModel {
 public:
  virtual ~LanguageModel() = default;
  // Completions by request, each of num_samples (1 where greedy), in order. A prompt that cannot be continued
  // is no error: its completions are empty, and their finish reason says why. An empty prompt is the start of
  // a document (TextStart::kDocument).
  virtual std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest> requests,
                                                        const GenerationOptions& options) = 0;
  virtual std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) = 0;
  // Each token of the text given all before it; `start` says what the first one is given. Texts longer than
  // the model's context are cut into windows: every token is scored exactly once.
  virtual std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string> texts,
                                                            TextStart start) = 0;
  // log P(BOS | BOS): the constant that the published CrowS-Pairs and StereoSet code averages into every
  // score (protocol 2.1). Nothing where the tokenizer does not put BOS before a text, whether or not it names
  // one: there the published code scores the first token given its own start token, as
  // TextStart::kDocument does.
  virtual std::optional<double> bos_log_likelihood() = 0;
  // Quirk B5, for the paper's scoring of StereoSet: the texts as rows of padded batches of two, in order,
  // whose pads are taken for text. The shorter of a batch then loses as many tokens at its end as it has pads
  // before it. Σ and count hold the first token too (bos_log_likelihood, or that of a pad after BOS). Nothing
  // where the tokenizer pads on the right or adds no BOS: there the quirk changes nothing.
  virtual std::optional<std::vector<LogLikelihood>> left_padded_log_likelihood(
      std::span<const std::string> /*texts*/) {
    return std::nullopt;
  }
  // Of each text, against the model without its adapter, or against LanguageModelOptions::base; nothing where
  // there is neither. Texts longer than the model's context are cut into windows: every position counts once.
  virtual std::optional<std::vector<Divergence>> divergence_from_base(std::span<const std::string> /*texts*/,
                                                                      TextStart /*start*/) {
    return std::nullopt;
  }
  // As log_likelihood, by the model without its adapter, or by LanguageModelOptions::base; nothing where
  // there is neither.
  virtual std::optional<std::vector<LogLikelihood>> base_log_likelihood(
      std::span<const LogLikelihoodRequest> /*requests*/) {
    return std::nullopt;
  }
  // Each token of the text decoded by itself (special ones left out), for diversity in the model's own
  // tokens.
  virtual std::vector<std::string> tokenize(std::string_view text) const = 0;
  virtual const LanguageModelInfo& info() const = 0;
  // Tokens computed since construction, for reports.
  virtual int64_t num_tokens_computed() const = 0;
};

struct LanguageModelOptions {
  std::filesystem::path model, adapter;  // adapter may be empty
  int64_t batch_tokens = 0;              // most tokens in one forward pass; 0: chosen for the device
  // The untouched model for divergence_from_base, of the same vocabulary; empty: this one without its
  // adapter.
  std::filesystem::path base = {};
};
std::unique_ptr<LanguageModel> load_language_model(const LanguageModelOptions& options,
                                                   const Placement& where, const Context& context);

}  // namespace xlt
