// SPDX-License-Identifier: Apache-2.0
// What a training is said to take, by what trainings themselves ask.
#include "run/sweep/estimate.h"

#include "run/run_testing.h"

#include "xlt/checkpoint/model_source.h"
#include "xlt/train/memory_estimate.h"

namespace xlt {
namespace {

class SweepEstimate : public RunTest {
 protected:
  // On a machine on which only arithmetic takes time.
  static Json estimate_of(TrainRunOptions options) {
    Json resolved = Json::object();
    for (const VisitFunction& visit :
         {visit_of(options), visit_of(options.adapter), visit_of(options.fields), visit_of(options.watch),
          visit_of(options.trainer), visit_of(options.trainer.method_options)})
      resolved.update(dump_options(visit));
    return Estimator({.tflops = 1, .tb_per_s = 1e9}).train(resolved);
  }
  TrainRunOptions by_method(const std::string& method, const char* data) const {
    TrainRunOptions options = adapter_options(model_, "run");
    options.data = path(data);
    options.trainer.method = method;
    return options;
  }
  double seconds(const std::string& method, const char* data) const {
    return estimate_of(by_method(method, data)).at("seconds").get<double>();
  }

  const std::string model_ = make_model();
};

// Of an adapter: 4 operations a parameter and token, and 2 of the reference.
TEST_F(SweepEstimate, AReferenceIsChargedWhereTheMethodAsksOne) {
  const double pairs = seconds("cpo", "pairs.jsonl"), texts = seconds("sft", "texts.jsonl");
  ASSERT_GT(pairs, 0);
  for (const char* method : {"orpo", "simpo"}) EXPECT_DOUBLE_EQ(seconds(method, "pairs.jsonl"), pairs);
  for (const char* method : {"dpo", "ipo"})
    EXPECT_DOUBLE_EQ(seconds(method, "pairs.jsonl"), 1.5 * pairs) << method;
  EXPECT_DOUBLE_EQ(seconds("npo", "texts.jsonl"), 1.5 * texts);
  EXPECT_DOUBLE_EQ(seconds("simnpo", "texts.jsonl"), texts);
  TrainRunOptions without = by_method("dpo", "pairs.jsonl");
  set_option(visit_of(without.trainer.method_options), "reference_free", "true");
  EXPECT_DOUBLE_EQ(estimate_of(without).at("seconds").get<double>(), pairs);
}

TEST_F(SweepEstimate, AStepOfSeveralBatchesHoldsCopiesOfTheGradients) {
  const DecoderFootprint model = footprint_of(*open_model_source(model_), Placement{});
  const auto estimated = [&](int64_t batches) {
    TrainRunOptions options = by_method("sft", "texts.jsonl");
    options.adapter.adapter = "none";
    options.trainer.gradient_accumulation_steps = batches;
    return estimate_of(options).at("memory_bytes").get<int64_t>();
  };
  const auto reckoned = [&](int64_t batches) {
    return estimate_memory(model, Placement{}, {.micro_batches = batches}).total();
  };
  EXPECT_GT(estimated(8), estimated(1));
  EXPECT_EQ(estimated(8) - estimated(1), reckoned(8) - reckoned(1));
}

}  // namespace
}  // namespace xlt
