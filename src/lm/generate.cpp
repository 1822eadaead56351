// SPDX-License-Identifier: Apache-2.0
// The `generate` verb: prompts → decode loop → texts.
#include "lm/decode_loop.h"
#include "lm/decoder_lm.h"

#include <algorithm>
#include <limits>
#include <map>

#include "xlt/base/error.h"
#include "xlt/ops/cuda.h"

namespace xlt {

namespace {

// Most bytes of keys and values held at a time; at least one prompt with one sample is always given room. On
// a GPU, where more samples at a time cost next to nothing, up to a third of what is free.
int64_t cache_bytes(const Placement& where) {
  const int64_t least = int64_t{3} << 29;
  return where.is_cuda ? std::max(least, ops::free_cuda_memory(where.device_index) / 3) : least;
}

// Slots for which every device has room, with a layer's keys and values of one taking up so many bytes.
int64_t slots_with_room(const Decoder& decoder, int64_t layer_bytes) {
  std::map<int, int64_t> layers;  // by device
  for (int64_t i = 0; i < decoder.config().num_hidden_layers; ++i)
    ++layers[decoder.placement_of(i).device_index];
  int64_t slots = std::numeric_limits<int64_t>::max();
  for (const auto& [device, count] : layers) {
    Placement where = decoder.placement();
    where.device_index = device;
    slots = std::min(slots, cache_bytes(where) / (count * layer_bytes));
  }
  return slots;
}

int64_t cache_slots(const Decoder& decoder, const std::vector<DecodePrompt>& prompts,
                    const GenerationOptions& options, int64_t num_samples, int64_t max_rows) {
  const ModelConfig& config = decoder.config();
  int64_t longest = 0;
  for (const DecodePrompt& prompt : prompts)
    longest = std::max<int64_t>(longest, static_cast<int64_t>(prompt.ids.size()));
  const int64_t active = std::min<int64_t>(static_cast<int64_t>(prompts.size()), max_rows / num_samples + 2);
  const int64_t rows = std::min(max_rows, static_cast<int64_t>(prompts.size()) * num_samples);
  const int64_t wanted = rows * options.max_new_tokens + active * longest;
  const int64_t element = decoder.placement().dtype == DType::kFloat32 ? 4 : 2;
  const int64_t layer_bytes = 2 * config.num_key_value_heads * config.head_dim * element;
  return std::max(std::min(wanted, slots_with_room(decoder, layer_bytes)), longest + options.max_new_tokens);
}

// What the completion adds to the prompt's text. Decoding both together keeps a leading space or a character
// that straddles the boundary; where the joint text does not begin with the prompt's, the completion is
// decoded by itself.
std::string completion_text(const Tokenizer& tokenizer, const std::vector<int64_t>& prompt,
                            const std::vector<int64_t>& completion) {
  std::vector<int64_t> joint = prompt;
  joint.insert(joint.end(), completion.begin(), completion.end());
  const std::string before = tokenizer.decode(prompt), text = tokenizer.decode(joint);
  return text.starts_with(before) ? text.substr(before.size()) : tokenizer.decode(completion);
}

}  // namespace

std::vector<std::vector<Completion>> DecoderLm::generate(std::span<const GenerateRequest> requests,
                                                         const GenerationOptions& options) {
  const int64_t num_samples = options.greedy ? 1 : options.num_samples;
  std::vector<std::vector<Completion>> completions(requests.size(), std::vector<Completion>(num_samples));
  std::vector<DecodePrompt> prompts;
  std::vector<size_t> owner;  // request of a prompt: those that cannot be continued have none
  const Rng rng = Rng(options.seed).fork("generate");
  for (size_t i = 0; i < requests.size(); ++i) {
    DecodePrompt prompt{encode_prompt(requests[i]), rng.fork(requests[i].id)};
    const auto length = static_cast<int64_t>(prompt.ids.size());
    if (length == 0 || length > info_.max_length - options.max_new_tokens) {
      for (Completion& completion : completions[i])
        completion.finish_reason = length == 0 ? FinishReason::kNoPrompt : FinishReason::kTooLong;
      continue;
    }
    owner.push_back(i);
    prompts.push_back(std::move(prompt));
  }
  if (prompts.empty()) return completions;

  DecodeLoop loop(*decoder_, options, stop_ids_, batch_tokens_,
                  cache_slots(*decoder_, prompts, options, num_samples, batch_tokens_));
  Progress progress =
      context_.progress("generating", static_cast<int64_t>(prompts.size()) * num_samples, "samples");
  const auto finished = [&](int64_t prompt, int64_t sample, DecodedSample decoded) {
    Completion& completion = completions[owner[prompt]][sample];
    completion.text = completion_text(*tokenizer_, prompts[prompt].ids, decoded.ids);
    completion.token_ids = std::move(decoded.ids);
    completion.finish_reason = decoded.finish_reason;
    progress.advance(1);
  };
  try {
    num_tokens_computed_ +=
        loop.run(prompts, num_samples, finished, [&] { context_.throw_if_interrupted(); });
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNumerics) throw_not_finite(info_);  // the sampler knows no checkpoint
    throw;
  }
  return completions;
}

}  // namespace xlt
