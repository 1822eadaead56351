// SPDX-License-Identifier: Apache-2.0
// The published preparation of Tatoeba's sentences (protocol 2.8, quirk G14), for `--quirks G14`: which
// sentences a language is asked about depends on how all 19 files are read, on two seeded shuffles and on a
// merge of all.
//
//   each file: as pandas.read_csv(sep="\t", header=None) reads it: a cell that begins with a quote mark goes on to the
//     next one, over tabs and line ends; "NA", "null" and the like are missing; rows of one English id: the first stays
//   shuffled by numpy's RandomState(42).permutation; the first 1,000 stay
//   all languages merged on (English id, English text), in the order of these keys; shuffled as before
//   a language: the merged rows in which it has a text; English: the first 1,000 of the merged rows
//
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace xlt {

// Of one language, in the published order.
struct TatoebaSentence {
  std::string id;  // the English sentence's: translations of each other share it
  std::string text;
};

// The published languages but English: ar ca cs de es fr hi id it ja ko mt nl pl pt ru sv tr zh.
const std::vector<std::string>& tatoeba_languages();
// `files`: DATA/tatoeba/{lang}.tsv of those languages, in their order, in the published four columns; one
// that is not there is left out, and the merge is of the others. Throws kData for a file of other columns, or
// with a quote that is never closed (file and line named).
std::vector<TatoebaSentence> published_tatoeba(const std::vector<std::filesystem::path>& files,
                                               const std::string& language);
// numpy's `RandomState(seed).permutation(size)` (MT19937, masked rejection).
std::vector<int64_t> random_state_permutation(uint32_t seed, int64_t size);

}  // namespace xlt
