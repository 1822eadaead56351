// SPDX-License-Identifier: Apache-2.0
#include "text/decoder.h"

#include "text/byte_level.h"
#include "text/normalizer.h"
#include "text/utf8.h"

#include <charconv>

#include "xlt/base/file.h"

namespace xlt {

namespace {

using Tokens = std::vector<std::string>;

Tokens decode_byte_level(const Tokens& tokens) {
  std::string bytes;
  for (const std::string& token : tokens)
    if (!append_bytes(token, bytes)) bytes += token;
  return {repaired_utf8(bytes)};
}

// "<0xE2>" → 0xE2, or −1.
int byte_of(const std::string& token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return -1;
  int value = -1;
  const char *begin = token.data() + 3, *end = begin + 2;
  const auto result = std::from_chars(begin, end, value, 16);
  return result.ptr == end && value >= 0 ? value : -1;
}

// Runs of byte tokens become the characters they spell, or one U+FFFD a byte if they spell none.
Tokens decode_byte_fallback(const Tokens& tokens) {
  Tokens out;
  std::string bytes;
  const auto flush = [&] {
    if (bytes.empty()) return;
    if (!find_invalid_utf8(bytes)) {
      out.push_back(bytes);
    } else {
      for (size_t i = 0; i < bytes.size(); ++i) out.emplace_back("\uFFFD");
    }
    bytes.clear();
  };
  for (const std::string& token : tokens) {
    if (const int byte = byte_of(token); byte >= 0) {
      bytes += static_cast<char>(byte);
    } else {
      flush();
      out.push_back(token);
    }
  }
  flush();
  return out;
}

Tokens fuse(const Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return {text};
}

TokenDecoder strip_ends(const JsonView& json) {
  return [content = json.at("content").as_string(), start = json.get("start", int64_t{0}),
          stop = json.get("stop", int64_t{0})](Tokens tokens) {
    for (std::string& token : tokens) {
      for (int64_t i = 0; i < start && token.starts_with(content); ++i) token.erase(0, content.size());
      for (int64_t i = 0; i < stop && token.ends_with(content); ++i)
        token.resize(token.size() - content.size());
    }
    return tokens;
  };
}

TokenDecoder metaspace(const JsonView& json) {
  return [mark = json.get("replacement", "\u2581"),
          scheme = json.get("prepend_scheme", "always")](Tokens tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool drop = i == 0 && scheme != "never";
      tokens[i] = replace_all(tokens[i], mark, drop ? "" : " ");
    }
    return tokens;
  };
}

TokenDecoder make_one(const JsonView& json) {
  const std::string type = json.at("type").as_string();
  if (type == "Sequence") {
    std::vector<TokenDecoder> parts;
    const JsonView list = json.at("decoders");
    for (size_t i = 0; i < list.size(); ++i) parts.push_back(make_one(list.at(i)));
    return [parts](Tokens tokens) {
      for (const TokenDecoder& part : parts) tokens = part(std::move(tokens));
      return tokens;
    };
  }
  if (type == "ByteLevel") return decode_byte_level;
  if (type == "ByteFallback") return decode_byte_fallback;
  if (type == "Fuse") return fuse;
  if (type == "Strip") return strip_ends(json);
  if (type == "Metaspace") return metaspace(json);
  if (type == "Replace")
    return [replace = make_replacement(json)](Tokens tokens) {
      for (std::string& token : tokens) token = replace(std::move(token));
      return tokens;
    };
  json.at("type").fail(str_cat(
      "decoder \"", type,
      "\" is not supported; supported: Sequence, ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace"));
}

}  // namespace

TokenDecoder make_token_decoder(const JsonView& owner, const char* key) {
  if (owner.has(key)) return make_one(owner.at(key));
  return [](Tokens tokens) {
    for (size_t i = 1; i < tokens.size(); ++i) tokens[i].insert(0, 1, ' ');
    return tokens;
  };
}

}  // namespace xlt
