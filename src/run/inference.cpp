// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/inference.h"

#include "run/adapter_base.h"
#include "run/conversations.h"
#include "run/row_files.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/model_source.h"
#include "xlt/dataset/reader.h"
#include "xlt/lm/quantized.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

namespace {

// Requests handed over at once: enough to fill every batch, few enough that their results fit in memory.
constexpr size_t kScoreBlock = 16384, kPromptBlock = 1024;

void write_line(AtomicFile& out, const Json& row) { out.write(dump_json(row) + "\n"); }

// As write_line of {"input_ids"}, of which a book has millions: never all in one text.
void write_ids(AtomicFile& out, std::span<const int64_t> ids) {
  constexpr size_t kBuffer = 1 << 16;
  std::string text = "{\"input_ids\":[";
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(ids[i]);
    if (text.size() < kBuffer) continue;
    out.write(text);
    text.clear();
  }
  out.write(text + "]}\n");
}

// One row of a score file, as asked.
struct ScoreRow {
  enum class Kind { kText, kConversation, kPair } kind;
  LogLikelihoodRequest request;  // a text or rendered conversation is held in `continuation`
  Json id;                       // null where the row has none
};

Json id_of(const Row& row) { return row.fields().contains("id") ? row.fields().at("id") : Json(); }

ScoreRow parse_score_row(const Row& row, Conversations& conversations) {
  if (holds_messages(row))
    return {ScoreRow::Kind::kConversation,
            {"", conversations.render(row, /*add_generation_prompt=*/false)},
            id_of(row)};
  const bool has_pair = row.has("context") || row.has("continuation");
  if (row.has("text") && has_pair)
    throw Error(ErrorKind::kData,
                "has both \"text\" and \"context\" or \"continuation\"; give the one or the others",
                row.place());
  if (has_pair) return {ScoreRow::Kind::kPair, {row.text("context"), row.text("continuation")}, id_of(row)};
  return {ScoreRow::Kind::kText, {"", row.text("text")}, id_of(row)};
}

Json score_json(const ScoreRow& row, const LogLikelihood& score, bool per_token) {
  Json json = Json::object();
  if (!row.id.is_null()) json["id"] = row.id;
  json["log_likelihood"] = score.log_likelihood;
  json["num_tokens"] = score.num_tokens;
  if (per_token) json["token_log_likelihoods"] = score.token_log_likelihoods;
  return json;
}

// A text's tokens 2 … n, as training counts them; the evaluation's benchmarks take TextStart::kDocument.
std::vector<LogLikelihood> score_block(LanguageModel& lm, std::span<const ScoreRow> rows) {
  using Kind = ScoreRow::Kind;
  std::vector<std::string> texts, conversations;
  std::vector<LogLikelihoodRequest> pairs;
  for (const auto& row : rows) {
    if (row.kind == Kind::kPair) pairs.push_back(row.request);
    if (row.kind == Kind::kText) texts.push_back(row.request.continuation);
    if (row.kind == Kind::kConversation) conversations.push_back(row.request.continuation);
  }
  const auto rolling = [&](const std::vector<std::string>& of, TextStart start) {
    return of.empty() ? std::vector<LogLikelihood>{} : lm.rolling_log_likelihood(of, start);
  };
  const auto text_scores = rolling(texts, TextStart::kAsTokenized);
  const auto conversation_scores = rolling(conversations, TextStart::kRendered);
  const auto pair_scores = pairs.empty() ? std::vector<LogLikelihood>{} : lm.log_likelihood(pairs);
  auto text = text_scores.begin(), conversation = conversation_scores.begin(), pair = pair_scores.begin();
  std::vector<LogLikelihood> scores;
  for (const auto& row : rows)
    scores.push_back(row.kind == Kind::kText ? *text++ : row.kind == Kind::kPair ? *pair++ : *conversation++);
  return scores;
}

struct Prompt {
  Json id, language;  // null where the row names none
  std::string text, stream, place;
  bool is_rendered;  // by a chat template
};

std::string stream_name(const Json& id) { return id.is_string() ? id.get<std::string>() : dump_json(id); }

