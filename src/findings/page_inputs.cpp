// SPDX-License-Identifier: Apache-2.0
#include "findings/page_inputs.h"

#include <algorithm>
#include <set>

#include <unistd.h>

#include "xlt/base/file.h"

namespace xlt {

namespace {

constexpr int kDepth = 3;
// Folders inside xlt's own outputs, in which nothing else is looked for.
const std::set<std::string> kInnerFolders{"items", "cells", "checkpoints", "adapter", "model"};

// Of links: a link may lead anywhere, so only those are followed that xlt makes itself (a sweep's runs).
enum class Links { kFollow, kLeave };

std::vector<fs::path> folders_in(const fs::path& folder, Links links) {
  std::vector<fs::path> found;
  std::error_code code;  // a folder that may not be looked into holds nothing for us
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    const bool is_left = links == Links::kLeave && entry->is_symlink(ignored);
    if (!is_left && entry->is_directory(ignored) && ::access(entry->path().c_str(), R_OK | X_OK) == 0 &&
        !kInnerFolders.contains(entry->path().filename().string()))
      found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// compare/MODEL/runs of a sweep, which holds links to its cells.
Links links_of(const fs::path& folder) {
  const bool is_of_sweep =
      folder.filename() == "runs" && folder.parent_path().parent_path().filename() == "compare";
  return is_of_sweep ? Links::kFollow : Links::kLeave;
}

// "out/dpo/" → "dpo".
std::string name_of_folder(const fs::path& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return (path.has_filename() ? path.filename() : path.parent_path().filename()).string();
}

Json model_of(const EvaluationFolder& folder) {
  const Json model = folder.reports()[0]->value("model", Json());
  if (!model.is_object()) return Json();
  return Json::array(
      {model.value("hash", Json()), model.value("path", Json()), model.value("adapter", Json())});
}

// The reports of `folder`'s folders as one evaluation, where they are of one model and of different cells.
bool are_parts(const std::vector<EvaluationFolder>& parts) {
  std::set<CellName> cells;
  for (const EvaluationFolder& part : parts) {
    if (model_of(part) != model_of(parts[0])) return false;
    for (const auto& [name, cell] : part.cells())
      if (!cells.insert(name).second) return false;
  }
  return true;
}

class FolderReader {
 public:
  explicit FolderReader(PageInputs& inputs) : inputs_(inputs) {}

  // Whether anything of xlt's was found in `path`, which may be a file.
  bool read(const fs::path& path, int depth) {
    if (fs::is_regular_file(path)) return read_file(path);
    if (!fs::is_directory(path)) return false;
    if (fs::is_regular_file(path / "plan.json") && fs::is_directory(path / "compare"))
      return read_sweep(path);
    const bool found = read_files(path);
    if (fs::is_regular_file(path / "report.json")) {
      add_evaluation(EvaluationFolder(path));
      return true;
    }
    return (depth < kDepth && read_folders(path, depth, links_of(path))) || found;
  }

 private:
  // What else may lie in a folder, an evaluation's too.
  bool read_files(const fs::path& path) {
    bool found = false;
    for (const char* file : {"compare.json", "predictors.json", "human.json"})
      if (fs::is_regular_file(path / file)) found |= read_file(path / file);
    if (fs::is_regular_file(path / "run.json")) found |= read_training(path);
    return found;
  }
  bool read_file(const fs::path& file) {
    FoundFile found{file, load_json(file)};
    const bool is_comparison =
        found.json.is_object() && found.json.contains("rows") && found.json.contains("arms");
    const bool is_predictors = found.json.is_object() && found.json.contains("correlations");
    const bool is_human = found.json.is_object() && found.json.contains("scorer_calibration");
    if (!is_comparison && !is_predictors && !is_human)
      throw Error(ErrorKind::kData, "not what xlt compare, xlt predictors or xlt human import writes",
                  file.string());
    auto& list = is_comparison ? inputs_.comparisons : is_predictors ? inputs_.predictors : inputs_.humans;
    // Given as a folder's and again by name.
    for (const FoundFile& other : list)
      if (fs::equivalent(other.path, file)) return true;
    list.push_back(std::move(found));
    return true;
  }

  // Comparisons name the evaluations; what else lies beside them, names their parts for `xlt compare`.
  bool read_sweep(const fs::path& path) {
    bool found = read_files(path);
    for (const fs::path& model : folders_in(path / "compare", Links::kLeave)) {
      found |= read_files(model);
      if (fs::is_directory(model / "runs")) found |= read_folders(model / "runs", 0, Links::kFollow);
    }
    return found;
  }

  bool read_training(const fs::path& folder) {
    TrainingFolder training{name_of_folder(folder), folder, load_json(folder / "run.json"), {}};
    if (fs::is_regular_file(folder / "metrics.jsonl")) {
      LineReader lines(folder / "metrics.jsonl");
      while (const auto line = lines.next()) training.metrics.push_back(parse_json(*line, lines.place()));
    }
    inputs_.trainings.push_back(std::move(training));
    return true;
  }

  bool read_folders(const fs::path& path, int depth, Links links) {
    std::vector<EvaluationFolder> reports;
    bool found = false;
    for (const fs::path& folder : folders_in(path, links)) {
      if (fs::is_regular_file(folder / "report.json")) {
        reports.emplace_back(folder);
        found |= read_files(folder);
      } else {
        found |= read(folder, depth + 1);
      }
    }
    if (reports.size() > 1 && are_parts(reports)) {
      add_evaluation(EvaluationFolder(path));
      return true;
    }
    for (EvaluationFolder& report : reports) add_evaluation(std::move(report));
    return found || !reports.empty();
  }

  void add_evaluation(EvaluationFolder folder) {
    for (const Arm& arm : inputs_.arms)
      for (const EvaluationFolder& seed : arm.seeds)
        if (fs::equivalent(seed.path(), folder.path())) return;
    std::string name = name_of_folder(folder.path());
    const auto is_taken = [&](const std::string& text) {
      return std::any_of(inputs_.arms.begin(), inputs_.arms.end(),
                         [&](const Arm& arm) { return arm.name == text; });
    };
    if (is_taken(name)) name = name_of_folder(fs::absolute(folder.path()).parent_path()) + "/" + name;
    if (is_taken(name)) name = folder.path().string();
    inputs_.arms.push_back({name, {}});
    inputs_.arms.back().seeds.push_back(std::move(folder));
  }

  PageInputs& inputs_;
};

// Evaluations under the names that a comparison gives them, in its order; others follow.
void name_arms(PageInputs& inputs) {
  if (inputs.comparisons.empty()) return;
  const JsonView arms = JsonView(inputs.comparisons[0].json, inputs.comparisons[0].path.string()).at("arms");
  std::vector<Arm> named;
  for (size_t i = 0; i < arms.size(); ++i) {
    Arm arm{arms.at(i).at("name").as_string(), {}};
    const auto folders = arms.at(i).value().contains("folders") ? arms.at(i).at("folders").as_strings()
                                                                : std::vector<std::string>();
    for (const std::string& folder : folders) {
      try {
        arm.seeds.emplace_back(folder);
      } catch (const Error&) {
        inputs.notes.push_back(
            "The evaluation " + folder + " of arm " + arm.name +
            " is not here (or cannot be read), so its values, coverage and samples are missing.");
      }
    }
    if (!arm.seeds.empty()) named.push_back(std::move(arm));
  }
  for (Arm& arm : inputs.arms) {
    const bool is_named = std::any_of(named.begin(), named.end(), [&](const Arm& other) {
      return other.name == arm.name ||
             std::any_of(other.seeds.begin(), other.seeds.end(), [&](const EvaluationFolder& seed) {
               return fs::equivalent(seed.path(), arm.seeds[0].path());
             });
    });
    if (!is_named) named.push_back(std::move(arm));
  }
  inputs.arms = std::move(named);
}

bool has_adapter(const Arm& arm) {
  const Json model = arm.seeds[0].reports()[0]->value("model", Json());
  const Json adapter = model.is_object() ? model.value("adapter", Json()) : Json();
  return adapter.is_string() && !adapter.get<std::string>().empty();
}

}  // namespace

PageInputs read_page_inputs(const std::vector<std::string>& folders) {
  if (folders.empty())
    throw Error(ErrorKind::kUsage, "expected folders: xlt report out/before out/after --output report.html");
  PageInputs inputs;
  FolderReader reader(inputs);
  for (const std::string& text : folders) {
    const size_t equals = text.find('=');
    if (equals != std::string::npos && text.find('/') > equals && !fs::exists(text)) {
      inputs.arms.push_back(parse_arm(text));
      continue;
    }
    if (!reader.read(text, 0))
      throw Error(
          ErrorKind::kIo,
          "nothing of xlt's is there; expected an output folder of xlt eval (report.json), train (run.json), "
          "compare (compare.json) or predictors (predictors.json), a folder that holds such, or the file of "
          "xlt "
          "human import",
          text);
  }
  name_arms(inputs);
  // The untouched model is what the others are held against, wherever it was named; a comparison has an order
  // of its own.
  if (inputs.comparisons.empty())
    std::stable_partition(inputs.arms.begin(), inputs.arms.end(),
                          [](const Arm& arm) { return !has_adapter(arm); });
  return inputs;
}

}  // namespace xlt
