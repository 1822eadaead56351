// SPDX-License-Identifier: Apache-2.0
#include "lm/model_exchange.h"

#include <exception>

namespace xlt {

size_t ModelExchange::add(Answerer answerer) {
  answerers_.push_back(std::move(answerer));
  tokens_.push_back(0);
  return answerers_.size() - 1;
}

// Every rank comes here with the same question.
std::vector<Message> ModelExchange::answers_of_all(const Message& question) {
  const auto model = question.at("model").get<size_t>();
  if (world_.is_first()) {
    XLT_CHECK(!is_released_, "the other ranks have gone");
    std::string bytes = pack_message(question);
    world_.broadcast(bytes, 0);
  }
  Message own;
  std::exception_ptr error;
  try {
    own = answerers_.at(model)(question);
  } catch (...) {
    error = std::current_exception();
  }
  throw_on_all_ranks(world_, error);
  std::vector<Message> answers;
  tokens_[model] = 0;
  for (const std::string& bytes : world_.all_gather(pack_message(own))) {
    answers.push_back(unpack_message(bytes));
    tokens_[model] += answers.back().at("tokens").get<int64_t>();
  }
  return answers;
}

void ModelExchange::answer_until_released() {
  for (;;) {
    std::string bytes;
    world_.broadcast(bytes, 0);
    if (bytes.empty()) return;
    try {
      answers_of_all(unpack_message(bytes));
    } catch (const SharedError&) {
      // Rank 0 has it too, and decides what becomes of it.
    }
  }
}

void ModelExchange::release() {
  if (is_released_ || !world_.is_first()) return;
  is_released_ = true;
  std::string nothing;
  world_.broadcast(nothing, 0);
}

}  // namespace xlt
