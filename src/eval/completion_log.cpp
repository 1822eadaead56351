// SPDX-License-Identifier: Apache-2.0
#include "eval/completion_log.h"

#include <algorithm>
#include <fstream>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/json.h"

namespace xlt {

namespace {

// A stop loses one block. Its end costs a little speed, where fewer and fewer samples are left of it, so it
// is made to take some seconds, and samples enough for a full batch.
constexpr int64_t kFirstSamples = 512;
constexpr double kShort = 10, kLong = 40;  // seconds

// Names of its own: lm's are behind the wall.
struct NamedReason {
  FinishReason reason;
  const char* name;
};
constexpr NamedReason kReasons[] = {{FinishReason::kEos, "eos"},
                                    {FinishReason::kLength, "length"},
                                    {FinishReason::kTooLong, "too_long"},
                                    {FinishReason::kNoPrompt, "no_prompt"}};

Json json_of(const std::vector<Completion>& completions) {
  Json rows = Json::array();
  for (const Completion& one : completions) {
    Json row{{"text", one.text}, {"token_ids", one.token_ids}};
    for (const NamedReason& named : kReasons)
      if (named.reason == one.finish_reason) row["finish_reason"] = named.name;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Completion> completions_of(const Json& rows) {
  std::vector<Completion> completions;
  for (const Json& row : rows) {
    Completion& one = completions.emplace_back();
    one.text = row.at("text").get<std::string>();
    one.token_ids = row.at("token_ids").get<std::vector<int64_t>>();
    const auto reason = row.at("finish_reason").get<std::string>();
    for (const NamedReason& named : kReasons)
      if (named.name == reason) one.finish_reason = named.reason;
  }
  return completions;
}

// With its prompt: a file may have one id twice.
std::string key_of(const GenerateRequest& request) { return request.id + "\n" + request.prompt; }

}  // namespace

CompletionLog::CompletionLog(fs::path file) : file_(std::move(file)) {
  if (!fs::is_regular_file(file_)) return;
  const std::string text = read_file(file_);
  for (size_t end; (end = text.find('\n', whole_bytes_)) != std::string::npos; whole_bytes_ = end + 1) {
    try {
      const Json row = Json::parse(text.substr(whole_bytes_, end - whole_bytes_));
      Completions block;
      for (const auto& [id, completions] : row.at("completions").items())
        block[id] = completions_of(completions);
      num_tokens_ += row.at("num_tokens").get<int64_t>();
      kept_.merge(block);
    } catch (const Json::exception&) {
      return;  // damaged: as good as missing, with all that follows
    }
  }
}

void CompletionLog::add(const Completions& completions, int64_t num_tokens) {
  Json row{{"completions", Json::object()}, {"num_tokens", num_tokens}};
  for (const auto& [id, samples] : completions) row["completions"][id] = json_of(samples);
  const std::string line = dump_json(row) + "\n";
  make_folders(file_.parent_path());
  std::error_code code;
  if (fs::exists(file_) && fs::file_size(file_) > whole_bytes_) fs::resize_file(file_, whole_bytes_, code);
  std::ofstream stream(file_, std::ios::app | std::ios::binary);
  stream << line;
  stream.flush();
  if (code || !stream) throw Error(ErrorKind::kIo, "cannot be written", file_.string());
  whole_bytes_ += line.size();
}

void KeepingLanguageModel::ask(std::span<const GenerateRequest> requests, const GenerationOptions& options,
                               CompletionLog::Completions& answers) {
  const int64_t num_samples = options.greedy ? 1 : options.num_samples;
  auto prompts = static_cast<size_t>(std::max<int64_t>(1, kFirstSamples / num_samples));
  for (size_t begin = 0; begin < requests.size();) {
    const auto block = requests.subspan(begin, std::min(prompts, requests.size() - begin));
    const double begun = monotonic_seconds();
    const int64_t tokens = model_.num_tokens_computed();
    auto completions = model_.generate(block, options);
    XLT_CHECK(completions.size() == block.size(), completions.size(), " for ", block.size(), " prompts");
    CompletionLog::Completions fresh;
    for (size_t i = 0; i < block.size(); ++i) fresh[key_of(block[i])] = std::move(completions[i]);
    begin += block.size();
    log_.add(fresh, model_.num_tokens_computed() - tokens);
    answers.merge(fresh);
    const double seconds = monotonic_seconds() - begun;
    if (seconds < kShort) prompts *= 2;
    if (seconds > kLong) prompts = std::max<size_t>(1, prompts / 2);
  }
}

std::vector<std::vector<Completion>> KeepingLanguageModel::generate(std::span<const GenerateRequest> requests,
                                                                    const GenerationOptions& options) {
  std::vector<GenerateRequest> missing;
  for (const GenerateRequest& request : requests)
    if (!log_.kept().contains(key_of(request))) missing.push_back(request);
  CompletionLog::Completions answers;
  ask(missing, options, answers);
  std::vector<std::vector<Completion>> all;
  for (const GenerateRequest& request : requests) {
    const auto kept = log_.kept().find(key_of(request));
    all.push_back(kept == log_.kept().end() ? answers.at(key_of(request)) : kept->second);
  }
  return all;
}

}  // namespace xlt
