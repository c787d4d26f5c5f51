#include "runtime/generation/stop_filter.h"

#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/support.h"

namespace crayon::generation {
namespace {

TEST(StopFilter, HoldsBackOnlyWhatMayBecomeAStop) {
  StopFilter filter({"\n\nUser:"});
  EXPECT_EQ(filter.push("Paris."), "Paris.");
  EXPECT_EQ(filter.push(" Yes\n"), " Yes");
  EXPECT_EQ(filter.push("\nUs"), "");
  EXPECT_EQ(filter.push("ually"), "\n\nUsually");
  EXPECT_FALSE(filter.stopped());
}

TEST(StopFilter, AStopInPiecesNeverShows) {
  StopFilter filter({"STOP"});
  EXPECT_EQ(filter.push("go S"), "go ");
  EXPECT_EQ(filter.push("TO"), "");
  EXPECT_EQ(filter.push("P and on"), "");
  EXPECT_TRUE(filter.stopped());
  EXPECT_EQ(filter.push("more"), "");
  EXPECT_EQ(filter.finish(), "");
}

TEST(StopFilter, AnUnfinishedStopIsTextAfterAll) {
  StopFilter filter({"STOP"});
  EXPECT_EQ(filter.push("go STO"), "go ");
  EXPECT_EQ(filter.finish(), "STO");
}

TEST(StopFilter, AStopThatOverlapsItself) {
  StopFilter filter({"aab"});
  EXPECT_EQ(filter.push("aa"), "");
  EXPECT_EQ(filter.push("a"), "a");
  EXPECT_EQ(filter.push("b"), "");
  EXPECT_TRUE(filter.stopped());
}

TEST(StopFilter, TheFirstToEndCounts) {
  StopFilter filter({"abcd", "c", "bc"});
  EXPECT_EQ(filter.push("xabcd"), "xa");  // "bc" and "c" end together: the longest of them
  EXPECT_TRUE(filter.stopped());
}

TEST(StopFilter, TheCutsOfTheTextMakeNoDifference) {
  Random random(11);
  const std::vector<std::string> stops = {"abab", "bb", "caca"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      text += static_cast<char>('a' + random.below(3));
    }
    StopFilter whole(stops);
    std::string expected = whole.push(text);
    expected += whole.finish();
    StopFilter cut(stops);
    std::string shown;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = 1 + random.below(4);
      shown += cut.push(std::string_view(text).substr(at, length));
      at += length;
    }
    shown += cut.finish();
    EXPECT_EQ(shown, expected) << text;
    EXPECT_EQ(cut.stopped(), whole.stopped()) << text;
  }
}

TEST(StopFilter, NoStopsHoldNothing) {
  StopFilter filter({});
  EXPECT_EQ(filter.push("anything\n"), "anything\n");
  EXPECT_EQ(filter.finish(), "");
}

TEST(StopFilter, AnEmptyStopIsRefused) {
  EXPECT_EQ(test::code_of([] { StopFilter filter({"x", ""}); }), Code::bad_argument);
}

}  // namespace
}  // namespace crayon::generation
