#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace crayon::importers::jinja {

struct Node;
struct Value;

struct Undefined {};
struct None {};
using List = std::vector<Value>;
using Entries = std::vector<std::pair<std::string, Value>>;

/// A value of a template. Lists and dictionaries are shared: of dictionaries only a namespace is
/// ever changed, and that is meant to show everywhere.
struct Value {
  std::variant<Undefined, None, bool, std::int64_t, std::string, std::shared_ptr<List>,
               std::shared_ptr<Entries>, const Node*>
      data;  ///< const Node*: a macro

  Value() = default;
  Value(None none) : data(none) {}                                                 // NOLINT
  Value(bool truth) : data(truth) {}                                               // NOLINT
  Value(std::int64_t number) : data(number) {}                                     // NOLINT
  Value(std::string text) : data(std::move(text)) {}                               // NOLINT
  Value(const char* text) : data(std::string(text)) {}                             // NOLINT
  Value(List list) : data(std::make_shared<List>(std::move(list))) {}              // NOLINT
  Value(Entries entries) : data(std::make_shared<Entries>(std::move(entries))) {}  // NOLINT
  explicit Value(const Node* macro) : data(macro) {}

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
  const List* list() const;
  Entries* entries() const;

  bool is_undefined() const { return as<Undefined>() != nullptr; }
  bool is_none() const { return as<None>() != nullptr; }
  bool truth() const;

  /// "a string", "none", ...: for errors.
  const char* kind() const;
};

/// The value of a key; undefined where there is none.
Value get(const Value& object, std::string_view key);

bool equal(const Value& left, const Value& right);

/// As it is printed. Throws unsupported for a list, a dictionary and a macro.
std::string to_text(const Value& value);

/// What a loop goes over: the elements of a list, the keys of a dictionary, the characters of a
/// string, nothing of what is undefined. Throws unsupported for anything else.
List to_list(const Value& value);

/// Throws unsupported: a template that needs what is not here is not followed.
[[noreturn]] void fail(const std::string& what);

}  // namespace crayon::importers::jinja
