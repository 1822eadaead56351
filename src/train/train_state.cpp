// SPDX-License-Identifier: Apache-2.0
// TrainState ↔ state.json.
#include "train/train_state.h"

#include <cmath>

namespace xlt {

Json to_json(const TrainState& state) {
  return {{"step", state.step},
          {"num_tokens", state.num_tokens},
          {"seconds", state.seconds},
          {"last_loss", state.last_loss},
          {"evaluated_step", state.evaluated_step},
          {"best_step", state.best_step},
          {"best_eval_loss", std::isnan(state.best_eval_loss) ? Json() : Json(state.best_eval_loss)},
          {"evaluations_without_improvement", state.evaluations_without_improvement},
          {"loss_scale", {{"factor", state.loss_scale.factor}, {"steps", state.loss_scale.steps_in_a_row}}},
          {"since_log", state.since_log.to_json()}};
}

TrainState train_state_from_json(const JsonView& view) {
  TrainState state;
  state.step = view.at("step").as_int();
  state.num_tokens = view.at("num_tokens").as_int();
  state.seconds = view.at("seconds").as_double();
  state.last_loss = view.at("last_loss").as_double();
  state.evaluated_step = view.at("evaluated_step").as_int();
  state.best_step = view.at("best_step").as_int();
  state.best_eval_loss = view.get("best_eval_loss", std::nan(""));
  state.evaluations_without_improvement = view.at("evaluations_without_improvement").as_int();
  if (view.has("loss_scale"))  // not in checkpoints from before there was one
    state.loss_scale = {.factor = view.at("loss_scale").at("factor").as_double(),
                        .steps_in_a_row = view.at("loss_scale").at("steps").as_int()};
  state.since_log = MetricSums::from_json(view.at("since_log"));
  return state;
}

}  // namespace xlt
