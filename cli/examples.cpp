#include "cli/examples.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace crayon::cli {
namespace {

using nlohmann::json;

constexpr std::uint64_t file_limit = std::uint64_t{64} << 20;  // bytes

std::string text_of(const json& example, const std::string& where) {
  const auto field = [&](const char* name) -> std::string {
    const auto found = example.find(name);
    if (found == example.end()) {
      return {};
    }
    if (!found->is_string()) {
      throw Error(Code::malformed, fmt::format("{}: \"{}\" is not a string", where, name));
    }
    return found->get<std::string>();
  };
  const std::string question = field("question");
  const std::string context = field("context");
  std::string text = question.empty()  ? field("text")
                     : context.empty() ? question
                                       : context + "\n" + question;
  if (text.empty()) {
    throw Error(Code::malformed, where + ": there is neither a \"question\" nor a \"text\"",
                "write one object a line: {\"question\": \"...\"}");
  }
  return text;
}

}  // namespace

std::vector<std::string> read_examples(const std::filesystem::path& path) {
  const std::string content = read_text(path, file_limit);
  std::vector<std::string> texts;
  std::string_view rest = content;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
      continue;
    }
    const std::string where = fmt::format("{}, line {}", path.string(), number);
    const json example = json::parse(line, nullptr, false);
    if (!example.is_object()) {
      throw Error(Code::malformed, where + ": not a JSON object",
                  "write one object a line: {\"question\": \"...\"}");
    }
    texts.push_back(text_of(example, where));
  }
  if (texts.empty()) {
    throw Error(Code::malformed, path.string() + ": there are no examples in it");
  }
  return texts;
}

}  // namespace crayon::cli
