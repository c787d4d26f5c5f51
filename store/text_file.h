#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace crayon::store {

/// A line of a text file: its first word, and those behind it.
struct Record {
  std::string field;
  std::vector<std::string> values;
};

/// A small text file of records, one a line, behind a line that names its format. A text that is
/// itself of lines can be the last record, behind a line with its field alone. No JSON: to put a
/// parsed document away takes memory, and where that is short a store must still give an error.
class TextFile {
 public:
  /// Throws over_limit for more than `limit` bytes, and malformed unless the first line is `format`
  /// and all lines end. `last`: the field of a text at the end, or empty.
  TextFile(const std::filesystem::path& path, std::uint64_t limit, std::string_view format,
           std::string_view last = {});

  const std::vector<Record>& records() const { return records_; }
  const std::string& last() const { return last_; }

  // Each of these throws malformed, naming the file and the field.
  /// The one record of a field, with `values` values.
  const Record& one(std::string_view field, std::size_t values) const;
  std::uint64_t number(const Record& record, std::size_t value) const;
  void hex(const Record& record, std::size_t value, MutableByteSpan bytes) const;
  [[noreturn]] void fail(std::string_view field, std::string_view expected) const;

 private:
  std::filesystem::path path_;
  std::vector<Record> records_;
  std::string last_;
};

}  // namespace crayon::store
