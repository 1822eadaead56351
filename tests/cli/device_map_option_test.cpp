// SPDX-License-Identifier: Apache-2.0
// --device-map: names to devices.
#include "cli/device_map_option.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xlt/base/error.h"

namespace xlt::cli {
namespace {

using ::testing::HasSubstr;

GlobalOptions on(const std::string& device, const std::string& dtype = "auto") {
  GlobalOptions options;
  options.device = device;
  options.dtype = dtype;
  return options;
}

std::string failure_of(const std::string& device_map, const GlobalOptions& options, ErrorKind kind) {
  try {
    DeviceMapOption{device_map}.devices(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "";
}

TEST(DeviceMapOption, NamesDevicesInTheirOrderInOneDtype) {
  const auto devices = DeviceMapOption{"cpu,cpu,cpu"}.devices(on("auto", "bfloat16"));
  ASSERT_EQ(devices.size(), 3u);
  for (const Placement& where : devices) {
    EXPECT_FALSE(where.is_cuda);
    EXPECT_EQ(where.dtype, DType::kBFloat16);
  }
}

TEST(DeviceMapOption, WithoutItAllIsOnTheOneDevice) {
  ASSERT_EQ(DeviceMapOption{}.devices(on("cpu")).size(), 1u);
  EXPECT_FALSE(DeviceMapOption{}.devices(on("cpu")).front().is_cuda);
}

TEST(DeviceMapOption, BesideDeviceItIsRefused) {
  EXPECT_THAT(failure_of("cpu,cpu", on("cpu"), ErrorKind::kUsage),
              HasSubstr("--device says where the model is, too"));
}

TEST(DeviceMapOption, DevicesThatAreNotThereOrNoneAreNamed) {
  EXPECT_THAT(failure_of("cuda:98,cuda:99", on("auto"), ErrorKind::kUnsupported),
              HasSubstr("--device-map cuda:98"));
  for (const char* wrong : {"auto,cpu", "gpu", "cpu,"}) {
    DeviceMapOption option;
    EXPECT_THROW(set_option(visit_of(option), "device_map", wrong), Error) << wrong;
  }
}

}  // namespace
}  // namespace xlt::cli
