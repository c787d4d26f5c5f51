#include "formats/importers/jinja/value.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace crayon::importers::jinja {

const List* Value::list() const {
  const auto* shared = as<std::shared_ptr<List>>();
  return shared == nullptr ? nullptr : shared->get();
}

Entries* Value::entries() const {
  const auto* shared = as<std::shared_ptr<Entries>>();
  return shared == nullptr ? nullptr : shared->get();
}

bool Value::truth() const {
  if (is_undefined() || is_none()) {
    return false;
  }
  if (const bool* truth = as<bool>()) {
    return *truth;
  }
  if (const auto* number = as<std::int64_t>()) {
    return *number != 0;
  }
  if (const auto* text = as<std::string>()) {
    return !text->empty();
  }
  if (const List* elements = list()) {
    return !elements->empty();
  }
  return entries() == nullptr || !entries()->empty();
}

const char* Value::kind() const {
  constexpr const char* names[] = {"undefined", "none",   "a truth value", "a number",
                                   "a string",  "a list", "a dictionary",  "a macro"};
  return names[data.index()];
}

Value get(const Value& object, std::string_view key) {
  if (const Entries* entries = object.entries()) {
    for (const auto& [name, value] : *entries) {
      if (name == key) {
        return value;
      }
    }
  }
  return {};
}

bool equal(const Value& left, const Value& right) {
  if (left.data.index() != right.data.index()) {
    return false;
  }
  if (const List* elements = left.list()) {
    return std::ranges::equal(*elements, *right.list(), equal);
  }
  if (const Entries* entries = left.entries()) {
    return std::ranges::equal(*entries, *right.entries(), [](const auto& a, const auto& b) {
      return a.first == b.first && equal(a.second, b.second);
    });
  }
  if (const auto* text = left.as<std::string>()) {
    return *text == *right.as<std::string>();
  }
  if (const auto* number = left.as<std::int64_t>()) {
    return *number == *right.as<std::int64_t>();
  }
  const bool* truth = left.as<bool>();
  return truth == nullptr || *truth == *right.as<bool>();
}

std::string to_text(const Value& value) {
  if (const auto* text = value.as<std::string>()) {
    return *text;
  }
  if (const auto* number = value.as<std::int64_t>()) {
    return fmt::to_string(*number);
  }
  if (const bool* truth = value.as<bool>()) {
    return *truth ? "True" : "False";
  }
  if (value.is_none()) {
    return "None";
  }
  if (value.is_undefined()) {
    return "";
  }
  fail(fmt::format("it prints {}", value.kind()));
}

List to_list(const Value& value) {
  if (const List* elements = value.list()) {
    return *elements;
  }
  List result;
  if (const Entries* entries = value.entries()) {
    for (const auto& [name, ignored] : *entries) {
      result.emplace_back(name);
    }
  } else if (const auto* text = value.as<std::string>()) {
    for (std::size_t at = 0; at < text->size();) {
      std::size_t end = at + 1;  // a character is a byte and what continues it
      while (end < text->size() && (static_cast<unsigned char>((*text)[end]) & 0xC0u) == 0x80u) {
        ++end;
      }
      result.emplace_back(text->substr(at, end - at));
      at = end;
    }
  } else if (!value.is_undefined()) {
    fail(fmt::format("it loops over {}", value.kind()));
  }
  return result;
}

void fail(const std::string& what) {
  throw Error(Code::unsupported, what);
}

}  // namespace crayon::importers::jinja
