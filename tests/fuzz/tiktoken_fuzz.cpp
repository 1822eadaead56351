// SPDX-License-Identifier: Apache-2.0
// tiktoken's tokenizer.model: as it is, which has too few tokens to be a Llama's, and its lines after all
// bytes as a vocabulary that encodes and decodes the text behind a zero byte.
#include "fuzz/fuzzing.h"
#include "text/pipeline_tokenizer.h"
#include "text/tiktoken_file.h"

#include <string>
#include <utility>

#include "xlt/base/error.h"
#include "xlt/base/file.h"  // find_invalid_utf8
#include "xlt/text/tokenizer.h"

XLT_FUZZ {
  const auto file = xlt::fuzzing::write("tokenizer.model", xlt::fuzzing::next_part(input));
  try {
    xlt::load_tokenizer(xlt::fuzzing::folder());
  } catch (const xlt::Error&) {
  }
  xlt::RankedVocabulary vocabulary{
      .place = "input", .pattern = R"(\p{N}{1,3}| ?\p{L}+|\s+)", .bos = "<s>", .eos = "</s>"};
  for (int byte = 0; byte < 256; ++byte) vocabulary.tokens.emplace_back(1, static_cast<char>(byte));
  for (std::string& token : xlt::read_tiktoken_lines(file)) vocabulary.tokens.push_back(std::move(token));
  const auto count = static_cast<int64_t>(vocabulary.tokens.size());
  vocabulary.special = {{count, "<s>"}, {count + 1, "</s>"}};
  xlt::TokenizerSettings settings;
  const auto tokenizer = xlt::make_pipeline_tokenizer(xlt::tokenizer_file_of(vocabulary, settings), settings);
  for (const std::string_view text : {std::string_view("Hello, wörld 123 你好 </s>\n"), input}) {
    if (xlt::find_invalid_utf8(text)) continue;  // never reaches a tokenizer
    const auto ids = tokenizer->encode(text, xlt::SpecialTokens::kAdd);
    tokenizer->decode(ids);
    tokenizer->decode_each(ids);
  }
}
