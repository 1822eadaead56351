// SPDX-License-Identifier: Apache-2.0
#include "findings/human/sample.h"

#include "findings/human/completions.h"

#include <algorithm>
#include <set>

#include "xlt/base/language.h"
#include "xlt/base/registry.h"
#include "xlt/base/rng.h"

namespace xlt {

namespace {

// [arm][seed][language]
using ArmItems = std::vector<std::vector<std::map<std::string, CompletedItems>>>;

template <typename T>
void shuffle(std::vector<T>& values, Rng rng) {
  std::vector<T> shuffled;
  for (const int64_t i : rng.permutation(std::ssize(values))) shuffled.push_back(std::move(values[i]));
  values = std::move(shuffled);
}

// Items that every run of every arm has, with one and the same prompt, by benchmark.
std::map<std::string, std::vector<ItemName>> shared_items(const ArmItems& arms, const std::string& language) {
  std::map<std::string, std::vector<ItemName>> shared;
  const auto first = arms[0][0].find(language);
  if (first == arms[0][0].end()) return shared;
  for (const auto& entry : first->second) {
    const auto& name = entry.first;  // clang 14 captures no part of a structured binding
    const auto& item = entry.second;
    const auto has_it = [&](const std::map<std::string, CompletedItems>& run) {
      const auto items = run.find(language);
      if (items == run.end()) return false;
      const auto found = items->second.find(name);
      return found != items->second.end() && found->second.prompt == item.prompt;
    };
    if (std::all_of(arms.begin(), arms.end(),
                    [&](const auto& runs) { return std::all_of(runs.begin(), runs.end(), has_it); }))
      shared[name.benchmark].push_back(name);
  }
  return shared;
}

// `count` of them, benchmarks in turn.
std::vector<ItemName> drawn(std::map<std::string, std::vector<ItemName>> shared, int64_t count,
                            const Rng& rng) {
  for (auto& [benchmark, names] : shared) shuffle(names, rng.fork(benchmark));
  std::vector<ItemName> chosen;
  for (size_t i = 0; std::ssize(chosen) < count; ++i) {
    bool is_any = false;
    for (const auto& [benchmark, names] : shared) {
      if (i >= names.size() || std::ssize(chosen) == count) continue;
      chosen.push_back(names[i]);
      is_any = true;
    }
    if (!is_any) break;
  }
  return chosen;
}

// One completion of an item by one arm.
struct DrawnText {
  const JudgedText* text;
  size_t run, sample;
};

class Sampler {
 public:
  Sampler(const std::vector<Arm>& arms, const ArmItems& items, const HumanOptions& options)
      : arms_(arms), items_(items), options_(options) {}

  // Of one language's chosen items; `rng` is that language's. Returns how many pairs were left out: both
  // texts were the same, and no rater can prefer one.
  int64_t add(const std::string& language, const std::vector<ItemName>& names, const Rng& rng,
              std::vector<SampledItem>& sampled) const {
    // Which run a text comes from: as often the one as the other, by chance.
    Rng runs = rng.fork("runs");
    const auto places = runs.permutation(std::ssize(names));
    const auto text_of = [&](size_t i, size_t arm) { return draw(arm, language, names[i], places[i], rng); };
    if (options_.mode != "pairwise")
      for (size_t i = 0; i < names.size(); ++i)
        for (size_t arm = 0; arm < arms_.size(); ++arm)
          sampled.push_back(single(language, names[i], arm, text_of(i, arm)));
    int64_t num_equal = 0;
    if (options_.mode != "single")
      for (size_t arm = 1; arm < arms_.size(); ++arm)
        num_equal += add_pairs(language, names, arm, rng.fork("sides"), text_of, sampled);
    return num_equal;
  }

