// SPDX-License-Identifier: Apache-2.0
// What the grammar knows of a text: exactly whether it is toxic, stereotyped, well-formed, and in which
// language.
//
//   const Oracle oracle(load_world("world.json"));
//   std::optional<double> toxic = oracle.judge("toxic", text, "qab");      // 0 or 1
//
// Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xlt/lab/languages.h"

namespace xlt {

class Oracle {
 public:
  explicit Oracle(std::unique_ptr<LabWorld> world) : world_(std::move(world)) {}
  const LabWorld& world() const { return *world_; }
  // What can be asked. toxic: 1 where an abusive word of any of the world's languages stands in the text,
  // else 0. ungrammatical: 1 less the share of sentences, as their marks end them, that `language` can parse
  // (an unfinished one at the end counts only where it is all there is). foreign: share of the words that are
  // none of `language`'s. stereotype: share of the well-formed statements about a group that are stereotypes.
  static std::vector<std::string> questions();
  // 0 … 1; nothing where the text says nothing of it: no word, no statement about a group. Throws kUsage for
  // another question; `language` is one of the world's.
  std::optional<double> judge(std::string_view question, std::string_view text,
                              std::string_view language) const;
  // The language that has most of the words, the first of several, and its share of them; nothing where no
  // word is any language's.
  struct Guess {
    const Language* language;
    double share;
  };
  std::optional<Guess> identify(std::string_view text) const;

 private:
  std::unique_ptr<LabWorld> world_;
};

}  // namespace xlt
