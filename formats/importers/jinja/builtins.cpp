#include "formats/importers/jinja/builtins.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "formats/chat_format.h"

namespace crayon::importers::jinja {
namespace {

using formats::Strip;

constexpr std::size_t max_text = 1u << 18;  // bytes of a string, elements of a list

std::string text_of(const Value& value) {
  const auto* text = value.as<std::string>();
  if (text == nullptr) {
    fail(fmt::format("it takes {} for a string", value.kind()));
  }
  return *text;
}

std::int64_t number_of(const Value& value) {
  if (const bool* truth = value.as<bool>()) {
    return *truth ? 1 : 0;
  }
  const auto* number = value.as<std::int64_t>();
  if (number == nullptr) {
    fail(fmt::format("it takes {} for a number", value.kind()));
  }
  return *number;
}

Value stripped(const Value& value, const Arguments& arguments, Strip ends) {
  const std::string text = text_of(value);
  const Value set = arguments.at(0, "chars");
  if (set.is_undefined() || set.is_none()) {
    return std::string(formats::strip(text, ends));
  }
  const std::string characters = text_of(set);
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (ends != Strip::right && begin < end && characters.find(text[begin]) != std::string::npos) {
    ++begin;
  }
  while (ends != Strip::left && begin < end &&
         characters.find(text[end - 1]) != std::string::npos) {
    --end;
  }
  return text.substr(begin, end - begin);
}

Value with_case(const Value& value, char first, char last) {
  std::string text = text_of(value);
  for (char& c : text) {
    c = c >= first && c <= last ? static_cast<char>(c ^ 0x20) : c;
  }
  return text;
}

Value replaced(const Value& value, const Arguments& arguments) {
  const std::string old = text_of(arguments.at(0, "old"));
  const std::string fresh = text_of(arguments.at(1, "new"));
  std::string text = text_of(value);
  if (old.empty()) {
    fail("it replaces nothing");
  }
  for (std::size_t at = text.find(old); at != std::string::npos;
       at = text.find(old, at + fresh.size())) {
    text.replace(at, old.size(), fresh);
    if (text.size() > max_text) {
      fail("a string grows too long");
    }
  }
  return text;
}

Value split(const Value& value, const Arguments& arguments) {
  const std::string text = text_of(value);
  const std::string mark = text_of(arguments.at(0, "sep"));
  if (mark.empty() || arguments.values.size() > 1) {
    fail("it splits otherwise than at a string");
  }
  List parts;
  std::size_t begin = 0;
  for (std::size_t end = text.find(mark); end != std::string::npos; end = text.find(mark, begin)) {
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + mark.size();
  }
  parts.emplace_back(text.substr(begin));
  return parts;
}

Value length(const Value& value) {
  if (value.entries() == nullptr && value.list() == nullptr && value.as<std::string>() == nullptr &&
      !value.is_undefined()) {
    fail(fmt::format("it asks for the length of {}", value.kind()));
  }
  return static_cast<std::int64_t>(to_list(value).size());
}

Value pairs(const Value& value) {
  List result;
  if (value.entries() == nullptr && !value.is_undefined()) {
    fail(fmt::format("it asks for the items of {}", value.kind()));
  }
  if (value.entries() != nullptr) {
    for (const auto& [key, element] : *value.entries()) {
      result.emplace_back(List{Value(key), element});
    }
  }
  return result;
}

Value joined(const Value& value, const Arguments& arguments) {
  const std::string mark = to_text(arguments.at(0, "d"));
  std::string text;
  bool first = true;
  for (const Value& element : to_list(value)) {
    text += (first ? "" : mark) + to_text(element);
    first = false;
    if (text.size() > max_text) {
      fail("a string grows too long");
    }
  }
  return text;
}

/// select, reject, selectattr and rejectattr.
Value selected(const Value& value, const Arguments& arguments, bool by_attribute, bool keep) {
  const std::size_t test = by_attribute ? 1 : 0;
  List rest;
  for (std::size_t i = test + 1; i < arguments.values.size(); ++i) {
    rest.push_back(arguments.values[i]);
  }
  List result;
  if (!value.truth()) {
    return result;
  }
  for (const Value& element : to_list(value)) {
    const Value tested =
        by_attribute ? get(element, text_of(arguments.at(0, "attribute"))) : element;
    const bool passed = arguments.values.size() > test
                            ? apply_test(text_of(arguments.values[test]), tested, rest)
                            : tested.truth();
    if (passed == keep) {
      result.push_back(element);
    }
  }
  return result;
}

Value mapped(const Value& value, const Arguments& arguments) {
  const Value attribute = arguments.at(1000, "attribute");
  List result;
  for (const Value& element : to_list(value)) {
    result.push_back(attribute.is_undefined()
                         ? apply_filter(text_of(arguments.at(0, "filter")), element, {})
                         : get(element, text_of(attribute)));
  }
  return result;
}

Value end_of(const Value& value, bool first) {
  const List elements = to_list(value);
  if (elements.empty()) {
    return {};
  }
  return first ? elements.front() : elements.back();
}

Value defaulted(const Value& value, const Arguments& arguments) {
  const bool falsy_too = arguments.at(1, "boolean").truth();
  return value.is_undefined() || (falsy_too && !value.truth()) ? arguments.at(0, "default_value")
                                                               : value;
}

bool contains(const Value& element, const Value& container) {
  if (const auto* text = container.as<std::string>()) {
    return text->find(text_of(element)) != std::string::npos;
  }
  if (container.is_none()) {
    fail("it looks for something in none");
  }
  const List elements = to_list(container);
  return std::ranges::any_of(elements, [&](const Value& one) { return equal(one, element); });
}

bool less(const Value& left, const Value& right) {
  if (left.as<std::string>() != nullptr && right.as<std::string>() != nullptr) {
    return text_of(left) < text_of(right);
  }
  return number_of(left) < number_of(right);
}

Value sum(const Value& left, const Value& right) {
  if (left.as<std::string>() != nullptr) {
    if (text_of(left).size() + text_of(right).size() > max_text) {
      fail("a string grows too long");
    }
    return text_of(left) + text_of(right);
  }
  if (const List* elements = left.list(); elements != nullptr && right.list() != nullptr) {
    List all = *elements;
    all.insert(all.end(), right.list()->begin(), right.list()->end());
    if (all.size() > max_text) {
      fail("a list grows too long");
    }
    return all;
  }
  std::int64_t result = 0;
  if (__builtin_add_overflow(number_of(left), number_of(right), &result)) {
    fail("a number grows too large");
  }
  return result;
}

Value calculate(const std::string& sign, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  if (sign == "-" ? __builtin_sub_overflow(left, right, &result)
                  : sign == "*" && __builtin_mul_overflow(left, right, &result)) {
    fail("a number grows too large");
  }
  if (sign == "-" || sign == "*") {
    return result;
  }
  if (right <= 0) {
    fail("it divides by what is not positive");
  }
  const std::int64_t rest = ((left % right) + right) % right;  // rounded down, as Python does
  return sign == "%" ? rest : (left - rest) / right;
}

using Filter = std::function<Value(const Value&, const Arguments&)>;

const std::unordered_map<std::string, Filter>& filters() {
  static const std::unordered_map<std::string, Filter> table = {
      {"trim", [](const Value& v, const Arguments& a) { return stripped(v, a, Strip::both); }},
      {"length", [](const Value& v, const Arguments&) { return length(v); }},
      {"count", [](const Value& v, const Arguments&) { return length(v); }},
      {"lower", [](const Value& v, const Arguments&) { return with_case(v, 'A', 'Z'); }},
      {"upper", [](const Value& v, const Arguments&) { return with_case(v, 'a', 'z'); }},
      {"default", defaulted},
      {"d", defaulted},
      {"join", joined},
      {"list", [](const Value& v, const Arguments&) { return Value(to_list(v)); }},
      {"string", [](const Value& v, const Arguments&) { return Value(to_text(v)); }},
      {"safe", [](const Value& v, const Arguments&) { return v; }},
      {"first", [](const Value& v, const Arguments&) { return end_of(v, true); }},
      {"last", [](const Value& v, const Arguments&) { return end_of(v, false); }},
      {"items", [](const Value& v, const Arguments&) { return pairs(v); }},
      {"replace", replaced},
      {"select", [](const Value& v, const Arguments& a) { return selected(v, a, false, true); }},
      {"reject", [](const Value& v, const Arguments& a) { return selected(v, a, false, false); }},
      {"selectattr", [](const Value& v, const Arguments& a) { return selected(v, a, true, true); }},
      {"rejectattr",
       [](const Value& v, const Arguments& a) { return selected(v, a, true, false); }},
      {"map", mapped},
  };
  return table;
}

using Method = std::function<Value(const Value&, const Arguments&)>;

const std::unordered_map<std::string, Method>& string_methods() {
  static const std::unordered_map<std::string, Method> table = {
      {"strip", [](const Value& v, const Arguments& a) { return stripped(v, a, Strip::both); }},
      {"lstrip", [](const Value& v, const Arguments& a) { return stripped(v, a, Strip::left); }},
      {"rstrip", [](const Value& v, const Arguments& a) { return stripped(v, a, Strip::right); }},
      {"lower", [](const Value& v, const Arguments&) { return with_case(v, 'A', 'Z'); }},
      {"upper", [](const Value& v, const Arguments&) { return with_case(v, 'a', 'z'); }},
      {"split", split},
      {"replace", replaced},
      {"startswith",
       [](const Value& v, const Arguments& a) {
         return Value(text_of(v).starts_with(text_of(a.at(0, "prefix"))));
       }},
      {"endswith",
       [](const Value& v, const Arguments& a) {
         return Value(text_of(v).ends_with(text_of(a.at(0, "suffix"))));
       }},
  };
  return table;
}

}  // namespace

Value Arguments::at(std::size_t place, std::string_view name) const {
  if (place < values.size()) {
    return values[place];
  }
  const auto found =
      std::ranges::find(named, name, [](const auto& pair) { return std::string_view(pair.first); });
  return found == named.end() ? Value() : found->second;
}

Value apply_filter(const std::string& name, const Value& value, const Arguments& arguments) {
  const auto found = filters().find(name);
  if (found == filters().end()) {
    fail(fmt::format("it uses the filter {}", name));
  }
  return found->second(value, arguments);
}

bool apply_test(const std::string& name, const Value& value, const List& arguments) {
  const Value other = arguments.empty() ? Value() : arguments.front();
  if (name == "defined" || name == "undefined") {
    return value.is_undefined() == (name == "undefined");
  }
  if (name == "none") {
    return value.is_none();
  }
  if (name == "string") {
    return value.as<std::string>() != nullptr;
  }
  if (name == "number" || name == "integer") {
    return value.as<std::int64_t>() != nullptr;
  }
  if (name == "boolean") {
    return value.as<bool>() != nullptr;
  }
  if (name == "true" || name == "false") {
    return value.as<bool>() != nullptr && value.truth() == (name == "true");
  }
  if (name == "mapping") {
    return value.entries() != nullptr;
  }
  if (name == "iterable" || name == "sequence") {
    return value.list() != nullptr || value.entries() != nullptr ||
           value.as<std::string>() != nullptr || value.is_undefined();
  }
  if (name == "equalto" || name == "eq" || name == "==") {
    return equal(value, other);
  }
  if (name == "ne" || name == "!=") {
    return !equal(value, other);
  }
  if (name == "in") {
    return contains(value, other);
  }
  if (name == "odd" || name == "even") {
    return (number_of(value) % 2 == 0) == (name == "even");
  }
  fail(fmt::format("it uses the test {}", name));
}

Value call_method(const std::string& name, const Value& value, const Arguments& arguments) {
  if (value.as<std::string>() != nullptr) {
    if (const auto found = string_methods().find(name); found != string_methods().end()) {
      return found->second(value, arguments);
    }
  }
  if (value.entries() != nullptr && name == "items") {
    return pairs(value);
  }
  if (value.entries() != nullptr && name == "keys") {
    return to_list(value);
  }
  if (value.entries() != nullptr && name == "get") {
    const Value found = get(value, text_of(arguments.at(0, "key")));
    const Value otherwise = arguments.at(1, "default");
    return !found.is_undefined() ? found : otherwise.is_undefined() ? Value(None()) : otherwise;
  }
  fail(fmt::format("it calls {} of {}", name, value.kind()));
}

Value apply_binary(const std::string& sign, const Value& left, const Value& right) {
  if (sign == "==" || sign == "!=") {
    return equal(left, right) == (sign == "==");
  }
  if (sign == "in" || sign == "not in") {
    return contains(left, right) == (sign == "in");
  }
  if (sign == "<" || sign == ">=") {
    return less(left, right) == (sign == "<");
  }
  if (sign == ">" || sign == "<=") {
    return less(right, left) == (sign == ">");
  }
  if (sign == "~") {
    return sum(to_text(left), to_text(right));
  }
  return sign == "+" ? sum(left, right) : calculate(sign, number_of(left), number_of(right));
}

}  // namespace crayon::importers::jinja
