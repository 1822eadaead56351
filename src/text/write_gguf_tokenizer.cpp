// SPDX-License-Identifier: Apache-2.0
// tokenizer.json written piece by piece: as one document its merges would take a gigabyte.
#include "text/gguf_tokenizer_file.h"

#include "xlt/base/file.h"
#include "xlt/text/gguf_tokenizer.h"

namespace xlt {

namespace {

// Text collected and handed on in blocks.
class JsonFile {
 public:
  explicit JsonFile(const fs::path& file) : out_(file) {}
  void put(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() > kBlock) flush();
  }
  void put_string(std::string_view text) { put(dump_json(Json(text))); }
  void commit() {
    flush();
    out_.commit();
  }

 private:
  static constexpr size_t kBlock = 1 << 16;
  void flush() {
    out_.write(buffer_);
    buffer_.clear();
  }
  AtomicFile out_;
  std::string buffer_;
};

// {"a": 1, "b": 2} without the closing brace.
std::string open_object(const Json& object) {
  std::string text = dump_json(object);
  text.pop_back();
  return text;
}

void write_tokenizer_json(const TokenizerFile& tokenizer, const fs::path& file) {
  JsonFile out(file);
  Json rest = tokenizer.rest;
  const Json model = rest.at("model");
  rest.erase("model");
  rest["version"] = "1.0";
  rest["truncation"] = rest["padding"] = nullptr;
  out.put(open_object(rest));
  out.put(",\n\"model\":");
  out.put(open_object(model));
  out.put(",\n\"vocab\":{");
  for (size_t i = 0; i < tokenizer.tokens.size(); ++i) {
    out.put(i == 0 ? "\n" : ",\n");
    out.put_string(tokenizer.tokens[i]);
    out.put(":" + std::to_string(tokenizer.ids[i]));
  }
  out.put("},\n\"merges\":[");
  for (size_t i = 0; i + 1 < tokenizer.merges.size(); i += 2) {
    out.put(i == 0 ? "\n[" : ",\n[");
    out.put_string(tokenizer.merges[i]);
    out.put(",");
    out.put_string(tokenizer.merges[i + 1]);
    out.put("]");
  }
  out.put("]}}\n");
  out.commit();
}

void write_template(const fs::path& folder, const std::string& name, const std::string& source) {
  if (name == "default") return write_file(folder / "chat_template.jinja", source);
  if (name.empty() || name.find_first_of(std::string("/\\\0", 3)) != std::string::npos)
    return;  // is no file's name
  make_folders(folder / "additional_chat_templates");
  write_file(folder / "additional_chat_templates" / (name + ".jinja"), source);
}

}  // namespace

void write_gguf_tokenizer(const Gguf& gguf, const fs::path& folder) {
  const GgufTokenizer tokenizer = read_gguf_tokenizer(gguf);
  write_tokenizer_json(tokenizer.file, folder / "tokenizer.json");
  write_file(folder / "tokenizer_config.json", dump_json(tokenizer.config, 2) + "\n");
  for (const auto& [name, source] : gguf_chat_templates(gguf)) write_template(folder, name, source);
}

}  // namespace xlt
