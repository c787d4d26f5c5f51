#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/checked.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/half.h"
#include "base/random.h"
#include "tests/support/support.h"

namespace crayon {
namespace {

using test::code_of;

TEST(Checked, NamesTheFieldThatOverflows) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::string sentence;
  EXPECT_EQ(code_of([&] { checked_mul(most, 2, "tensor.rows"); }, &sentence), Code::corrupt);
  EXPECT_NE(sentence.find("tensor.rows"), std::string::npos);
  EXPECT_EQ(code_of([&] { checked_add(most, 1, "x"); }), Code::corrupt);
  EXPECT_EQ(checked_mul(3, 4, "x"), 12u);
}

TEST(Checked, RangeAtTheVeryEnd) {
  EXPECT_NO_THROW(check_range(10, 0, 10, "x"));
  EXPECT_NO_THROW(check_range(4, 6, 10, "x"));
  EXPECT_EQ(code_of([] { check_range(4, 7, 10, "x"); }), Code::corrupt);
  EXPECT_EQ(code_of([] { check_range(11, 0, 10, "x"); }), Code::corrupt);
}

TEST(Half, EveryValueSurvivesTheRoundTrip) {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = f16_to_f32(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(value))));
    } else {
      EXPECT_EQ(f32_to_f16(value), half) << value;
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(f32_to_f16(1.0f + 0x1p-11f), f32_to_f16(1.0f));                // tie, even below
  EXPECT_EQ(f32_to_f16(1.0f + 3 * 0x1p-11f), f32_to_f16(1.0f + 0x1p-9f));  // tie, even above
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
  EXPECT_EQ(f32_to_f16(-0x1p-25f), 0x8000);
}

TEST(File, MissingAndShort) {
  const test::TempDir folder;
  EXPECT_EQ(code_of([&] { File(folder / "none"); }), Code::not_found);
  EXPECT_EQ(code_of([&] { File(folder.path()); }), Code::io);
  write_text(folder / "four", "four");
  const File file(folder / "four");
  std::vector<std::uint8_t> bytes(5);
  EXPECT_EQ(code_of([&] { file.read_at(0, bytes); }), Code::truncated);
  EXPECT_EQ(code_of([&] { read_text(folder / "four", 3); }), Code::over_limit);
  EXPECT_EQ(read_text(folder / "four", 4), "four");
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const test::TempDir folder;
  {
    AtomicFile writer(folder / "file");
    writer.write(as_bytes("half"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(AtomicFile, HasNoNameBeforeItsEnd) {
  const test::TempDir folder;
  const int nameless = ::open(folder.path().c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
  if (nameless < 0) {
    GTEST_SKIP() << "this file system has no files without a name";
  }
  ::close(nameless);
  AtomicFile writer(folder / "file");
  writer.write(as_bytes("whole"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  writer.commit();
  EXPECT_EQ(read_text(folder / "file", 100), "whole");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(AtomicFile, ATextTakesThePlaceOfTheOneBefore) {
  const test::TempDir folder;
  write_text(folder / "file", "the longer one");
  write_text(folder / "file", "new");
  EXPECT_EQ(read_text(folder / "file", 100), "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(AtomicFile, NeverReplacesADeviceOrAFolder) {
  const test::TempDir folder;
  EXPECT_EQ(code_of([&] { AtomicFile writer("/dev/null"); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { AtomicFile writer(folder.path()); }), Code::bad_argument);
}

TEST(Exit, FollowsTheFamilyOfTheCode) {
  EXPECT_EQ(exit_of(Code::malformed), Exit::bad_file);
  EXPECT_EQ(exit_of(Code::bad_tokenizer), Exit::bad_file);
  EXPECT_EQ(exit_of(Code::wrong_base), Exit::bad_file);
  EXPECT_EQ(exit_of(Code::timed_out), Exit::network);
  EXPECT_EQ(exit_of(Code::bad_argument), Exit::usage);
  EXPECT_EQ(exit_of(Code::cancelled), Exit::system);
}

TEST(Random, IsTheSameEverywhere) {
  Random random(1);
  EXPECT_EQ(random.next(), 0x910a2dec89025cc1u);  // the published sequence for seed 1
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    sum += random.normal();
  }
  EXPECT_NEAR(sum / 10000, 0, 0.05);
}

}  // namespace
}  // namespace crayon
