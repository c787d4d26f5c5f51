#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/importers/jinja/value.h"

// The filters, tests and methods that chat templates use for turns. What only tools need is
// missing; a template that comes to it is not followed.

namespace crayon::importers::jinja {

struct Arguments {
  List values;
  Entries named;

  /// The argument of that place or name; undefined where it is not given.
  Value at(std::size_t place, std::string_view name) const;
};

/// value | name(arguments). Throws unsupported for a filter that is not known.
Value apply_filter(const std::string& name, const Value& value, const Arguments& arguments);

/// value is name(arguments). Throws unsupported for a test that is not known.
bool apply_test(const std::string& name, const Value& value, const List& arguments);

/// value.name(arguments). Throws unsupported for a method that is not known.
Value call_method(const std::string& name, const Value& value, const Arguments& arguments);

/// left sign right, for every sign but "and" and "or". Throws unsupported where Python raises.
Value apply_binary(const std::string& sign, const Value& left, const Value& right);

}  // namespace crayon::importers::jinja
