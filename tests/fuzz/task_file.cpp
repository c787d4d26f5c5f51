// A file of tasks, JSON by the line.
#include "runtime/eval/task_file.h"

#include "tests/fuzz/files.h"

namespace crayon::fuzz {
namespace {

void check(std::string_view text) {
  static const MemoryFolder folder({"tasks.jsonl"});
  folder.write("tasks.jsonl", text);
  const std::filesystem::path file = folder / "tasks.jsonl";
  read_or_refuse(file, [&] {
    const std::vector<eval::TaskItem> items = eval::read_task_file(file);
    require(!items.empty(), "there is an item");
    for (const eval::TaskItem& item : items) {
      require(!item.question.empty(), "there is a question");
      require(item.content().ends_with(item.question), "the question comes last");
      require(item.answer_index.has_value() == (!item.choices.empty() && !item.answer.empty()),
              "an index is there exactly with answer and choices");
      require(!item.answer_index || item.choices.at(*item.answer_index) == item.answer,
              "it is the answer's");
    }
  });
}

}  // namespace
}  // namespace crayon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check(crayon::fuzz::text_of(data, size));
  return 0;
}
