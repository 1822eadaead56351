// SPDX-License-Identifier: Apache-2.0
// A tiny model, made and trained through `run` itself, and rows to go with it.
#pragma once

#include "scratch_folder.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "xlt/base/config.h"
#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/run/train_run.h"

namespace xlt {

// A byte-level tokenizer without merges over ASCII letters, space and point: <bos> 0, <eos> 1, then
// characters.
inline void write_tokenizer(const fs::path& folder) {
  Json vocab = {{"<bos>", 0}, {"<eos>", 1}};
  for (const std::string& token : {std::string("\xC4\xA0"), std::string(".")}) vocab[token] = vocab.size();
  for (char c = 'a'; c <= 'z'; ++c) vocab[std::string(1, c)] = vocab.size();
  const auto special = [](int id, const char* content) {
    return Json{{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
                {"rstrip", false}, {"normalized", false}, {"special", true}};
  };
  const Json single = {{{"SpecialToken", {{"id", "<bos>"}, {"type_id", 0}}}},
                       {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}};
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  const Json tokenizer = {
      {"version", "1.0"},
      {"added_tokens", {special(0, "<bos>"), special(1, "<eos>")}},
      {"normalizer", nullptr},
      {"pre_tokenizer", byte_level},
      {"post_processor",
       {{"type", "TemplateProcessing"},
        {"single", single},
        {"pair", single},
        {"special_tokens", {{"<bos>", {{"id", "<bos>"}, {"ids", {0}}, {"tokens", {"<bos>"}}}}}}}},
      {"decoder", byte_level},
      {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", Json::array()}}}};
  write_file(folder / "tokenizer.json", dump_json(tokenizer));
  write_file(folder / "tokenizer_config.json",
             R"({"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<bos>", "eos_token": "<eos>"})");
}

class RunTest : public FolderTest {
 protected:
  RunTest() {
    write_tokenizer(folder_ / "tokenizer");
    write_file(folder_ / "config.json", R"({
      "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 16, "intermediate_size": 32,
      "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 64,
      "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "initializer_range": 0.1, "tie_word_embeddings": false,
      "hidden_act": "silu", "bos_token_id": 0, "eos_token_id": 1})");
    write_file(
        folder_ / "texts.jsonl",
        "{\"text\":\"the tram stops here.\"}\n{\"text\":\"rain fell.\"}\n{\"text\":\"two boats left.\"}\n");
    write_file(folder_ / "pairs.jsonl",
               "{\"prompt\":\"rain\",\"chosen\":\" fell.\",\"rejected\":\" never.\"}\n"
               "{\"prompt\":\"two\",\"chosen\":\" boats.\",\"rejected\":\" coats.\"}\n");
  }
  std::string path(const char* name) const { return (folder_ / name).string(); }

  // Trains a model from nothing: two steps on texts.
  TrainRunOptions scratch_options(const char* output) const {
    TrainRunOptions options;
    options.model_config = path("config.json");
    options.tokenizer = path("tokenizer");
    options.data = path("texts.jsonl");
    options.output = path(output);
    options.trainer.method = "sft";
    options.trainer.max_steps = 2;
    options.trainer.batch_size = 2;
    return options;
  }
  // Trains an adapter on `model` by preference: two steps on pairs.
  TrainRunOptions adapter_options(const std::string& model, const char* output) const {
    TrainRunOptions options;
    options.model = model;
    options.data = path("pairs.jsonl");
    options.output = path(output);
    options.adapter.lora_r = 2;
    options.trainer.method = "dpo";
    options.trainer.learning_rate = 1e-2;
    options.trainer.max_steps = 2;
    options.trainer.batch_size = 2;
    return options;
  }
  // Every resolved option, as the command line would hand them over.
  static Json config_of(TrainRunOptions options) {
    Json config = {{"command", "train"}};
    config.update(dump_options(visit_of(options)));
    config.update(dump_options(visit_of(options.adapter)));
    config.update(dump_options(visit_of(options.trainer)));
    return config;
  }
  static Json train(const TrainRunOptions& options, const Context& context = {}) {
    return run_training(options, Placement{}, /*seed=*/7, config_of(options), context);
  }
  // The folder of a model that was trained a little.
  std::string make_model() const { return train(scratch_options("base")).at("model").get<std::string>(); }

  static Error error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error was thrown";
    return {ErrorKind::kInternal, ""};
  }
};

// What was logged.
class LogLines final : public Log {
 public:
  void write(LogLevel, const std::string& line) override { lines.push_back(line); }
  std::vector<std::string> lines;
};

}  // namespace xlt
