// SPDX-License-Identifier: Apache-2.0
// Names of the hub, and the cache as the hub's own tools lay it out.
#include "xlt/checkpoint/hub_cache.h"

#include "scratch_folder.h"

#include <gtest/gtest.h>

#include "xlt/base/file.h"
#include "xlt/base/json.h"
#include "xlt/checkpoint/model_source.h"

namespace xlt {
namespace {

class HubCache : public FolderTest {
 protected:
  fs::path snapshot(const std::string& commit) const { return entry_ / "snapshots" / commit; }
  void add_snapshot(const std::string& commit) const {
    write_file(entry_ / "blobs" / "0123", "{}");
    make_folders(snapshot(commit));
    fs::create_symlink("../../blobs/0123", snapshot(commit) / "config.json");
  }
  const fs::path entry_ = folder_ / "models--org--tiny-1.5";
};

TEST_F(HubCache, FindsWhatARevisionStandsFor) {
  add_snapshot("aaaa");
  add_snapshot("bbbb");
  write_file(entry_ / "refs" / "main", "aaaa");
  write_file(entry_ / "refs" / "v2" / "beta", "bbbb\n");
  EXPECT_EQ(find_model("org/tiny-1.5", folder_), snapshot("aaaa"));
  EXPECT_EQ(find_model("org/tiny-1.5@v2/beta", folder_), snapshot("bbbb"));
  EXPECT_EQ(find_model("org/tiny-1.5@bbbb", folder_), snapshot("bbbb"));  // the commit itself
  EXPECT_EQ(find_model("org/tiny-1.5@other", folder_), "org/tiny-1.5@other");
  EXPECT_EQ(open_model_source(find_model("org/tiny-1.5", folder_))->config().dump(), "{}");
}

TEST_F(HubCache, AnOnlySnapshotNeedsNoReference) {
  add_snapshot("aaaa");
  EXPECT_EQ(find_model("org/tiny-1.5", folder_), snapshot("aaaa"));
  add_snapshot("bbbb");
  EXPECT_EQ(find_model("org/tiny-1.5", folder_), "org/tiny-1.5");
}

TEST_F(HubCache, PathsWinAndOthersStay) {
  add_snapshot("aaaa");
  EXPECT_EQ(find_model(folder_.string(), folder_), folder_);
  EXPECT_EQ(find_model("org/none", folder_), "org/none");
  EXPECT_EQ(find_model("org/tiny-1.5", ""), "org/tiny-1.5");
  EXPECT_EQ(find_model("", folder_), "");
}

TEST_F(HubCache, AReferenceThatLeavesTheCacheIsNotFollowed) {
  add_snapshot("aaaa");
  add_snapshot("bbbb");
  write_file(entry_ / "refs" / "main", "../../..");
  EXPECT_EQ(find_model("org/tiny-1.5", folder_), "org/tiny-1.5");
  for (const char* name : {"org/tiny-1.5@../../x", "org/tiny-1.5@/etc", "../tiny", "org/..", "a/b/c", "org/",
                           "/x", "org/a b", "org/a@"})
    EXPECT_FALSE(parse_hub_name(name)) << name;
}

TEST_F(HubCache, SaysHowToFetch) {
  EXPECT_EQ(hub_download_command(*parse_hub_name("org/a")), "hf download org/a");
  EXPECT_EQ(hub_download_command(*parse_hub_name("org/a@v1")), "hf download org/a --revision v1");
}

TEST_F(HubCache, NamesTheScriptFirstWhereItIs) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const std::string without = how_to_fetch(*parse_hub_name("org/a@v1"));
  fs::create_directories("scripts");
  write_file("scripts/fetch_models.sh", "");
  const std::string with = how_to_fetch(*parse_hub_name("org/a@v1"));
  fs::current_path(before);
  EXPECT_EQ(without, "hf download org/a --revision v1");
  EXPECT_EQ(with, "scripts/fetch_models.sh org/a@v1 (or hf download org/a --revision v1)");
}

}  // namespace
}  // namespace xlt
