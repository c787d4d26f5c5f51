#include "train/tokens/shard.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "base/random.h"
#include "tests/support/support.h"

namespace crayon::train {
namespace {

using test::code_of;

/// A text of three tokens, and a question of two with an answer of two.
Shard sample() {
  Shard shard;
  shard.ids = {1, 5, 6, 1, 7, 8, 2};
  shard.starts = {0, 3, 7};
  shard.answers = {0, 2};
  shard.tasks = {0, 1};
  shard.task_names = {"text", "sensor \"read\""};
  shard.vocab_size = 9;
  return shard;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void overwrite(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

TEST(Shard, ComesBackAsItWasWritten) {
  const test::TempDir dir;
  const Shard shard = sample();
  write_shard(shard, dir / "a.tokens");
  const Shard read = read_shard(dir / "a.tokens");
  EXPECT_EQ(read.ids, shard.ids);
  EXPECT_EQ(read.starts, shard.starts);
  EXPECT_EQ(read.answers, shard.answers);
  EXPECT_EQ(read.tasks, shard.tasks);
  EXPECT_EQ(read.task_names, shard.task_names);
  EXPECT_EQ(read.vocab_size, shard.vocab_size);

  Shard empty;
  empty.starts = {0};
  write_shard(empty, dir / "empty.tokens");
  EXPECT_TRUE(read_shard(dir / "empty.tokens").ids.empty());
}

TEST(Shard, IsCheckedNumberByNumber) {
  using Damage = void (*)(Shard&);
  for (const Damage damage : {
           Damage([](Shard& s) { s.ids[3] = 9; }),
           Damage([](Shard& s) { s.ids[3] = -1; }),
           Damage([](Shard& s) { s.starts[0] = 1; }),
           Damage([](Shard& s) { s.starts[1] = 0; }),
           Damage([](Shard& s) { s.starts[1] = 7; }),
           Damage([](Shard& s) { s.starts[1] = 9; }),
           Damage([](Shard& s) { s.starts[1] = std::numeric_limits<std::int64_t>::min(); }),
           Damage([](Shard& s) { s.starts[2] = 6; }),
           Damage([](Shard& s) { s.starts.clear(); }),
           Damage([](Shard& s) { s.starts.pop_back(); }),
           Damage([](Shard& s) { s.answers[1] = 4; }),
           Damage([](Shard& s) { s.answers[0] = -1; }),
           Damage([](Shard& s) { s.answers.clear(); }),
           Damage([](Shard& s) { s.tasks[1] = 2; }),
           Damage([](Shard& s) { s.tasks[0] = -1; }),
           Damage([](Shard& s) { s.tasks.pop_back(); }),
           Damage([](Shard& s) { s.task_names.clear(); }),
       }) {
    const test::TempDir dir;
    Shard shard = sample();
    damage(shard);
    std::string sentence;
    EXPECT_EQ(code_of([&] { write_shard(shard, dir / "a.tokens"); }, &sentence), Code::corrupt);
    EXPECT_NE(sentence.find("a.tokens"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(dir / "a.tokens"));
  }
}

TEST(Shard, ReaderNamesWhatIsWrong) {
  const test::TempDir dir;
  write_shard(sample(), dir / "good");
  const std::string good = content_of(dir / "good");
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    EXPECT_EQ(from.size(), to.size());
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const auto code = [&](const std::string& content) {
    overwrite(dir / "bad", content);
    return code_of([&] { read_shard(dir / "bad"); });
  };
  EXPECT_EQ(code(""), Code::truncated);
  EXPECT_EQ(code(good.substr(0, 40)), Code::truncated);
  EXPECT_EQ(code(good.substr(0, good.size() - 1)), Code::truncated);
  EXPECT_EQ(code(std::string(8, '\xff') + good.substr(8)), Code::over_limit);
  EXPECT_EQ(code(replaced("\"ids\"", "\"odd\"")), Code::malformed);
  EXPECT_EQ(code(replaced("I64", "F64")), Code::malformed);
  EXPECT_EQ(code(replaced("\"shape\":[7]", "\"shape\":[8]")), Code::corrupt);
  EXPECT_EQ(code(replaced("\"shape\":[7]", "\"shape\":\"7\"")), Code::malformed);
  EXPECT_EQ(code(replaced("\"9\"", "\"x\"")), Code::malformed);
  EXPECT_EQ(code(replaced("\"9\"", "\"8\"")), Code::corrupt);  // an id is 8
  EXPECT_EQ(code(replaced("[0,24]", "[9,24]")), Code::corrupt);
  EXPECT_EQ(code(replaced("[\\\"text", "{\\\"text")), Code::malformed);
}

TEST(Shard, ReaderSurvivesAnyDamage) {
  const test::TempDir dir;
  write_shard(sample(), dir / "good");
  const std::string good = content_of(dir / "good");
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    for (int i = 0; i < 3; ++i) {
      bad[random.below(bad.size())] = static_cast<char>(random.below(256));
    }
    overwrite(dir / "bad", bad);
    try {
      check_shard(read_shard(dir / "bad"), "bad");
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace crayon::train
