#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crayon::eval {

/// One line of a task file (JSONL): a question, what it is about, and how it is to be answered.
struct TaskItem {
  std::string task;     ///< empty: none
  std::string context;  ///< empty: none
  std::string question;
  std::vector<std::string> choices;         ///< empty: a free answer
  std::string answer;                       ///< its text; empty: none is given
  std::optional<std::size_t> answer_index;  ///< into choices; there exactly with answer and choices

  /// What the user says: the context, if any, on a line of its own in front of the question.
  std::string content() const;
};

/// Reads one line: {"task":..,"context":..,"question":..,"choices":[..],"answer":INDEX or TEXT},
/// where all but the question may be missing and "text" is another word for it; other fields are
/// left alone. Throws malformed or over_limit, in a sentence that begins with `where`, when a field
/// has the wrong type, the answer is none of the choices, or there are over 1024 choices.
TaskItem parse_task_item(std::string_view line, const std::string& where);

/// All lines of a file of at most 64 MiB, empty ones left out. Throws as parse_task_item, naming
/// file and line, and malformed when there is no item at all.
std::vector<TaskItem> read_task_file(const std::filesystem::path& path);

}  // namespace crayon::eval