 private:
  // Of an arm and the base. Either stands left as often as the other.
  template <typename TextOf>
  int64_t add_pairs(const std::string& language, const std::vector<ItemName>& names, size_t arm, Rng sides,
                    const TextOf& text_of, std::vector<SampledItem>& sampled) const {
    std::vector<size_t> shown;
    for (size_t i = 0; i < names.size(); ++i)
      if (text_of(i, 0).text->text != text_of(i, arm).text->text) shown.push_back(i);
    const auto side_of = sides.permutation(std::ssize(shown));
    for (size_t place = 0; place < shown.size(); ++place) {
      const size_t i = shown[place];
      const bool is_swapped = (side_of[place] + static_cast<int64_t>(arm)) % 2 == 0;
      sampled.push_back(pair(language, names[i], is_swapped ? arm : 0, is_swapped ? 0 : arm,
                             [&](size_t side) { return text_of(i, side); }));
    }
    return std::ssize(names) - std::ssize(shown);
  }
  const CompletedItem& item(size_t arm, size_t run, const std::string& language, const ItemName& name) const {
    return items_[arm][run].at(language).at(name);
  }
  DrawnText draw(size_t arm, const std::string& language, const ItemName& name, int64_t place,
                 const Rng& rng) const {
    const auto run = static_cast<size_t>(place) % items_[arm].size();
    const auto& completions = item(arm, run, language, name).completions;
    const auto sample = static_cast<size_t>(rng.fork("sample")
                                                .fork(arms_[arm].name)
                                                .fork(name.benchmark)
                                                .fork(name.id)
                                                .below(std::ssize(completions)));
    return {&completions[sample], run, sample};
  }
  Json key_of(const std::string& language, const ItemName& name) const {
    return Json{{"language", language}, {"benchmark", name.benchmark}, {"id", name.id}};
  }
  SampledItem single(const std::string& language, const ItemName& name, size_t arm,
                     const DrawnText& drawn) const {
    Json key{{"arm", arms_[arm].name}};
    key.update(key_of(language, name));
    key["run"] = drawn.run;
    key["sample"] = drawn.sample;
    key["scores"] = Json(drawn.text->scores);
    return {language, item(arm, drawn.run, language, name).prompt, {drawn.text->text}, std::move(key)};
  }
  template <typename TextOf>
  SampledItem pair(const std::string& language, const ItemName& name, size_t a, size_t b,
                   const TextOf& text_of) const {
    const DrawnText left = text_of(a), right = text_of(b);
    Json key{{"a", arms_[a].name}, {"b", arms_[b].name}};
    key.update(key_of(language, name));
    key["runs"] = {left.run, right.run};
    key["samples"] = {left.sample, right.sample};
    return {language,
            item(a, left.run, language, name).prompt,
            {left.text->text, right.text->text},
            std::move(key)};
  }

  const std::vector<Arm>& arms_;
  const ArmItems& items_;
  const HumanOptions& options_;
};

std::set<std::string> languages_of(const ArmItems& items) {
  std::set<std::string> languages;
  for (const auto& runs : items)
    for (const auto& run : runs)
      for (const auto& [language, found] : run) languages.insert(language);
  return languages;
}

bool is_all(const std::vector<std::string>& names) { return names == std::vector<std::string>{"all"}; }

std::vector<std::string> asked_languages(const HumanOptions& options, const std::set<std::string>& known) {
  if (is_all(options.langs)) return {known.begin(), known.end()};
  std::vector<std::string> languages;
  for (const std::string& text : options.langs) {
    const std::string language = parse_language(text);
    if (!known.contains(language))
      throw_unknown_name("language with completions (--langs)", language, {known.begin(), known.end()});
    languages.push_back(language);
  }
  return languages;
}

// Leaves only the benchmarks that were asked for.
void keep_benchmarks(ArmItems& items, const std::vector<std::string>& asked) {
  if (is_all(asked)) return;
  std::set<std::string> known;
  for (auto& runs : items)
    for (auto& run : runs)
      for (auto& [language, found] : run)
        for (const auto& [name, item] : found) known.insert(name.benchmark);
  for (const std::string& name : asked)
    if (!known.contains(name))
      throw_unknown_name("benchmark with completions (--benchmarks)", name, {known.begin(), known.end()});
  for (auto& runs : items)
    for (auto& run : runs)
      for (auto& [language, found] : run)
        std::erase_if(found, [&](const auto& entry) {
          return std::find(asked.begin(), asked.end(), entry.first.benchmark) == asked.end();
        });
}

}  // namespace

Sample sample_items(const std::vector<Arm>& arms, const HumanOptions& options, const Context& context) {
  ArmItems items;
  for (const Arm& arm : arms) {
    auto& runs = items.emplace_back();
    for (const EvaluationFolder& seed : arm.seeds) runs.push_back(completed_items(seed));
  }
  keep_benchmarks(items, options.benchmarks);
  const Sampler sampler(arms, items, options);
  Sample sample{{}, Json::object()};
  for (const std::string& language : asked_languages(options, languages_of(items))) {
    const Rng rng = Rng(options.seed).fork("human").fork(language);
    const auto names = drawn(shared_items(items, language), options.num_items, rng);
    if (std::ssize(names) < options.num_items)
      context.warn(str_cat(language, ": ", names.size(), " items are in every evaluation, ",
                           options.num_items, " were asked for (--num-items)"));
    std::vector<SampledItem> own;
    if (const int64_t num_equal = sampler.add(language, names, rng, own); num_equal > 0) {
      sample.equal_pairs[language] = num_equal;
      context.warn(str_cat(language, ": ", num_equal,
                           " pairs are left out, since both of their texts are the same; preference rates "
                           "will be of the others"));
    }
    shuffle(own, rng.fork("shuffle"));
    std::move(own.begin(), own.end(), std::back_inserter(sample.items));
  }
  if (sample.items.empty() && !sample.equal_pairs.empty())
    throw Error(ErrorKind::kData, "in every pair both texts are the same: there is nothing to prefer",
                arms[0].seeds[0].path().string());
  if (sample.items.empty())
    throw Error(
        ErrorKind::kData,
        "no item with completions is in every evaluation; expected evaluations of rtp_lx, rtp_prompts, "
        "continuation or completions, of the same prompts in every arm",
        arms[0].seeds[0].path().string());
  return sample;
}

}  // namespace xlt
