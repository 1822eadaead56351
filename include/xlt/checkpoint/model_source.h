// SPDX-License-Identifier: Apache-2.0
// A model on disk: the one place that knows which files a checkpoint consists of and what each is for.
//
//   auto source = open_model_source("models/llama");       // what --model was given
//   Json config = source->config();
//   std::unique_ptr<WeightSource> weights = source->weights();
//   for (const fs::path& file : source->files_to_keep()) …    // beside weights that were made from these
//
// A Hugging Face folder or a GGUF file; another layout is another implementation. Opening reads no weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "xlt/base/json_fwd.h"
#include "xlt/base/placement.h"  // DType

namespace xlt {

class WeightSource;

class ModelSource {
 public:
  virtual ~ModelSource() = default;
  // What it was opened from.
  virtual const std::filesystem::path& path() const = 0;
  // config.json, or what stands for it. Throws kCheckpoint where there is none or it is no JSON object.
  virtual Json config() const = 0;
  // Where `config` comes from, for messages.
  virtual std::string config_place() const = 0;
  // Throws kCheckpoint: no weights (saying what is there), quantised ones, a damaged file.
  virtual std::unique_ptr<WeightSource> weights() const = 0;
  // Files that hold weights: one, or an index and the shards it names. Empty where there are none.
  virtual std::vector<std::filesystem::path> weight_files() const = 0;
  // Files of the tokenizer and its chat templates, those that are there.
  virtual std::vector<std::filesystem::path> tokenizer_files() const = 0;
  // The file of generation defaults, where there is one.
  virtual std::optional<std::filesystem::path> generation_config_file() const = 0;
  // Tokens at which generation ends: of config.json and generation_config.json, each once, in this order.
  virtual std::vector<int64_t> stop_token_ids() const = 0;
  // Writes the tokenizer with its chat templates, and the generation defaults where there are any, into a
  // folder that exists, as transformers reads them.
  virtual void write_tokenizer(const std::filesystem::path& folder) const;
  virtual void write_generation_config(const std::filesystem::path& folder) const;
  // Hex SHA-256 of what decides what the model computes besides its weights, where that is no file by itself.
  virtual std::optional<std::string> header_hash() const { return std::nullopt; }

  // All small files that decide what the model computes: config, generation defaults, tokenizer, templates.
  std::vector<std::filesystem::path> small_files() const;
  // Files that belong beside weights made from this model: tokenizer, templates, generation defaults.
  std::vector<std::filesystem::path> files_to_keep() const;
  // The dtype that the config names; float32 where it names none.
  DType dtype() const;
  // Hex SHA-256 that changes with the model: small files by content, weights by place, size and time of
  // change (hashing gigabytes on every call would cost more than a short evaluation).
  std::string identity() const;
};

// Throws kCheckpoint or kIo (exit 3), each saying what to give instead: nothing there (perhaps a name of the
// Hugging Face hub), a file that is no GGUF file, the root of a cache entry, an adapter's folder, a folder
// that cannot be read.
std::unique_ptr<ModelSource> open_model_source(const std::filesystem::path& model);

// Writes what belongs beside weights made from this model, its tokenizer and generation defaults, into the
// folder `target`, which exists.
void copy_files_to_keep(const ModelSource& source, const std::filesystem::path& target);

// The files of a LoRA adapter's folder (PEFT's layout), those that are there: its config, its weights.
std::vector<std::filesystem::path> adapter_files(const std::filesystem::path& folder);

}  // namespace xlt
