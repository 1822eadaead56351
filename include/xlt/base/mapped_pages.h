// SPDX-License-Identifier: Apache-2.0
// What of a mapped file (MappedFile) lies in memory.
#pragma once

#include <cstddef>
#include <span>

namespace xlt {

// Takes the pages under `bytes` out of this process's memory, where a MappedFile holds them: who reads them
// again gets them from the file. Bytes that are in no MappedFile stay as they are.
void forget_pages(std::span<const std::byte> bytes);

}  // namespace xlt
