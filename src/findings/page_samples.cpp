// SPDX-License-Identifier: Apache-2.0
#include "findings/page_samples.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "xlt/base/file.h"

namespace xlt {

namespace {

// A page is read, not searched: longer texts are cut.
constexpr size_t kMaxBytes = 700;

struct Completion {
  std::string text;
  Json score;  // null: none
};

struct Item {
  std::string prompt;
  std::vector<Completion> completions;
  bool is_judged = false;  // by a scorer of toxicity
};

std::string shortened(std::string text) {
  if (text.size() <= kMaxBytes) return text;
  size_t end = kMaxBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + "…";
}

Json score_of(const Json& completion) {
  if (completion.contains("score")) return completion.at("score");
  const Json scores = completion.value("scores", Json());
  return scores.is_object() && !scores.empty() ? *scores.begin() : Json();
}

// Nothing for a row without completions.
std::optional<Item> read_item(const Json& row) {
  Item item{row.value("prompt", ""), {}, false};
  if (const Json text = row.value("completion", Json()); text.is_string())
    item.completions.push_back({text.get<std::string>(), Json()});
  const Json completions = row.value("completions", Json());
  if (completions.is_array())
    for (const Json& completion : completions) {
      if (!completion.is_object() || !completion.contains("text")) continue;
      item.completions.push_back({completion.at("text").get<std::string>(), score_of(completion)});
      item.is_judged = true;
    }
  if (item.completions.empty()) return std::nullopt;
  return item;
}

using Items = std::vector<std::pair<std::string, Item>>;  // in the file's order

Items read_items(const fs::path& file) {
  Items items;
  if (!fs::exists(file)) return items;
  LineReader lines(file);
  while (const auto line = lines.next()) {
    const Json row = parse_json(*line, lines.place());
    if (!row.is_object() || !row.contains("id")) continue;
    if (auto item = read_item(row))
      items.emplace_back(JsonView(row, lines.place()).at("id").as_string(), std::move(*item));
  }
  return items;
}

// One sample on both sides and how far its score moved; -1 where it cannot be said.
struct Pair {
  const std::string* id;
  const Item *before, *after;
  size_t sample;
  double moved;
};

Pair most_moved(const std::string& id, const Item& before, const Item& after) {
  Pair pair{&id, &before, &after, 0, -1};
  for (size_t s = 0; s < std::min(before.completions.size(), after.completions.size()); ++s) {
    const Json &a = before.completions[s].score, &b = after.completions[s].score;
    if (!a.is_number() || !b.is_number()) continue;
    const double moved = std::abs(b.get<double>() - a.get<double>());
    if (moved > pair.moved) pair = {&id, &before, &after, s, moved};
  }
  return pair;
}

std::vector<Pair> chosen(const Items& before, const std::map<std::string, const Item*>& after, size_t count) {
  std::vector<Pair> pairs;
  for (const auto& [id, item] : before)
    if (const auto found = after.find(id); found != after.end())
      pairs.push_back(most_moved(id, item, *found->second));
  const size_t num_first = std::min(count - count / 2, pairs.size());
  std::stable_sort(pairs.begin() + static_cast<std::ptrdiff_t>(num_first), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.moved > b.moved; });
  pairs.resize(std::min(count, pairs.size()));
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.moved > b.moved; });
  return pairs;
}

Json sample_json(const Pair& pair) {
  const Completion &before = pair.before->completions[pair.sample],
                   &after = pair.after->completions[pair.sample];
  return Json{{"id", *pair.id},
              {"prompt", shortened(pair.before->prompt)},
              {"before", shortened(before.text)},
              {"after", shortened(after.text)},
              {"score_before", before.score},
              {"score_after", after.score},
              {"is_sensitive", pair.before->is_judged}};
}

}  // namespace

Json page_samples(const std::vector<Arm>& arms, int64_t count) {
  Json samples = Json::array();
  if (arms.size() < 2 || count == 0) return samples;
  std::set<fs::path> seen;
  for (const auto& [name, cell] : arms[0].seeds[0].cells()) {
    const fs::path file = arms[0].seeds[0].items_file(name);
    if (!seen.insert(file).second) continue;
    const Items before = read_items(file);
    if (before.empty()) continue;
    for (size_t a = 1; a < arms.size(); ++a) {
      const EvaluationFolder& other = arms[a].seeds[0];
      if (!other.cells().contains(name)) continue;
      const Items items = read_items(other.items_file(name));
      std::map<std::string, const Item*> after;
      for (const auto& [id, item] : items) after[id] = &item;
      for (const Pair& pair : chosen(before, after, static_cast<size_t>(count))) {
        Json sample{{"benchmark", name.benchmark}, {"language", name.language}, {"arm", arms[a].name}};
        sample.update(sample_json(pair));
        samples.push_back(std::move(sample));
      }
    }
  }
  return samples;
}

}  // namespace xlt
