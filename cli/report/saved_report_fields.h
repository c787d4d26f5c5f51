#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"

namespace crayon::cli {

/// A text from a file, fit to be shown: without control characters, 200 bytes at most, cut between
/// characters. What a page needs besides is done where a page is written.
std::string shown(std::string text);

/// A value in a JSON document that somebody else wrote, which knows its place in it. What is not
/// as it should be is an Error of malformed that says so: "a.json: rows[2].median_ts: ...".
class Field {
 public:
  /// `json` must outlive the field; `place` begins with the file.
  Field(const Json& json, std::string place) : json_(&json), place_(std::move(place)) {}

  /// A member that must be there.
  Field operator[](const char* name) const;
  /// A member that may be missing or null.
  std::optional<Field> find(const char* name) const;
  /// The elements of an array; over_limit when there are more than `most`.
  std::vector<Field> elements(std::size_t most) const;
  /// The names of an object's members, in their order; over_limit as above.
  std::vector<std::string> names(std::size_t most) const;

  std::string text() const;  ///< as shown() has it
  bool flag() const;
  double number() const;        ///< finite, and at most 1e18 either way
  std::uint64_t whole() const;  ///< a number from 0 to 1e18

  std::optional<std::string> find_text(const char* name) const;
  std::optional<double> find_number(const char* name) const;
  bool find_flag(const char* name) const;  ///< false when it is missing

 private:
  [[noreturn]] void fail(const std::string& what) const;
  void demand(bool holds, const char* what) const;

  const Json* json_;
  std::string place_;
};

}  // namespace crayon::cli
