// SPDX-License-Identifier: Apache-2.0
#include "xlt/run/doctor.h"

#include <thread>

#include "xlt/base/error.h"
#include "xlt/base/file.h"
#include "xlt/base/language.h"
#include "xlt/base/memory.h"
#include "xlt/base/version.h"
#include "xlt/lm/runtime.h"
#include "xlt/text/language_id.h"

namespace xlt {

namespace {

Finding look_at_torch() {
  const std::string found =
      str_cat("built against ", build_torch_version(), ", running ", runtime_torch_version());
  try {
    check_torch_version();
    return {"libtorch", found};
  } catch (const Error& error) {
    return {"libtorch", found, Verdict::kProblem, error.message()};
  }
}

Finding look_at_cpu() {
  const std::string capability = cpu_capability();
  Finding finding{
      "cpu", str_cat(std::thread::hardware_concurrency(), " hardware threads, kernels for ", capability)};
  if (capability == "DEFAULT" || capability == "NO AVX") {
    finding.verdict = Verdict::kNote;
    finding.advice = "no AVX2: expect a tenth of the speed";
  }
  return finding;
}

Finding look_at_matmul() {
  const std::string half = matmul_library(DType::kBFloat16);
  return {"matrix products",
          str_cat("float32 by ", matmul_library(DType::kFloat32), ", bfloat16 by ", half,
                  half == "xlt" ? ", in " + bfloat16_unit() : "", ", ", num_threads(), " threads")};
}

Finding look_at_cuda() {
  if (const std::string why = why_no_cuda(); !why.empty())
    return {"cuda", why, Verdict::kNote, "runs on the CPU; where a GPU is, see what nvidia-smi says"};
  return {"cuda", str_cat(num_cuda_devices(), " device(s)")};
}

Finding look_at_memory() {
  const auto memory = machine_memory();
  if (!memory) return {"memory", "not known on this system", Verdict::kNote};
  const std::string found = gib_text(memory->total) + ", " + gib_text(memory->available) + " available";
  constexpr int64_t kLittle = int64_t{3} << 30;  // a 270M model in float32, its gradients and a batch
  if (memory->available >= kLittle) return {"memory", found};
  return {"memory", found, Verdict::kNote, "little: use --dtype bfloat16 and a small --batch-tokens"};
}

// Where scripts/setup.sh --lid puts it, from the folder that commands are started in.
constexpr const char* kUsualLid = "models/lid.176.ftz";

Finding look_at_no_language_id() {
  const std::string unscored = "language metrics stay unscored; pass --lid ";
  if (fs::is_regular_file(kUsualLid))
    return {"language identification", str_cat("no model given, though ", kUsualLid, " is here"),
            Verdict::kNote, unscored + kUsualLid};
  return {"language identification", "no model given", Verdict::kNote,
          unscored + "FILE (fastText's lid.176.ftz, which scripts/setup.sh --lid puts into models/)"};
}

Finding look_at_language_id(const std::string& lid_file) {
  if (lid_file.empty()) return look_at_no_language_id();
  try {
    const auto guess = load_language_identifier(lid_file)->identify("This is a sentence in English.");
    if (is_language(guess.language, "en"))
      return {"language identification", lid_file + " loads and knows English"};
    return {"language identification", lid_file + " takes English for " + guess.language, Verdict::kProblem,
            "download the model again"};
  } catch (const Error& error) {
    return {"language identification", error.what(), Verdict::kProblem,
            "pass a fastText model such as lid.176.ftz"};
  }
}

}  // namespace

std::vector<Finding> examine_machine(const std::string& lid_file) {
  const std::string commit =
      std::string(build_commit()).substr(0, 12) + (build_dirty() ? ", with uncommitted changes" : "");
  return {{"xlt", str_cat(version(), " (", commit, ")")},
          look_at_torch(),
          look_at_cpu(),
          look_at_matmul(),
          look_at_cuda(),
          look_at_memory(),
          look_at_language_id(lid_file)};
}

}  // namespace xlt
