// SPDX-License-Identifier: Apache-2.0
// The names that lm-evaluation-harness gives to a benchmark in one language.
#pragma once

#include <string>

namespace xlt {

struct TaskName {
  std::string benchmark, language;  // language: BCP-47
};

// "global_mmlu_full_de" → global_mmlu_full, de; "belebele_deu_Latn" → belebele, de; "crows_pairs_french" →
// crows_pairs, fr. A task whose name ends in no language is taken for English.
TaskName split_task(const std::string& task);
// Back: "rtp_lx", "pt-BR" → "rtp_lx_pt_BR".
std::string task_of(const std::string& benchmark, const std::string& language);

}  // namespace xlt