std::vector<Prompt> read_prompts(const GenerateFileOptions& options, const Context& context) {
  std::vector<Prompt> prompts;
  std::set<std::string> seen;
  std::map<std::string, int> repeats;
  Conversations conversations(options.model, options.chat_template, context);
  for (const Row& row : read_rows(options.prompts, parse_row_format(options.input_format))) {
    Json id = id_of(row);
    const bool is_rendered = holds_messages(row);
    const std::string text =
        is_rendered ? conversations.render(row, /*add_generation_prompt=*/true) : row.text("prompt");
    // Without an id the prompt itself names its random stream, so that samples do not depend on its place.
    const std::string stream = id.is_null() ? str_cat(text, "#", ++repeats[text]) : stream_name(id);
    if (id.is_null()) id = static_cast<int64_t>(prompts.size());
    if (!id.is_string() && !id.is_number())
      throw Error(ErrorKind::kData, "\"id\" must be a string or a number", row.place());
    if (!seen.insert(dump_json(id)).second)
      context.warn(str_cat(row.place(), ": id ", dump_json(id),
                           " was used before; its samples are drawn from the same random stream"));
    const Json language = row.has("language") ? row.fields().at("language") : Json();
    prompts.push_back({std::move(id), language, text, stream, row.place(), is_rendered});
  }
  return prompts;
}

// A prompt that cannot be continued fails the file: a row without a completion would pass unseen.
void throw_if_refused(const Prompt& prompt, const std::vector<Completion>& completions,
                      const LanguageModel& lm, int64_t max_new_tokens) {
  for (const Completion& completion : completions) {
    if (completion.finish_reason == FinishReason::kNoPrompt)
      throw Error(ErrorKind::kData,
                  "the prompt is empty and the tokenizer adds no BOS: there is nothing to continue",
                  prompt.place);
    if (completion.finish_reason == FinishReason::kTooLong)
      throw Error(ErrorKind::kData,
                  str_cat("the prompt with ", max_new_tokens, " new tokens exceeds the model's ",
                          lm.info().max_length, "; shorten it, or give a smaller --max-new-tokens"),
                  prompt.place);
  }
}

void write_completions(AtomicFile& out, const Prompt& prompt, const std::vector<Completion>& completions) {
  for (size_t sample = 0; sample < completions.size(); ++sample) {
    const Completion& completion = completions[sample];
    Json row = {{"id", prompt.id},
                {"sample", static_cast<int64_t>(sample)},
                {"text", completion.text},
                {"token_ids", completion.token_ids},
                {"finish_reason", name_of(completion.finish_reason)},
                {"prompt", prompt.text}};
    if (!prompt.language.is_null()) row["language"] = prompt.language;
    write_line(out, row);
  }
}

}  // namespace

std::string FileTally::summary(const std::string& output) const {
  char speed[96];
  std::snprintf(speed, sizeof speed, "%lld tokens in %.2f s (%.0f tokens/s), loaded in %.2f s",
                static_cast<long long>(tokens), computing, computing > 0 ? tokens / computing : 0.0, loading);
  return str_cat("wrote ", rows, " rows to ", output, ": ", speed);
}

std::unique_ptr<LanguageModel> load_language_model(const ModelChoice& choice, const Placement& where,
                                                   const Context& context) {
  LanguageModelOptions options;
  options.model = choice.model;
  options.adapter = choice.adapter;
  options.base = choice.base;
  options.batch_tokens = choice.batch_tokens;
  const std::vector<Placement> devices = choice.devices.empty() ? std::vector{where} : choice.devices;
  auto lm = load_language_model(options, choice.quantize, devices, context);
  if (!choice.adapter.empty()) warn_of_other_base(choice.adapter, choice.model, context);
  return lm;
}

void TokenizeOptions::visit(OptionVisitor& v) {
  v.field("model", model, "folder that holds tokenizer.json or tokenizer.model; a .gguf file");
  v.field("input", input, "rows {\"text\"} or {\"messages\"} (.jsonl, .csv, .tsv, .txt)");
  v.field("output", output, "file for the rows {\"input_ids\"}; of messages also their \"text\"");
  visit_input_format(v, input_format);
  v.field("no_special_tokens", no_special_tokens,
          "leave out BOS and EOS; messages get only those that their template writes");
  visit_chat_template(v, chat_template);
  v.field("add_generation_prompt", add_generation_prompt, "of messages: end where the model's answer begins");
}

