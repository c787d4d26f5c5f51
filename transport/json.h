#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace crayon::transport {

// Reading and writing JSON that strangers send. Field order is kept, so that what goes out reads
// as the API's documentation writes it.
using Json = nlohmann::ordered_json;

/// A value nested deeper than 32, of more than 2^17 parts, or with an object of more than 1024
/// members throws malformed, as does what is not JSON. `what` names the text: "the request".
Json parse_json(std::string_view text, std::string_view what);

/// One line. Bytes that are not UTF-8 become U+FFFD; numbers that are not finite become null.
std::string to_text(const Json& json);

/// The member of that name; null for none, or for the JSON value null, which means the same.
const Json* find(const Json& object, const char* name);

// The value of an optional member, `otherwise` when there is none. Throw bad_argument that names
// the member for another type (a number with a fraction is no integer) or a value out of range.
std::uint64_t integer_or(const Json& object, const char* name, std::uint64_t least,
                         std::uint64_t most, std::uint64_t otherwise);
bool bool_or(const Json& object, const char* name, bool otherwise);
std::string string_or(const Json& object, const char* name, std::string otherwise);

/// A range of numbers, each end with or without its border.
struct NumberRange {
  double least;
  double most;
  bool above_least = false;  ///< least itself is out of range
};
double number_or(const Json& object, const char* name, NumberRange range, double otherwise);

}  // namespace crayon::transport
