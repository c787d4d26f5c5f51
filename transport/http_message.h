#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crayon::transport {

/// Header fields in order; names compare without case.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first field of that name, or empty.
std::string_view header(const Headers& headers, std::string_view name);

/// ASCII letters compare without case.
bool equal_without_case(std::string_view a, std::string_view b);

/// A token of RFC 9110 section 5.6.2: what a method or a field name is made of.
bool is_token(std::string_view text);

/// Free of control characters, line breaks above all: fit to stand in a field's value.
bool is_field_value(std::string_view text);

/// What a message may weigh; beyond it, the connection ends with an error.
struct Limits {
  std::size_t header_bytes =
      std::size_t{64} * 1024;  ///< effective up to 80 KiB, the parser's own limit
  std::size_t body_bytes = std::size_t{8} * 1024 * 1024;
};

}  // namespace crayon::transport
