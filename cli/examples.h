#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace crayon::cli {

/// What a user would say for each item of a task file (see runtime/eval/task_file.h): the
/// question, behind its context, or the line's `text`. Answers are not looked at, but must be in
/// order. Throws as read_task_file does.
std::vector<std::string> read_examples(const std::filesystem::path& path);

}  // namespace crayon::cli
