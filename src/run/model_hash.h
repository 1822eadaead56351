// SPDX-License-Identifier: Apache-2.0
// Which model made a number, by content: a copy elsewhere has the same hash, another model another one.
#pragma once

#include <filesystem>
#include <string>

namespace xlt {

// Hex SHA-256 of config, tokenizer and templates whole, and of every tensor's name, shape, dtype, first,
// middle and last 4 KiB: hashing gigabytes would cost more than a short evaluation. Training moves every
// element of a tensor it touches; an edit that spares these blocks in every tensor goes unseen. Throws as
// open_model_source.
std::string hash_of_model(const std::filesystem::path& model);
// Of the tensors alone, as above: the same for another config or chat template.
std::string hash_of_weights(const std::filesystem::path& model);
// Of a PEFT adapter's files, whole; empty for no adapter.
std::string hash_of_adapter(const std::filesystem::path& adapter);

}  // namespace xlt
