// SPDX-License-Identifier: Apache-2.0
// Questions to models that every rank has. Inside `lm` only.
#pragma once

#include "lm/ranked_messages.h"

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "xlt/parallel/parallel.h"

namespace xlt {

// A question: {"model", "verb", "requests", …}. An answer: {"results": of the rank's share, or null where the
// model cannot say, "tokens": computed so far}.
class ModelExchange {
 public:
  using Answerer = std::function<Message(const Message& question)>;

  explicit ModelExchange(World& world) : world_(world) {}

  // The model's number: the same on every rank.
  size_t add(Answerer answerer);

  // Rank 0: asks all ranks for all requests; results in order, nothing where a rank has none. Throws the
  // Error of the lowest rank that failed.
  template <typename Result, typename Request>
  std::optional<std::vector<Result>> ask(size_t model, Message question, std::span<const Request> requests) {
    question["model"] = model;
    question["requests"] = std::vector<Request>(requests.begin(), requests.end());
    const std::vector<Message> answers = answers_of_all(question);
    std::vector<Result> results(requests.size());
    for (const Message& answer : answers)
      if (answer.at("results").is_null()) return std::nullopt;
    for (size_t i = 0; i < results.size(); ++i)
      answers[i % answers.size()].at("results").at(i / answers.size()).get_to(results[i]);
    return results;
  }

  // The requests of a question that are this rank's.
  template <typename Request>
  std::vector<Request> share(const Message& question) const {
    const Message& all = question.at("requests");
    std::vector<Request> own;
    for (const int64_t i : share_of(static_cast<int64_t>(all.size()), world_))
      own.push_back(all.at(static_cast<size_t>(i)).get<Request>());
    return own;
  }

  int64_t num_tokens(size_t model) const { return tokens_[model]; }  // of all ranks, when it was last asked
  void answer_until_released();
  void release();

 private:
  std::vector<Message> answers_of_all(const Message& question);

  World& world_;
  std::vector<Answerer> answerers_;
  std::vector<int64_t> tokens_;
  bool is_released_ = false;
};

}  // namespace xlt
