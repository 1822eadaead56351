// SPDX-License-Identifier: Apache-2.0
#include "run/watch.h"

#include "run/scorer_models.h"

#include <memory>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/join.h"
#include "xlt/base/json.h"
#include "xlt/dataset/reader.h"
#include "xlt/lm/borrowed_language_model.h"
#include "xlt/scorers/scorer.h"
#include "xlt/text/tokenizer.h"

namespace xlt {

namespace {

constexpr const char* kDefaultLanguage = "en";

struct ProbePrompt {
  GenerateRequest request;
  std::string language;
};

std::vector<ProbePrompt> read_prompts(const std::string& file) {
  std::vector<ProbePrompt> prompts;
  for (const Row& row : read_rows(file)) {
    // Without an id a prompt's place in the file names its random stream.
    std::string id = std::to_string(prompts.size());
    if (row.has("id") && row.fields().at("id").is_string()) id = row.text("id");
    prompts.push_back({{row.text(prompt_field(row)), id, row.place()},
                       row.text_if_present("language").value_or(kDefaultLanguage)});
  }
  return prompts;
}

// Means over what could be scored, and how much could not, by reason.
class ScoreTally {
 public:
  void add(const ScoreResult& result) {
    if (const auto* score = std::get_if<Score>(&result)) {
      sum_ += score->value;
      ++count_;
    } else {
      ++unscored_[std::get<Unscored>(result).text()];
    }
  }
  Json to_json() const {
    return {{"mean", count_ > 0 ? Json(sum_ / static_cast<double>(count_)) : Json()},
            {"n", count_},
            {"unscored", unscored_}};
  }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
  std::map<std::string, int64_t> unscored_;
};

Json score_json(const ScoreResult& result) {
  const auto* score = std::get_if<Score>(&result);
  return score ? Json(score->value) : Json();
}

class Probe {
 public:
  Probe(const TrainRunOptions& options, Decoder& decoder, const Tokenizer& tokenizer, const Placement& where,
        uint64_t seed, const Context& context)
      : folder_(fs::path(options.output) / "probe"),
        prompts_(read_prompts(options.watch.probe_prompts)),
        models_(make_scorer_models(where, context)),
        lm_(borrow_language_model(decoder, tokenizer, options.model, context)) {
    sampling_.num_samples = options.watch.probe_samples;
    sampling_.seed = seed;
    if (!options.watch.scorer.empty())
      scorers_ = make_scorers(options.watch.scorer, {.models = models_.get(), .context = context});
  }

  void operator()(int64_t step, Json& row) {
    Json samples = sampled();
    std::vector<ScoreRequest> requests;
    for (const Json& sample : samples)
      requests.push_back({sample.at("text").get<std::string>(), sample.at("language").get<std::string>()});
    Json scores = Json::object();
    for (const auto& scorer : scorers_) {
      const std::vector<ScoreResult> results = scorer->score(requests);
      ScoreTally tally;
      for (size_t i = 0; i < results.size(); ++i) {
        tally.add(results[i]);
        samples[i]["scores"][scorer->name()] = score_json(results[i]);
      }
      scores[scorer->name()] = tally.to_json();
    }
    row["probe"] = {{"num_completions", samples.size()}, {"scores", scores}};
    write(step, samples);
  }

 private:
  Json sampled() {
    std::vector<GenerateRequest> requests;
    for (const ProbePrompt& prompt : prompts_) requests.push_back(prompt.request);
    const auto completions = lm_->generate(requests, sampling_);
    Json samples = Json::array();
    for (size_t i = 0; i < prompts_.size(); ++i)
      for (size_t k = 0; k < completions[i].size(); ++k)
        samples.push_back({{"id", prompts_[i].request.id},
                           {"sample", k},
                           {"language", prompts_[i].language},
                           {"prompt", prompts_[i].request.prompt},
                           {"text", completions[i][k].text},
                           {"finish_reason", name_of(completions[i][k].finish_reason)}});
    return samples;
  }
  void write(int64_t step, const Json& samples) const {
    std::string lines;
    for (const Json& sample : samples) lines += dump_json(sample) + "\n";
    make_folders(folder_);
    write_file(folder_ / str_cat("step-", step, ".jsonl"), lines);
  }

  fs::path folder_;
  std::vector<ProbePrompt> prompts_;
  std::unique_ptr<ScorerModels> models_;
  std::unique_ptr<LanguageModel> lm_;
  std::vector<std::unique_ptr<TextScorer>> scorers_;
  GenerationOptions sampling_;
};

}  // namespace

std::map<std::string, std::string> monitor_files(const std::vector<std::string>& monitor) {
  std::map<std::string, std::string> files;
  std::string language;
  for (const std::string& list : monitor)
    for (size_t begin = 0; begin < list.size();) {
      const size_t end = std::min(list.find(',', begin), list.size());
      std::string file = list.substr(begin, end - begin);
      begin = end + 1;
      if (const size_t equals = file.find('='); equals != std::string::npos) {
        language = file.substr(0, equals);
        file.erase(0, equals + 1);
      }
      if (language.empty() || file.empty())
        throw Error(ErrorKind::kUsage, "expected LANG=FILE[,FILE] of each language to monitor, as de=de.txt",
                    "--monitor " + list);
      append_item(files[language], file, ",");
    }
  return files;
}

std::map<std::string, std::vector<std::string>> monitored_texts(const TrainRunOptions& options) {
  std::map<std::string, std::vector<std::string>> texts;
  for (const auto& [language, files] : monitor_files(options.watch.monitor))
    for (SftRecord& record : load_texts(files, options.fields))
      texts[language].push_back(record.prompt + record.completion);
  return texts;
}

std::vector<fs::path> watched_files(const TrainRunOptions& options) {
  std::vector<fs::path> all;
  for (const auto& [language, files] : monitor_files(options.watch.monitor))
    for (fs::path& file : data_files(files)) all.push_back(std::move(file));
  if (!options.watch.probe_prompts.empty()) all.emplace_back(options.watch.probe_prompts);
  return all;
}

void check_watch(const WatchOptions& watch) {
  monitor_files(watch.monitor);
  for (const std::string& scorer : watch.scorer) check_scorer(scorer);
  if (!watch.scorer.empty() && watch.probe_prompts.empty())
    throw Error(ErrorKind::kUsage,
                "--scorer judges completions while training: give the prompts, --probe-prompts FILE");
}

std::function<void(int64_t, Json&)> make_probe(const TrainRunOptions& options, Decoder& decoder,
                                               const Tokenizer& tokenizer, const Placement& where,
                                               uint64_t seed, const Context& context) {
  if (options.watch.probe_prompts.empty()) return {};
  const auto probe = std::make_shared<Probe>(options, decoder, tokenizer, where, seed, context);
  return [probe](int64_t step, Json& row) { (*probe)(step, row); };
}

}  // namespace xlt
