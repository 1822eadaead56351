// SPDX-License-Identifier: Apache-2.0
#include "cli/global_options.h"

#include <algorithm>
#include <charconv>

#include "xlt/base/error.h"
#include "xlt/base/registry.h"  // nearest_name
#include "xlt/lm/runtime.h"

namespace xlt::cli {

namespace {

int parse_cuda_index(const std::string& device, const std::string& option) {
  constexpr std::string_view kPrefix = "cuda:";
  int index = -1;
  const char* begin = device.data() + kPrefix.size();
  const auto [end, fault] = std::from_chars(begin, device.data() + device.size(), index);
  if (fault != std::errc() || end != device.data() + device.size() || index < 0)
    throw Error(ErrorKind::kUsage, "\"" + device + "\" is no device; expected auto, cpu, cuda or cuda:N",
                option);
  return index;
}

int checked_cuda_index(const std::string& device, const std::string& option) {
  const int index = device == "cuda" ? 0 : parse_cuda_index(device, option);
  if (const std::string why = why_no_cuda(); !why.empty())
    throw Error(ErrorKind::kUnsupported, why + "; use --device cpu", option + " " + device);
  const int count = num_cuda_devices();
  if (index >= count)
    throw Error(ErrorKind::kUnsupported,
                str_cat("no such device: ", count, " CUDA device(s) found, counted from cuda:0"),
                option + " " + device);
  return index;
}

}  // namespace

std::string check_device(const std::string& device) {
  if (device == "auto" || device == "cpu" || device == "cuda" || device.starts_with("cuda:")) return {};
  const std::string near = nearest_name(device, {"auto", "cpu", "cuda"});
  return "\"" + device + "\" is no device; expected auto, cpu, cuda or cuda:N" +
         (near.empty() ? "" : "; did you mean \"" + near + "\"?");
}

void GlobalOptions::visit(OptionVisitor& v) {
  v.field("device", device, "where tensors live; auto: the first GPU, else the CPU",
          {.text = check_device, .describe = "auto, cpu, cuda or cuda:N"});
  v.field("dtype", dtype, "what is computed in; auto: float32 on a CPU, bfloat16 on a GPU",
          one_of({"auto", "float32", "bfloat16", "float16"}));
  v.field("threads", threads, "CPU threads of one operation, no more than there are cores; 0: all",
          at_least(0));
  v.field("seed", seed, "names every random stream", at_least(0));
  v.field("log_level", log_level, "least important log line to show",
          one_of({"debug", "info", "warning", "error", "off"}));
  v.field("quiet", quiet, "only warnings and errors, no progress");
}

std::string choose_threads(int64_t wanted) {
  const int64_t cores = num_usable_cores();
  set_num_threads(cores > 0 ? std::min(wanted, cores) : wanted);
  if (cores == 0 || wanted <= cores) return {};
  return str_cat("--threads ", wanted, " is more than the ", cores, " cores there are: using ", cores);
}

Placement GlobalOptions::placement() const { return placement_on(device, "--device"); }

Placement GlobalOptions::placement_on(const std::string& device, const std::string& option) const {
  Placement where;
  where.is_cuda = device != "cpu" && (device != "auto" || num_cuda_devices() > 0);
  if (where.is_cuda && device != "auto") where.device_index = checked_cuda_index(device, option);
  where.dtype = dtype_is_given() ? parse_dtype(dtype) : (where.is_cuda ? DType::kBFloat16 : DType::kFloat32);
  return where;
}

LogLevel GlobalOptions::level() const {
  const LogLevel chosen = log_level == "debug"     ? LogLevel::kDebug
                          : log_level == "warning" ? LogLevel::kWarning
                          : log_level == "error"   ? LogLevel::kError
                          : log_level == "off"     ? LogLevel::kOff
                                                   : LogLevel::kInfo;
  return quiet ? std::max(chosen, LogLevel::kWarning) : chosen;
}

}  // namespace xlt::cli
