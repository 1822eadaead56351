// SPDX-License-Identifier: Apache-2.0
// TensorBoard's event files, byte by byte.
#include "train/event_file.h"

#include "train/train_testing.h"

namespace xlt {
namespace {

// RFC 3720, B.4, and the check value of the CRC catalogue.
TEST(EventFile, Crc32cIsCastagnolis) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(crc32c(""), 0u);
}

// The mask of TFRecord: rotated right by 15 bits, plus 0xa282ead8.
TEST(EventFile, Crc32cIsMaskedAsInTfRecord) {
  const uint32_t crc = 0xE3069283u;
  EXPECT_EQ(masked_crc32c("123456789"), ((crc >> 15) | (crc << 17)) + 0xa282ead8u);
}

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes += static_cast<char>(value);
  return bytes;
}

// Written out by hand from event.proto and summary.proto: wall time 2.5, step 300, one scalar of 0.5.
TEST(EventFile, ARowIsAnEventOfItsNumbers) {
  const fs::path file = fresh_folder("events") / "tensorboard" / "e.tfevents";
  const EventFile events(file, 2.0);
  events.rewrite({});
  const std::string head = read_file(file);
  // 8 + 4 + (9 wall time, 2 step, 2 + 13 version) + 4
  EXPECT_EQ(head.size(), 8u + 4 + 26 + 4);
  EXPECT_NE(head.find("brain.Event:2"), std::string::npos);
  events.append({{"step", 300}, {"split", "eval"}, {"loss", 0.5}, {"seconds", 0.5}, {"grad_norm", nullptr}});
  const std::string text = read_file(file);
  ASSERT_TRUE(text.starts_with(head));
  const std::string loss = bytes_of({0x0a, 9}) + "eval/loss" + bytes_of({0x15, 0, 0, 0, 0x3f});
  const std::string seconds = bytes_of({0x0a, 12}) + "eval/seconds" + bytes_of({0x15, 0, 0, 0, 0x3f});
  const std::string summary = bytes_of({0x0a, static_cast<int>(loss.size())}) + loss +
                              bytes_of({0x0a, static_cast<int>(seconds.size())}) + seconds;
  const std::string event = bytes_of({0x09, 0, 0, 0, 0, 0, 0, 0x04, 0x40, 0x10, 0xac, 0x02, 0x2a,
                                      static_cast<int>(summary.size())}) +
                            summary;
  EXPECT_EQ(text.substr(head.size() + 12, event.size()), event);
  EXPECT_EQ(text.size(), head.size() + 12 + event.size() + 4);
}

TEST(EventFile, FollowsMetricsThroughARestart) {
  const auto run = [](const std::string& folder, bool in_two) {
    TrainFixture fixture(folder);
    fixture.job.records.texts = letter_texts(8);
    fixture.options.tensorboard = true;
    fixture.options.save_steps = 2;
    fixture.options.max_steps = in_two ? 2 : 4;
    fixture.run();
    if (in_two) {
      TrainFixture again(folder, 0, /*clean=*/false);
      again.job.records.texts = letter_texts(8);
      again.options.tensorboard = true;
      again.options.save_steps = 2;
      again.options.max_steps = 4;
      again.job.resume = true;
      again.run();
    }
    return read_file(fixture.job.output / "tensorboard" / "events.out.tfevents.xlt").size();
  };
  EXPECT_EQ(run("events_whole", false), run("events_resumed", true));
}

}  // namespace
}  // namespace xlt
