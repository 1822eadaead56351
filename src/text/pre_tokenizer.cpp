// SPDX-License-Identifier: Apache-2.0
#include "text/pre_tokenizer.h"

#include "text/byte_level.h"
#include "text/pattern.h"
#include "text/utf8.h"

#include <memory>

namespace xlt {

namespace {

using Ranges = std::vector<std::pair<size_t, size_t>>;
using Finder = std::function<Ranges(const std::string&)>;

// GPT-2's words: contractions, letters, digits, other signs, white space.
constexpr const char* kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

Finder find_pattern(const std::string& pattern, const std::string& where) {
  const auto compiled = std::make_shared<Pattern>(pattern, where);
  return [compiled](const std::string& text) {
    Ranges ranges;
    compiled->for_each(text, [&](size_t begin, size_t end) { ranges.emplace_back(begin, end); });
    return ranges;
  };
}

Finder find_text(const std::string& wanted) {
  return [wanted](const std::string& text) {
    Ranges ranges;
    for (size_t at = 0; !wanted.empty() && (at = text.find(wanted, at)) != std::string::npos;
         at += wanted.size())
      ranges.emplace_back(at, at + wanted.size());
    return ranges;
  };
}

enum class Behavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

// Pieces of the text between and at the matches, as `behavior` joins them.
Ranges split(size_t size, const Ranges& matches, Behavior behavior, bool invert) {
  std::vector<std::tuple<size_t, size_t, bool>> pieces;
  size_t done = 0;
  for (const auto& [begin, end] : matches) {
    if (begin > done) pieces.emplace_back(done, begin, invert);
    pieces.emplace_back(begin, end, !invert);
    done = end;
  }
  if (done < size) pieces.emplace_back(done, size, invert);
  Ranges out;
  bool last_is_match = false;
  for (const auto& [begin, end, is_match] : pieces) {
    const bool joins_last =
        !out.empty() && ((behavior == Behavior::kMergedWithPrevious && is_match && !last_is_match) ||
                         (behavior == Behavior::kMergedWithNext && !is_match && last_is_match) ||
                         (behavior == Behavior::kContiguous && is_match == last_is_match));
    if (joins_last) {
      out.back().second = end;
    } else if (behavior != Behavior::kRemoved || !is_match) {
      out.emplace_back(begin, end);
    }
    last_is_match = is_match;
  }
  std::erase_if(out, [](const auto& range) { return range.first == range.second; });  // left by empty matches
  return out;
}

PreTokenizer split_by(Finder find, Behavior behavior, bool invert) {
  return [=](const std::vector<Word>& words) {
    std::vector<Word> out;
    for (const Word& word : words)
      for (const auto& [begin, end] : split(word.text.size(), find(word.text), behavior, invert))
        out.push_back({word.text.substr(begin, end - begin), word.is_at_start && begin == 0});
    return out;
  };
}

Behavior parse_behavior(const JsonView& json) {
  const std::string name = json.as_string();
  if (name == "Removed") return Behavior::kRemoved;
  if (name == "Isolated") return Behavior::kIsolated;
  if (name == "MergedWithPrevious") return Behavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return Behavior::kMergedWithNext;
  if (name == "Contiguous") return Behavior::kContiguous;
  json.fail(str_cat("\"", name, "\" is not supported"));
}

PreTokenizer byte_level(const JsonView& json) {
  const bool add_prefix_space = json.get("add_prefix_space", true);
  const auto words_of = json.get("use_regex", true)
                            ? split_by(find_pattern(kGpt2Words, json.place()), Behavior::kIsolated, false)
                            : PreTokenizer();
  return [=](std::vector<Word> words) {
    if (add_prefix_space)
      for (Word& word : words)
        if (!word.text.starts_with(' ')) word.text.insert(0, 1, ' ');
    if (words_of) words = words_of(std::move(words));
    for (Word& word : words) word.text = bytes_to_characters(word.text);
    return words;
  };
}

PreTokenizer metaspace(const JsonView& json) {
  const std::string mark = json.get("replacement", "\u2581");
  std::string scheme = json.get("prepend_scheme", "always");
  if (json.has("add_prefix_space") && !json.has("prepend_scheme"))
    scheme = json.get("add_prefix_space", true) ? "always" : "never";
  const auto parts =
      json.get("split", true) ? split_by(find_text(mark), Behavior::kMergedWithNext, false) : PreTokenizer();
  return [=](std::vector<Word> words) {
    for (Word& word : words) {
      word.text = replace_all(word.text, " ", mark);
      const bool prepend = scheme == "always" || (scheme == "first" && word.is_at_start);
      if (prepend && !word.text.starts_with(mark)) word.text.insert(0, mark);
    }
    return parts ? parts(std::move(words)) : words;
  };
}

PreTokenizer make_one(const JsonView& json) {
  const std::string type = json.at("type").as_string();
  if (type == "Sequence") {
    std::vector<PreTokenizer> parts;
    const JsonView list = json.at("pretokenizers");
    for (size_t i = 0; i < list.size(); ++i) parts.push_back(make_one(list.at(i)));
    return [parts](std::vector<Word> words) {
      for (const PreTokenizer& part : parts) words = part(std::move(words));
      return words;
    };
  }
  if (type == "Split") {
    const JsonView pattern = json.at("pattern");
    const Finder find = pattern.has("String")
                            ? find_text(pattern.at("String").as_string())
                            : find_pattern(pattern.at("Regex").as_string(), pattern.place());
    return split_by(find, parse_behavior(json.at("behavior")), json.get("invert", false));
  }
  if (type == "ByteLevel") return byte_level(json);
  if (type == "Metaspace") return metaspace(json);
  if (type == "Digits")
    return split_by(find_pattern("\\p{N}", json.place()),
                    json.get("individual_digits", false) ? Behavior::kIsolated : Behavior::kContiguous,
                    false);
  json.at("type").fail(
      str_cat("pre-tokenizer \"", type,
              "\" is not supported; supported: Sequence, Split, ByteLevel, Metaspace, Digits"));
}

}  // namespace

PreTokenizer make_pre_tokenizer(const JsonView& owner, const char* key) {
  if (!owner.has(key)) return [](std::vector<Word> words) { return words; };
  return make_one(owner.at(key));
}

}  // namespace xlt
