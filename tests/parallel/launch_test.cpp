// SPDX-License-Identifier: Apache-2.0
// What launchers' variables say.
#include "xlt/parallel/launch.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace xlt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Environment = std::map<std::string, std::string>;

std::optional<Launch> launch_in(const Environment& environment) {
  return read_launch([&](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
}

std::string error_in(const Environment& environment) {
  try {
    launch_in(environment);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "none";
}

Environment with(Environment environment, const Environment& more) {
  for (const auto& [name, value] : more) environment[name] = value;
  return environment;
}

const Environment kTorchrun = {{"RANK", "3"},
                               {"WORLD_SIZE", "4"},
                               {"LOCAL_RANK", "1"},
                               {"LOCAL_WORLD_SIZE", "2"},
                               {"MASTER_ADDR", "node1"},
                               {"MASTER_PORT", "29501"}};
const Environment kSrun = {{"SLURM_PROCID", "1"},   {"SLURM_NTASKS", "2"},
                           {"SLURM_LOCALID", "0"},  {"SLURM_STEP_ID", "0"},
                           {"SLURM_JOB_ID", "100"}, {"SLURM_JOB_NODELIST", "gpu[03-04]"}};

TEST(ReadLaunch, KnowsNoRankWhereNobodySaysOne) {
  EXPECT_FALSE(launch_in({}));
  EXPECT_FALSE(launch_in({{"MASTER_ADDR", "node1"}, {"MASTER_PORT", "29500"}, {"RANK", ""}}));
}

TEST(ReadLaunch, ReadsTorchrun) {
  const auto launch = launch_in(with(kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", "True"},
                                                 {"TORCHELASTIC_RESTART_COUNT", "2"},
                                                 {"GLOO_SOCKET_IFNAME", "eth1"}}));
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 3);
  EXPECT_EQ(launch->world_size, 4);
  EXPECT_EQ(launch->local_rank, 1);
  EXPECT_EQ(launch->host, "node1");
  EXPECT_EQ(launch->port, 29501);
  EXPECT_TRUE(launch->is_served_by_launcher);
  EXPECT_EQ(launch->attempt, "2");
  EXPECT_EQ(launch->network_interface, "eth1");
}

TEST(ReadLaunch, OneRankNeedsNoMeetingPoint) {
  const auto launch = launch_in({{"RANK", "0"}, {"WORLD_SIZE", "1"}});
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->world_size, 1);
}

TEST(ReadLaunch, ReadsSrun) {
  const auto launch = launch_in(kSrun);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 1);
  EXPECT_EQ(launch->world_size, 2);
  EXPECT_EQ(launch->local_rank, 0);
  EXPECT_EQ(launch->host, "gpu03");
  EXPECT_EQ(launch->port, 20700);
  EXPECT_FALSE(launch->is_served_by_launcher);
  // A step of fewer tasks than the job has.
  EXPECT_EQ(launch_in(with(kSrun, {{"SLURM_NTASKS", "8"}, {"SLURM_STEP_NUM_TASKS", "2"}}))->world_size, 2);
  EXPECT_EQ(launch_in(with(kSrun, {{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}))->host, "gpu03");
  EXPECT_EQ(launch_in(with(kSrun, {{"MASTER_ADDR", "a"}, {"MASTER_PORT", "5"}}))->host, "a");
}

TEST(ReadLaunch, ABatchScriptIsOneProcess) {
  Environment batch = kSrun;
  batch.erase("SLURM_STEP_ID");
  // Process 0 of its tasks: another number is none that a batch script has.
  EXPECT_THAT(error_in(batch), AllOf(HasSubstr("SLURM_PROCID says 1 of 2"), HasSubstr("SLURM_STEP_ID")));
  EXPECT_THAT(error_in(with(batch, {{"SLURM_PROCID", "2"}})), HasSubstr("is no rank of SLURM_NTASKS 2"));
  batch["SLURM_PROCID"] = "0";
  EXPECT_FALSE(launch_in(batch));
  batch["MASTER_ADDR"] = "gpu03";  // somebody means it
  EXPECT_EQ(launch_in(batch)->rank, 0);
}