int64_t tokenize_file(const TokenizeOptions& options, const Context& context) {
  refuse_same_file(options.input, options.output);
  open_model_source(options.model);  // says what is wrong with a --model before its tokenizer is missed
  const auto tokenizer = load_tokenizer(options.model, context);
  const auto special = options.no_special_tokens ? SpecialTokens::kNone : SpecialTokens::kAdd;
  RowReader rows(options.input, parse_row_format(options.input_format));
  AtomicFile out(options.output);
  Progress progress = context.progress("tokenizing", /*total=*/0, "rows");
  Conversations conversations(options.model, options.chat_template, context);
  int64_t num_rows = 0;
  for (; const auto row = rows.next(); ++num_rows) {
    context.throw_if_interrupted();
    if (holds_messages(*row)) {
      const std::string text = conversations.render(*row, options.add_generation_prompt);
      write_line(out, {{"text", text}, {"input_ids", tokenizer->encode(text, SpecialTokens::kNone)}});
    } else {
      write_ids(out, tokenizer->encode(row->text("text"), special));
    }
    progress.advance(1);
  }
  out.commit();
  return num_rows;
}

void ScoreOptions::visit(OptionVisitor& v) {
  v.field("input", input,
          "rows {\"text\"}, {\"messages\"} or {\"context\", \"continuation\"} (.jsonl, .csv, .tsv, .txt)");
  v.field("output", output, "file for the rows {\"log_likelihood\", \"num_tokens\"}; natural logarithm");
  visit_input_format(v, input_format);
  visit_chat_template(v, chat_template);
  v.field("per_token", per_token, "also write each token's log-likelihood");
}

FileTally score_file(const ScoreOptions& options, const LanguageModelMaker& make_model,
                     const Context& context) {
  refuse_same_file(options.input, options.output);
  std::vector<ScoreRow> rows;
  RowReader reader(options.input, parse_row_format(options.input_format));
  Conversations conversations(options.model, options.chat_template, context);
  while (const auto row = reader.next()) rows.push_back(parse_score_row(*row, conversations));
  AtomicFile out(options.output);
  FileTally tally{.rows = static_cast<int64_t>(rows.size())};
  const double begun = monotonic_seconds();
  const auto lm = make_model();
  const double loaded = monotonic_seconds();
  tally.loading = loaded - begun;
  for (size_t begin = 0; begin < rows.size(); begin += kScoreBlock) {
    const auto block =
        std::span<const ScoreRow>(rows).subspan(begin, std::min(kScoreBlock, rows.size() - begin));
    const auto scores = score_block(*lm, block);
    for (size_t i = 0; i < block.size(); ++i) {
      write_line(out, score_json(block[i], scores[i], options.per_token));
      tally.tokens += scores[i].num_tokens;
    }
  }
  tally.computing = monotonic_seconds() - loaded;
  out.commit();
  return tally;
}

void GenerateFileOptions::visit(OptionVisitor& v) {
  v.field("prompts", prompts,
          "rows {\"prompt\"} or {\"messages\"}[, \"id\", \"language\"] (.jsonl, .csv, .tsv)");
  v.field("output", output,
          "file for the rows {\"id\", \"sample\", \"text\", \"token_ids\", \"finish_reason\", \"prompt\"[, "
          "\"language\"]}, which `xlt eval --completions` takes");
  visit_input_format(v, input_format);
  visit_chat_template(v, chat_template);
}

FileTally generate_file(const GenerateFileOptions& options, const LanguageModelMaker& make_model,
                        const Context& context) {
  refuse_same_file(options.prompts, options.output);
  const auto prompts = read_prompts(options, context);
  AtomicFile out(options.output);
  FileTally tally;
  const double begun = monotonic_seconds();
  const auto lm = make_model();
  const double loaded = monotonic_seconds();
  tally.loading = loaded - begun;
  for (size_t begin = 0; begin < prompts.size(); begin += kPromptBlock) {
    const size_t end = std::min(prompts.size(), begin + kPromptBlock);
    std::vector<GenerateRequest> requests;
    for (size_t i = begin; i < end; ++i)
      requests.push_back({prompts[i].text, prompts[i].stream, prompts[i].place, prompts[i].is_rendered});
    const auto completions = lm->generate(requests, options.generation);
    for (size_t i = begin; i < end; ++i)
      throw_if_refused(prompts[i], completions[i - begin], *lm, options.generation.max_new_tokens);
    for (size_t i = begin; i < end; ++i) {
      write_completions(out, prompts[i], completions[i - begin]);
      tally.rows += static_cast<int64_t>(completions[i - begin].size());
      for (const Completion& completion : completions[i - begin])
        tally.tokens += static_cast<int64_t>(completion.token_ids.size());
    }
  }
  tally.computing = monotonic_seconds() - loaded;
  out.commit();
  return tally;
}

}  // namespace xlt
