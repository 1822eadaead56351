// SPDX-License-Identifier: Apache-2.0
#include "lab/lexicon.h"

#include <array>

#include "xlt/base/error.h"
#include "xlt/base/registry.h"
#include "xlt/lab/languages.h"

namespace xlt {

namespace {

constexpr std::string_view kConsonants = "ptkbdgmnlrsz", kVowels = "aeiou";
constexpr size_t kNumLetters = kConsonants.size() + kVowels.size();

// Letters for kConsonants and kVowels, in their order. Which sound a letter has elsewhere is nobody's concern
// here.
struct Script {
  const char* name;
  std::array<const char*, kNumLetters> letters;
};
constexpr Script kScripts[] = {
    {"armenian", {"պ", "տ", "կ", "բ", "դ", "գ", "մ", "ն", "լ", "ր", "ս", "զ", "ա", "ե", "ի", "ո", "ը"}},
    {"cyrillic", {"п", "т", "к", "б", "д", "г", "м", "н", "л", "р", "с", "з", "а", "е", "и", "о", "у"}},
    {"georgian", {"პ", "ტ", "კ", "ბ", "დ", "გ", "მ", "ნ", "ლ", "რ", "ს", "ზ", "ა", "ე", "ი", "ო", "უ"}},
    {"greek", {"π", "τ", "κ", "β", "δ", "γ", "μ", "ν", "λ", "ρ", "σ", "ζ", "α", "ε", "ι", "ο", "υ"}},
    {"latin", {"p", "t", "k", "b", "d", "g", "m", "n", "l", "r", "s", "z", "a", "e", "i", "o", "u"}},
};

}  // namespace

std::string WordMaker::make(Rng& rng) {
  while (true) {
    const double u = rng.uniform();
    const int num_syllables = u < 0.4 ? 2 : u < 0.8 ? 3 : 4;
    std::string word;
    for (int i = 0; i < num_syllables; ++i) {
      word += kConsonants[static_cast<size_t>(rng.below(kConsonants.size()))];
      word += kVowels[static_cast<size_t>(rng.below(kVowels.size()))];
    }
    if (taken_.insert(word).second) return word;
  }
}

std::vector<std::string> script_names() {
  std::vector<std::string> names;
  for (const Script& script : kScripts) names.emplace_back(script.name);
  return names;
}

std::string in_script(std::string_view word, std::string_view name) {
  for (const Script& script : kScripts) {
    if (name != script.name) continue;
    std::string written;
    for (const char letter : word) {
      const size_t consonant = kConsonants.find(letter);
      written +=
          script.letters[consonant != std::string_view::npos ? consonant
                                                             : kConsonants.size() + kVowels.find(letter)];
    }
    return written;
  }
  throw Error(ErrorKind::kConfig, unknown_name_message("script", name, script_names()), "script");
}

}  // namespace xlt
