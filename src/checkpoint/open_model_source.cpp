// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a --model before any file of it is read, and what every layout has in common.
#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/gguf_model.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/hub_cache.h"

namespace xlt {

namespace {

[[noreturn]] void fail(const fs::path& model, const std::string& message) {
  throw Error(ErrorKind::kCheckpoint, message, model.string());
}

// Whether "a/b" is rather a folder here than a name of the hub: its parent is there, or is called as folders
// of models are.
bool is_local_name(const fs::path& model) {
  constexpr std::string_view kFolders[] = {"checkpoints", "model", "models", "out", "output", "runs"};
  std::error_code code;
  const std::string first = model.begin()->string();
  return fs::is_directory(model.parent_path(), code) ||
         std::find(std::begin(kFolders), std::end(kFolders), first) != std::end(kFolders);
}

[[noreturn]] void fail_missing(const fs::path& model) {
  if (model.extension() == ".gguf") fail(model, "no such file");
  std::string message =
      "no such folder; expected a Hugging Face checkpoint folder (config.json, "
      "*.safetensors, tokenizer files) or a GGUF file";
  if (const auto name = parse_hub_name(model.string()); name && !is_local_name(model))
    message += str_cat(
        ". If it is a name on the Hugging Face hub, the local cache does not hold it; fetch it first: ",
        how_to_fetch(*name));
  fail(model, message);
}

// One of a cache entry's revisions, for the message; there is usually one.
std::vector<std::string> snapshots_of(const fs::path& folder) {
  std::vector<std::string> snapshots;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder / "snapshots", code))
    if (entry.is_directory(code)) snapshots.push_back(entry.path().string());
  std::sort(snapshots.begin(), snapshots.end());
  return snapshots;
}

void check_is_a_model(const fs::path& folder) {
  std::error_code code;
  if (fs::exists(folder / "config.json", code)) return;
  if (code && code != std::errc::no_such_file_or_directory)
    throw Error(ErrorKind::kIo, "cannot be read: " + code.message(), folder.string());
  if (const auto snapshots = snapshots_of(folder); !snapshots.empty())
    fail(folder, str_cat("is the root of a Hugging Face cache entry; give one of its snapshots: ",
                         snapshots.front()));
  if (fs::exists(folder / "adapter_config.json", code) && !fs::exists(folder / "tokenizer.json", code) &&
      !fs::exists(folder / "tokenizer.model", code))
    fail(folder, "holds an adapter; give it as --adapter, and the model that it was trained on as --model");
}

}  // namespace

std::unique_ptr<ModelSource> open_model_source(const fs::path& model) {
  std::error_code code;
  const fs::file_status status = fs::status(model, code);
  if (status.type() == fs::file_type::not_found) fail_missing(model);
  if (!fs::status_known(status) || code)
    throw Error(ErrorKind::kIo, "cannot be opened: " + code.message(), model.string());
  if (status.type() != fs::file_type::directory) {
    if (model.extension() == ".gguf") return std::make_unique<GgufModel>(model);
    fail(model,
         "is a file; give the folder that holds it (config.json, *.safetensors, tokenizer files), or a .gguf "
         "file");
  }
  check_is_a_model(model);
  return std::make_unique<CheckpointFolder>(model);
}

std::vector<fs::path> ModelSource::files_to_keep() const {
  auto files = tokenizer_files();
  if (const auto file = generation_config_file()) files.push_back(*file);
  return files;
}

std::vector<fs::path> ModelSource::small_files() const {
  auto files = files_to_keep();
  std::error_code code;
  if (const fs::path config = config_place(); fs::is_regular_file(config, code))
    files.insert(files.begin(), config);
  return files;
}

DType ModelSource::dtype() const {
  const Json json = config();
  const JsonView view(json, config_place(), ErrorKind::kCheckpoint);
  const std::string older_name = view.get("torch_dtype", "float32");
  return parse_dtype(view.get("dtype", older_name.c_str()));
}

std::string ModelSource::identity() const {
  std::ostringstream key;
  key << fs::weakly_canonical(path()).string() << '\n';
  for (const fs::path& file : small_files())
    key << file.filename().string() << ' ' << sha256_of_file(file) << '\n';
  if (const auto header = header_hash()) key << "header " << *header << '\n';
  for (const fs::path& file : weight_files()) {
    std::error_code code;
    key << file.filename().string() << ' ' << fs::file_size(file, code) << '@'
        << fs::last_write_time(file, code).time_since_epoch().count() << '\n';
  }
  return sha256(key.str());
}

void ModelSource::write_tokenizer(const fs::path& folder) const {
  for (const fs::path& file : tokenizer_files())
    write_file(folder / file.lexically_relative(path()), read_file(file));
}

void ModelSource::write_generation_config(const fs::path& folder) const {
  if (const auto file = generation_config_file()) write_file(folder / file->filename(), read_file(*file));
}

void copy_files_to_keep(const ModelSource& source, const fs::path& target) {
  source.write_tokenizer(target);
  source.write_generation_config(target);
}

std::vector<fs::path> adapter_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code code;
  for (const char* name : {"adapter_config.json", "adapter_model.safetensors"})
    if (fs::is_regular_file(folder / name, code)) files.push_back(folder / name);
  return files;
}

}  // namespace xlt
