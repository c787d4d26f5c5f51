#include "cli/examples.h"

#include "runtime/eval/task_file.h"

namespace crayon::cli {

std::vector<std::string> read_examples(const std::filesystem::path& path) {
  std::vector<std::string> texts;
  for (const eval::TaskItem& item : eval::read_task_file(path)) {
    texts.push_back(item.content());
  }
  return texts;
}

}  // namespace crayon::cli
