// SPDX-License-Identifier: Apache-2.0
#include "xlt/lm/ranked_models.h"

#include "lm/model_exchange.h"

#include <string>
#include <utility>

namespace xlt {

namespace {

using Exchange = std::shared_ptr<ModelExchange>;

// {"results", "tokens"}: what `verb` says of this rank's requests. A rank without any asks nothing.
template <typename Request, typename Verb>
Message answer_of(const ModelExchange& exchange, const Message& question, const Verb& verb) {
  const std::vector<Request> own = exchange.share<Request>(question);
  return own.empty() ? Message::array() : verb(std::span<const Request>(own));
}

template <typename T>
Message or_null(const std::optional<T>& results) {
  return results ? Message(*results) : Message();
}

Message results_of(const ModelExchange& exchange, LanguageModel& model, const Message& question) {
  using Texts = std::span<const std::string>;
  using Requests = std::span<const LogLikelihoodRequest>;
  const auto verb = question.at("verb").get<std::string>();
  if (verb == "generate")
    return answer_of<GenerateRequest>(exchange, question, [&](std::span<const GenerateRequest> requests) {
      return Message(model.generate(requests, question.at("options").get<GenerationOptions>()));
    });
  if (verb == "log_likelihood")
    return answer_of<LogLikelihoodRequest>(
        exchange, question, [&](Requests requests) { return Message(model.log_likelihood(requests)); });
  if (verb == "base_log_likelihood")
    return answer_of<LogLikelihoodRequest>(
        exchange, question, [&](Requests requests) { return or_null(model.base_log_likelihood(requests)); });
  const auto start = question.at("start").get<TextStart>();
  if (verb == "rolling_log_likelihood")
    return answer_of<std::string>(
        exchange, question, [&](Texts texts) { return Message(model.rolling_log_likelihood(texts, start)); });
  return answer_of<std::string>(
      exchange, question, [&](Texts texts) { return or_null(model.divergence_from_base(texts, start)); });
}

class RankedLanguageModel final : public LanguageModel {
 public:
  RankedLanguageModel(Exchange exchange, std::unique_ptr<LanguageModel> model)
      : exchange_(std::move(exchange)), model_(std::move(model)) {
    number_ = exchange_->add([this](const Message& question) {
      Message results = results_of(*exchange_, *model_, question);
      return Message{{"results", std::move(results)}, {"tokens", model_->num_tokens_computed()}};
    });
  }
  std::vector<std::vector<Completion>> generate(std::span<const GenerateRequest> requests,
                                                const GenerationOptions& options) override {
    return *exchange_->ask<std::vector<Completion>>(number_, {{"verb", "generate"}, {"options", options}},
                                                    requests);
  }
  std::vector<LogLikelihood> log_likelihood(std::span<const LogLikelihoodRequest> requests) override {
    return *exchange_->ask<LogLikelihood>(number_, {{"verb", "log_likelihood"}}, requests);
  }
  std::vector<LogLikelihood> rolling_log_likelihood(std::span<const std::string> texts,
                                                    TextStart start) override {
    return *exchange_->ask<LogLikelihood>(number_, {{"verb", "rolling_log_likelihood"}, {"start", start}},
                                          texts);
  }
  std::optional<std::vector<Divergence>> divergence_from_base(std::span<const std::string> texts,
                                                              TextStart start) override {
    return exchange_->ask<Divergence>(number_, {{"verb", "divergence_from_base"}, {"start", start}}, texts);
  }
  std::optional<std::vector<LogLikelihood>> base_log_likelihood(
      std::span<const LogLikelihoodRequest> requests) override {
    return exchange_->ask<LogLikelihood>(number_, {{"verb", "base_log_likelihood"}}, requests);
  }
  std::optional<double> bos_log_likelihood() override { return model_->bos_log_likelihood(); }
  std::optional<std::vector<LogLikelihood>> left_padded_log_likelihood(
      std::span<const std::string> texts) override {
    return model_->left_padded_log_likelihood(texts);
  }
  std::vector<std::string> tokenize(std::string_view text) const override { return model_->tokenize(text); }
  const LanguageModelInfo& info() const override { return model_->info(); }
  int64_t num_tokens_computed() const override {
    return std::max(exchange_->num_tokens(number_), model_->num_tokens_computed());
  }

 private:
  Exchange exchange_;
  std::unique_ptr<LanguageModel> model_;
  size_t number_;
};

class RankedTextClassifier final : public TextClassifier {
 public:
  RankedTextClassifier(Exchange exchange, std::unique_ptr<TextClassifier> model)
      : exchange_(std::move(exchange)), model_(std::move(model)) {
    number_ = exchange_->add([this](const Message& question) {
      Message results = answer_of<std::string>(*exchange_, question, [&](std::span<const std::string> texts) {
        return Message(model_->classify(texts));
      });
      return Message{{"results", std::move(results)}, {"tokens", 0}};
    });
  }
  std::vector<std::vector<double>> classify(std::span<const std::string> texts) override {
    return *exchange_->ask<std::vector<double>>(number_, Message::object(), texts);
  }
  const TextClassifierInfo& info() const override { return model_->info(); }

 private:
  Exchange exchange_;
  std::unique_ptr<TextClassifier> model_;
  size_t number_;
};

class RankedSeq2Seq final : public Seq2Seq {
 public:
  RankedSeq2Seq(Exchange exchange, std::unique_ptr<Seq2Seq> model)
      : exchange_(std::move(exchange)), model_(std::move(model)) {
    number_ = exchange_->add([this](const Message& question) {
      Message results =
          answer_of<Seq2SeqRequest>(*exchange_, question, [&](std::span<const Seq2SeqRequest> requests) {
            return Message(model_->log_likelihood(requests));
          });
      return Message{{"results", std::move(results)}, {"tokens", 0}};
    });
  }
  std::vector<LogLikelihood> log_likelihood(std::span<const Seq2SeqRequest> requests) override {
    return *exchange_->ask<LogLikelihood>(number_, Message::object(), requests);
  }
  const Seq2SeqInfo& info() const override { return model_->info(); }

 private:
  Exchange exchange_;
  std::unique_ptr<Seq2Seq> model_;
  size_t number_;
};

}  // namespace

RankedModels::RankedModels(World& world)
    : exchange_(world.world_size() > 1 ? std::make_shared<ModelExchange>(world) : nullptr) {}

std::unique_ptr<LanguageModel> RankedModels::share(std::unique_ptr<LanguageModel> model) {
  if (!exchange_) return model;
  return std::make_unique<RankedLanguageModel>(exchange_, std::move(model));
}

std::unique_ptr<TextClassifier> RankedModels::share(std::unique_ptr<TextClassifier> model) {
  if (!exchange_) return model;
  return std::make_unique<RankedTextClassifier>(exchange_, std::move(model));
}

std::unique_ptr<Seq2Seq> RankedModels::share(std::unique_ptr<Seq2Seq> model) {
  if (!exchange_) return model;
  return std::make_unique<RankedSeq2Seq>(exchange_, std::move(model));
}

void RankedModels::answer() {
  if (exchange_) exchange_->answer_until_released();
}

void RankedModels::release() {
  if (exchange_) exchange_->release();
}

}  // namespace xlt
