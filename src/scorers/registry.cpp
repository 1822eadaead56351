// SPDX-License-Identifier: Apache-2.0
// From "kind:argument#label" to a scorer.
#include "xlt/base/registry.h"

#include "scorers/factories.h"

#include "xlt/base/error.h"

namespace xlt {

namespace {

struct ScorerKind {
  const char* name;
  std::unique_ptr<TextScorer> (*make)(const ScorerSpec&, const ScorerServices&);
};
constexpr ScorerKind kKinds[] = {
#define X(name, what) {#name, make_##name##_scorer},
#include "scorers/scorers.def"
#undef X
};

const ScorerKind& find_kind(const ScorerSpec& spec) {
  for (const ScorerKind& kind : kKinds)
    if (spec.kind == kind.name) return kind;
  throw_unknown_name("scorer", spec.kind, scorer_names());
}

}  // namespace

ScorerSpec parse_scorer(std::string_view text) {
  ScorerSpec spec;
  const size_t colon = text.find(':');
  spec.kind = text.substr(0, colon);
  if (spec.kind.empty())
    throw Error(ErrorKind::kUsage, "no kind of scorer; expected KIND, KIND:ARGUMENT or KIND:ARGUMENT#LABEL",
                str_cat("--scorer \"", text, "\""));
  if (colon == std::string_view::npos) return spec;
  spec.rest = text.substr(colon + 1);
  const size_t hash = spec.rest.rfind('#');
  spec.argument = spec.rest.substr(0, hash);
  if (hash != std::string::npos) spec.label = spec.rest.substr(hash + 1);
  return spec;
}

std::unique_ptr<TextScorer> make_scorer(const std::string& text, const ScorerServices& services) {
  const ScorerSpec spec = parse_scorer(text);
  return find_kind(spec).make(spec, services);
}

void check_scorer(const std::string& spec) { find_kind(parse_scorer(spec)); }

std::vector<std::string> scorer_names() {
  std::vector<std::string> names;
  for (const ScorerKind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

}  // namespace xlt
