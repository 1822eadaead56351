// SPDX-License-Identifier: Apache-2.0
#include "cli/device_map_option.h"

#include <algorithm>

#include "xlt/base/error.h"
#include "xlt/base/split.h"
#include "xlt/lm/runtime.h"

namespace xlt::cli {

namespace {

constexpr const char* kFlag = "--device-map";

std::string check_device_map(const std::string& device_map) {
  if (device_map.empty() || device_map == "auto") return {};
  for (const std::string& device : split(device_map, ',')) {
    if (device == "auto") return "is auto alone, or devices: cuda:0,cuda:1";
    if (const std::string wrong = check_device(device); !wrong.empty()) return wrong;
  }
  return {};
}

std::vector<std::string> names_of_all() {
  std::vector<std::string> names;
  for (int i = 0; i < num_cuda_devices(); ++i) names.push_back(str_cat("cuda:", i));
  return names.empty() ? std::vector<std::string>{"cpu"} : names;
}

}  // namespace

void DeviceMapOption::visit(OptionVisitor& v) {
  v.field("device_map", device_map,
          "share the model's layers among devices, where one GPU does not hold them: auto: all GPUs, by the "
          "layers' bytes and the memory that is free of each; or the devices in the order of the layers, "
          "cuda:0,cuda:1 (cpu,cpu to try it); empty: all on --device",
          {.text = check_device_map, .describe = "auto or DEVICE,DEVICE,…"});
}

std::vector<Placement> DeviceMapOption::devices(const GlobalOptions& options) const {
  if (device_map.empty()) return {options.placement()};
  if (options.device != "auto")
    throw Error(ErrorKind::kUsage, "--device says where the model is, too: give one of them",
                str_cat(kFlag, " ", device_map));
  std::vector<Placement> devices;
  for (const std::string& name : device_map == "auto" ? names_of_all() : split(device_map, ','))
    devices.push_back(options.placement_on(name, kFlag));
  const auto is_cuda = [](const Placement& where) { return where.is_cuda; };
  if (std::any_of(devices.begin(), devices.end(), is_cuda) &&
      !std::all_of(devices.begin(), devices.end(), is_cuda))
    throw Error(ErrorKind::kUsage, "names GPUs and the CPU; a map is over the ones or the other",
                str_cat(kFlag, " ", device_map));
  return devices;
}

}  // namespace xlt::cli
