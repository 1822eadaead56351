// SPDX-License-Identifier: Apache-2.0
// What a training run's options say together.
#pragma once

#include <string>

#include "xlt/run/train_run.h"

namespace xlt {

bool from_scratch(const TrainRunOptions& options);
// Or all weights.
bool trains_adapter(const TrainRunOptions& options);
// In which bits the base model is read (quantized_source.h): qlora is lora on NF4.
std::string quantization_of(const TrainRunOptions& options);
std::string tokenizer_folder(const TrainRunOptions& options);

// Throws kUsage (kUnsupported for what comes in a later version) where options do not go together.
void check_combination(const TrainRunOptions& options);

}  // namespace xlt
