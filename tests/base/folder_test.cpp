#include "base/folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/support/support.h"

namespace crayon {
namespace {

using test::code_of;
using test::TempDir;

TEST(Folder, IsMadeOnce) {
  const TempDir dir;
  make_folder(dir / "a");
  make_folder(dir / "a");
  EXPECT_TRUE(std::filesystem::is_directory(dir / "a"));
  write_text(dir / "file", "x");
  EXPECT_EQ(code_of([&] { make_folder(dir / "file"); }), Code::io);
  EXPECT_EQ(code_of([&] { make_folder(dir / "none/b"); }), Code::not_found);
}

TEST(Folder, IsListedInOrderAndRemovedWithItsFiles) {
  const TempDir dir;
  make_folder(dir / "a");
  for (const char* name : {"c", ".b", "a"}) {
    write_text(dir / "a" / name, "x");
  }
  replace_link(dir / "a/link", "nowhere");
  const auto at = [&](const char* name) { return dir / "a" / name; };
  EXPECT_EQ(list_folder(dir / "a"),
            (std::vector<std::filesystem::path>{at(".b"), at("a"), at("c"), at("link")}));
  remove_folder(dir / "a");
  EXPECT_FALSE(std::filesystem::exists(dir / "a"));
  EXPECT_EQ(code_of([&] { list_folder(dir / "a"); }), Code::not_found);
  EXPECT_EQ(code_of([&] { remove_folder(dir / "a"); }), Code::not_found);
  EXPECT_NO_THROW(remove_file(dir / "none"));
}

TEST(Folder, LinksAreReplacedAsAWhole) {
  const TempDir dir;
  replace_link(dir / "link", "one");
  replace_link(dir / "link", "two");
  EXPECT_EQ(std::filesystem::read_symlink(dir / "link"), "two");
  EXPECT_EQ(list_folder(dir.path()).size(), 1u);  // no .part
  make_folder(dir / "folder");
  EXPECT_EQ(code_of([&] { replace_link(dir / "folder", "one"); }), Code::io);
  EXPECT_EQ(list_folder(dir.path()).size(), 2u);
}

TEST(Folder, SecondNamesAreOfTheSameFile) {
  const TempDir dir;
  write_text(dir / "one", "x");
  ASSERT_TRUE(link_file(dir / "one", dir / "two"));
  EXPECT_TRUE(std::filesystem::equivalent(dir / "one", dir / "two"));
  EXPECT_EQ(code_of([&] { link_file(dir / "one", dir / "two"); }), Code::io);
  EXPECT_EQ(code_of([&] { link_file(dir / "none", dir / "three"); }), Code::not_found);
  if (std::filesystem::exists("/proc/self/status")) {
    EXPECT_FALSE(link_file("/proc/self/status", dir / "three"));  // another file system
  }
}

TEST(Folder, LockGoesWithItsOwnerEvenAKilledOne) {
  const TempDir dir;
  {
    const FolderLock lock(dir.path());
    EXPECT_EQ(code_of([&] { FolderLock second(dir.path()); }), Code::io);
  }
  const ::pid_t child = ::fork();
  if (child == 0) {
    const FolderLock lock(dir.path());
    ::_exit(0);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_NO_THROW(FolderLock{dir.path()});
}

TEST(Folder, FreeSpaceIsThatOfItsFileSystem) {
  const TempDir dir;
  EXPECT_GT(free_bytes(dir.path()), 0u);
  EXPECT_EQ(code_of([&] { free_bytes(dir / "none"); }), Code::not_found);
}

}  // namespace
}  // namespace crayon
