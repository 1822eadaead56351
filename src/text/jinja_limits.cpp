// SPDX-License-Identifier: Apache-2.0
#include "text/jinja_limits.h"

#include <algorithm>
#include <vector>

#include <jinja/lexer.h>

#include "xlt/base/error.h"

namespace xlt {

namespace {

constexpr int kDeepest = 100;      // brackets, blocks; the deepest of 70 published templates has 14
constexpr int kLongestTag = 1000;  // tokens between {{ and }}: an operator's operands nest to the left
constexpr const char* kBlocks[] = {"block", "call", "filter", "for", "generation", "if", "macro"};

// Blocks open at once; each `elif` nests in the one before it.
class BlockDepth {
 public:
  void see(const std::string& keyword) {
    if (std::find(std::begin(kBlocks), std::end(kBlocks), keyword) != std::end(kBlocks)) {
      open_.push_back(1);
      ++depth_;
    } else if (keyword == "elif" && !open_.empty()) {
      ++open_.back();
      ++depth_;
    } else if (keyword.starts_with("end") && !open_.empty() && keyword != "endset") {
      depth_ -= open_.back();
      open_.pop_back();
    }
  }
  int depth() const { return depth_; }

 private:
  std::vector<int> open_;
  int depth_ = 0;
};

}  // namespace

std::string why_jinja_is_too_deep(const jinja::lexer_result& source) {
  using Type = jinja::token;
  BlockDepth blocks;
  int brackets = 0, in_tag = 0;
  for (size_t i = 0; i < source.tokens.size(); ++i) {
    const jinja::token& token = source.tokens[i];
    ++in_tag;
    switch (token.t) {
      case Type::open_statement:
        if (i + 1 < source.tokens.size()) blocks.see(source.tokens[i + 1].value);
        [[fallthrough]];
      case Type::open_expression:
      case Type::text:
        in_tag = brackets = 0;
        break;
      case Type::open_paren:
      case Type::open_square_bracket:
      case Type::open_curly_bracket:
        ++brackets;
        break;
      case Type::close_paren:
      case Type::close_square_bracket:
      case Type::close_curly_bracket:
        --brackets;
        break;
      default:
        break;
    }
    if (brackets > kDeepest || blocks.depth() > kDeepest)
      return str_cat("it is nested more than ", kDeepest, " deep");
    if (in_tag > kLongestTag) return str_cat("one of its tags has more than ", kLongestTag, " parts");
  }
  return "";
}

}  // namespace xlt
