// SPDX-License-Identifier: Apache-2.0
#include "xlt/text/train_tokenizer.h"

#include <unordered_map>

#include <sentencepiece_trainer.h>

#include "xlt/base/error.h"
#include "xlt/base/file.h"

namespace xlt {

namespace {

class Lines final : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(const std::vector<std::string>& lines) : lines_(lines) {}
  bool done() const override { return at_ == lines_.size(); }
  void Next() override { ++at_; }
  const std::string& value() const override { return lines_[at_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& lines_;
  size_t at_ = 0;
};

}  // namespace

void train_tokenizer(const std::vector<std::string>& lines, int64_t vocab_size, const fs::path& folder) {
  const std::unordered_map<std::string, std::string> arguments = {
      {"model_type", "bpe"},
      {"vocab_size", str_cat(vocab_size)},
      {"byte_fallback", "true"},
      {"character_coverage", "1.0"},
      {"normalization_rule_name", "identity"},
      {"unk_id", "0"},
      {"bos_id", "1"},
      {"eos_id", "2"},
      {"pad_id", "-1"},
      {"num_threads", "1"},
      {"minloglevel", "3"},
  };
  Lines sentences(lines);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(arguments, &sentences, &model);
  if (!status.ok())
    throw Error(ErrorKind::kConfig, str_cat("SentencePiece: ", status.ToString()),
                str_cat("vocab_size ", vocab_size));
  make_folders(folder);
  write_file(folder / "tokenizer.model", model);
  // What a checkpoint's folder says of it, so that BOS stands before every text.
  write_file(
      folder / "tokenizer_config.json",
      "{\"tokenizer_class\": \"LlamaTokenizer\", \"add_bos_token\": true, \"add_eos_token\": false, "
      "\"bos_token\": \"<s>\", \"eos_token\": \"</s>\", \"unk_token\": \"<unk>\", \"legacy\": false}\n");
}

}  // namespace xlt
