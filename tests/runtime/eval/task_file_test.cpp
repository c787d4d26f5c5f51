#include "runtime/eval/task_file.h"

#include <fstream>
#include <string>

#include "tests/support/support.h"

namespace crayon::eval {
namespace {

using test::code_of;

TaskItem parsed(const std::string& line) {
  return parse_task_item(line, "here");
}

TEST(TaskItem, HasAllFields) {
  const TaskItem item = parsed(
      R"({"task":"t","context":"c","question":"q?","choices":["a","b"],"answer":1,"more":[]})");
  EXPECT_EQ(item.task, "t");
  EXPECT_EQ(item.content(), "c\nq?");
  EXPECT_EQ(item.choices.size(), 2u);
  EXPECT_EQ(item.answer, "b");
  EXPECT_EQ(item.answer_index, 1u);
}

TEST(TaskItem, NeedsOnlyAQuestion) {
  const TaskItem item = parsed(R"({"question":"q?"})");
  EXPECT_EQ(item.content(), "q?");
  EXPECT_TRUE(item.answer.empty());
  EXPECT_FALSE(item.answer_index);
  EXPECT_EQ(parsed(R"({"text":"as it is"})").content(), "as it is");
}

TEST(TaskItem, TakesAnAnswerAsText) {
  EXPECT_EQ(parsed(R"({"question":"q","answer":"free"})").answer, "free");
  EXPECT_FALSE(parsed(R"({"question":"q","answer":"free"})").answer_index);
  EXPECT_EQ(parsed(R"({"question":"q","choices":["a","b"],"answer":"b"})").answer_index, 1u);
}

TEST(TaskItem, NamesWhatIsWrong) {
  const std::string deep = "{\"question\":" + std::string(100000, '[');
  for (const std::string& line : {
           std::string("not json"),
           std::string("[1]"),
           std::string("{\"question\":\"\xff\"}"),
           deep,
           std::string(R"({"answer":"x"})"),
           std::string(R"({"question":5})"),
           std::string(R"({"question":""})"),
           std::string(R"({"question":"q","context":{}})"),
           std::string(R"({"question":"q","choices":"ab"})"),
           std::string(R"({"question":"q","choices":["a",1]})"),
           std::string(R"({"question":"q","choices":[""]})"),
           std::string(R"({"question":"q","answer":0})"),
           std::string(R"({"question":"q","choices":["a"],"answer":1})"),
           std::string(R"({"question":"q","choices":["a"],"answer":-1})"),
           std::string(R"({"question":"q","choices":["a"],"answer":0.5})"),
           std::string(R"({"question":"q","choices":["a"],"answer":18446744073709551616})"),
           std::string(R"({"question":"q","choices":["a"],"answer":"b"})"),
           std::string(R"({"question":"q","answer":""})"),
       }) {
    std::string sentence;
    EXPECT_EQ(code_of([&] { parsed(line); }, &sentence), Code::malformed) << line.substr(0, 80);
    EXPECT_TRUE(sentence.starts_with("here: ")) << sentence;
  }
  std::string many = R"({"question":"q","choices":["a")";
  for (int i = 0; i < 1024; ++i) {
    many += ",\"a\"";
  }
  EXPECT_EQ(code_of([&] { parsed(many + "]}"); }), Code::over_limit);
}

TEST(TaskFile, RefusesJsonThatTakesAHundredTimesItsSize) {
  const auto nested = [](std::size_t depth) {
    return R"({"question":"q","other":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(parsed(nested(60)).question, "q");
  std::string sentence;
  EXPECT_EQ(code_of([&] { parsed(nested(100)); }, &sentence), Code::malformed);
  EXPECT_NE(sentence.find("too deep"), std::string::npos) << sentence;
}

TEST(TaskFile, SkipsEmptyLinesAndCountsThem) {
  const test::TempDir dir;
  const auto path = dir / "tasks.jsonl";
  std::ofstream(path) << "{\"question\":\"one\"}\r\n\n  \n{\"question\":\"two\"}";
  const auto items = read_task_file(path);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[1].question, "two");

  std::ofstream(path) << "{\"question\":\"one\"}\n\nwrong\n";
  std::string sentence;
  EXPECT_EQ(code_of([&] { read_task_file(path); }, &sentence), Code::malformed);
  EXPECT_NE(sentence.find("tasks.jsonl, line 3"), std::string::npos) << sentence;

  std::ofstream(path) << "\n";
  EXPECT_EQ(code_of([&] { read_task_file(path); }), Code::malformed);
}

}  // namespace
}  // namespace crayon::eval
