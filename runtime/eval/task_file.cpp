#include "runtime/eval/task_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace crayon::eval {
namespace {

using nlohmann::json;

constexpr std::uint64_t file_limit = std::uint64_t{64} << 20;  // bytes
constexpr std::size_t most_choices = 1024;                     // a scored pass of the model each
constexpr int deepest = 64;  // a level costs a file one byte and us a hundred

constexpr const char* hint = "write one object a line: {\"question\": \"...\"}";

/// One line's object; every complaint begins with where it stands.
class Reader {
 public:
  Reader(const json& object, const std::string& where) : object_(object), where_(where) {}

  TaskItem read() {
    item_.task = text("task");
    item_.context = text("context");
    item_.question = text("question");
    if (item_.question.empty()) {
      item_.question = text("text");
    }
    if (item_.question.empty()) {
      fail("there is neither a \"question\" nor a \"text\"");
    }
    read_choices();
    read_answer();
    return std::move(item_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::malformed, fmt::format("{}: {}", where_, what), hint);
  }

  /// A field that is absent is empty.
  std::string text(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end()) {
      return {};
    }
    if (!found->is_string()) {
      fail(fmt::format("\"{}\" is not a string", name));
    }
    return found->get<std::string>();
  }

  void read_choices() {
    const auto found = object_.find("choices");
    if (found == object_.end()) {
      return;
    }
    if (!found->is_array()) {
      fail("\"choices\" is not a list");
    }
    if (found->size() > most_choices) {
      throw Error(Code::over_limit, fmt::format("{}: {} choices, and {} are allowed", where_,
                                                found->size(), most_choices));
    }
    for (const json& choice : *found) {
      if (!choice.is_string() || choice.get_ref<const std::string&>().empty()) {
        fail("a choice is no string, or an empty one");
      }
      item_.choices.push_back(choice.get<std::string>());
    }
  }

  void read_answer() {
    const auto found = object_.find("answer");
    if (found == object_.end()) {
      return;
    }
    if (const auto* index = found->get_ptr<const json::number_unsigned_t*>()) {
      if (*index >= item_.choices.size()) {
        fail(fmt::format("\"answer\" is {}, and there are {} choices", *index,
                         item_.choices.size()));
      }
      item_.answer_index = static_cast<std::size_t>(*index);
      item_.answer = item_.choices[*item_.answer_index];
      return;
    }
    if (!found->is_string() || found->get_ref<const std::string&>().empty()) {
      fail("\"answer\" is neither the index of a choice nor a text");
    }
    item_.answer = found->get<std::string>();
    if (item_.choices.empty()) {
      return;
    }
    const auto choice = std::ranges::find(item_.choices, item_.answer);
    if (choice == item_.choices.end()) {
      fail("\"answer\" is none of the choices");
    }
    item_.answer_index = static_cast<std::size_t>(choice - item_.choices.begin());
  }

  const json& object_;
  const std::string& where_;
  TaskItem item_;
};

}  // namespace

std::string TaskItem::content() const {
  return context.empty() ? question : context + "\n" + question;
}

TaskItem parse_task_item(std::string_view line, const std::string& where) {
  const auto shallow = [&](int depth, json::parse_event_t, const json&) {
    if (depth > deepest) {
      throw Error(Code::malformed, where + ": JSON that nests too deep", hint);
    }
    return true;
  };
  const json object = json::parse(line, shallow, false);
  if (!object.is_object()) {
    throw Error(Code::malformed, where + ": not a JSON object", hint);
  }
  return Reader(object, where).read();
}

std::vector<TaskItem> read_task_file(const std::filesystem::path& path) {
  const std::string content = read_text(path, file_limit);
  std::vector<TaskItem> items;
  std::string_view rest = content;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
      items.push_back(parse_task_item(line, fmt::format("{}, line {}", path.string(), number)));
    }
  }
  if (items.empty()) {
    throw Error(Code::malformed, path.string() + ": there are no examples in it", hint);
  }
  return items;
}

}  // namespace crayon::eval