TEST(ReadLaunch, ReadsMpirun) {
  const Environment open_mpi = {{"OMPI_COMM_WORLD_RANK", "2"},
                                {"OMPI_COMM_WORLD_SIZE", "4"},
                                {"OMPI_COMM_WORLD_LOCAL_RANK", "2"},
                                {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}};
  EXPECT_EQ(launch_in(open_mpi)->host, "127.0.0.1");
  EXPECT_EQ(launch_in(open_mpi)->port, 29500);
  EXPECT_THAT(error_in(with(open_mpi, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "3"}})), HasSubstr("MASTER_ADDR"));
  EXPECT_EQ(launch_in({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"MASTER_ADDR", "b"}})->rank, 1);
}

TEST(ReadLaunch, RefusesWhatIsHalfThere) {
  EXPECT_THAT(error_in({{"RANK", "0"}}),
              AllOf(HasSubstr("RANK"), HasSubstr("WORLD_SIZE"), HasSubstr("unset")));
  EXPECT_THAT(error_in({{"WORLD_SIZE", "2"}}), HasSubstr("RANK is not"));
  EXPECT_THAT(error_in({{"LOCAL_RANK", "0"}}), HasSubstr("RANK and WORLD_SIZE are not"));
  for (const char* name : {"MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE"}) {
    Environment half = kTorchrun;
    half.erase(name);
    EXPECT_THAT(error_in(half), HasSubstr(name));
  }
  Environment no_host = kSrun;
  no_host.erase("SLURM_JOB_NODELIST");
  EXPECT_THAT(error_in(no_host), HasSubstr("MASTER_ADDR"));
  Environment no_size = kSrun;
  no_size.erase("SLURM_NTASKS");
  EXPECT_THAT(error_in(no_size), HasSubstr("SLURM_NTASKS is not"));
}

TEST(ReadLaunch, RefusesContradictions) {
  EXPECT_THAT(error_in(with(kTorchrun, {{"RANK", "4"}})), HasSubstr("RANK 4 is no rank of WORLD_SIZE 4"));
  EXPECT_THAT(error_in(with(kTorchrun, {{"RANK", "-1"}})), HasSubstr("RANK: \"-1\""));
  EXPECT_THAT(error_in(with(kTorchrun, {{"RANK", "first"}})), HasSubstr("first"));
  EXPECT_THAT(error_in(with(kTorchrun, {{"WORLD_SIZE", "0"}})), HasSubstr("WORLD_SIZE"));
  EXPECT_THAT(error_in(with(kTorchrun, {{"LOCAL_RANK", "2"}})), HasSubstr("LOCAL_WORLD_SIZE 2"));
  EXPECT_THAT(error_in(with(kTorchrun, {{"LOCAL_WORLD_SIZE", "5"}})), HasSubstr("LOCAL_WORLD_SIZE 5"));
  EXPECT_THAT(error_in(with(kTorchrun, {{"MASTER_PORT", "70000"}})), HasSubstr("MASTER_PORT"));
  const Environment both =
      with(kTorchrun, {{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "4"}, {"SLURM_STEP_ID", "0"}});
  EXPECT_THAT(error_in(both), AllOf(HasSubstr("RANK says 3 of 4"), HasSubstr("SLURM_PROCID says 1 of 4")));
  // torchrun on every node of a step gives ranks as it likes; or has several on a node.
  EXPECT_EQ(launch_in(with(both, {{"TORCHELASTIC_RUN_ID", "none"}}))->rank, 3);
  EXPECT_EQ(launch_in(with(both, {{"SLURM_NTASKS", "2"}}))->rank, 3);
}

TEST(FirstHost, OfSlurmsLists) {
  EXPECT_EQ(first_host("gpu7"), "gpu7");
  EXPECT_EQ(first_host("a1,b2"), "a1");
  EXPECT_EQ(first_host("gpu[003-006,9],cpu1"), "gpu003");
  EXPECT_EQ(first_host("rack[1,3]-n[08-09].x"), "rack1-n08.x");
}

}  // namespace
}  // namespace xlt
