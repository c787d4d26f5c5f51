#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace crayon::cli {

/// The texts of a JSONL file: a line is an object with `question` and, optionally, `context`,
/// which comes first and on a line of its own, or with `text`. Empty lines are skipped. Throws
/// malformed, naming the file and the line, also when there is no example at all.
std::vector<std::string> read_examples(const std::filesystem::path& path);

}  // namespace crayon::cli
