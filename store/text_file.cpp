#include "store/text_file.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "formats/hash.h"

namespace crayon::store {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const std::size_t space = std::min(line.find(' '), line.size());
    words.emplace_back(line.substr(0, space));
    line.remove_prefix(std::min(space + 1, line.size()));
  }
  return words;
}

}  // namespace

TextFile::TextFile(const std::filesystem::path& path, std::uint64_t limit, std::string_view format,
                   std::string_view last)
    : path_(path) {
  const std::string content = read_text(path, limit);
  std::string_view left = content;
  for (bool first = true; !left.empty(); first = false) {
    const std::size_t end = left.find('\n');
    if (end == std::string_view::npos) {
      fail(left.substr(0, left.find(' ')), "a whole line: the file was cut short");
    }
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(end + 1);
    if (first) {
      if (line != format) {
        break;
      }
      continue;
    }
    std::vector<std::string> words = words_of(line);
    if (words.empty()) {
      fail("", "a line with a field");
    }
    if (words.front() == last && words.size() == 1) {
      last_ = left;
      return;
    }
    const std::string field = words.front();
    words.erase(words.begin());
    records_.push_back({field, std::move(words)});
  }
  if (!content.starts_with(std::string(format) + "\n")) {
    throw Error(Code::malformed,
                fmt::format("{} does not begin with \"{}\"", path.string(), format),
                "name another file, or make it again with this version of crayon");
  }
  if (!last.empty()) {
    fail(last, "there");
  }
}

const Record& TextFile::one(std::string_view field, std::size_t values) const {
  const Record* found = nullptr;
  for (const Record& record : records_) {
    if (record.field == field) {
      if (found != nullptr) {
        fail(field, "there once");
      }
      found = &record;
    }
  }
  if (found == nullptr) {
    fail(field, "there");
  }
  if (found->values.size() != values) {
    fail(field, fmt::format("followed by {} values", values));
  }
  return *found;
}

std::uint64_t TextFile::number(const Record& record, std::size_t value) const {
  std::uint64_t number = 0;
  const std::string empty;
  const std::string& text = value < record.values.size() ? record.values[value] : empty;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) {
    fail(record.field, "followed by a whole number");
  }
  return number;
}

void TextFile::hex(const Record& record, std::size_t value, MutableByteSpan bytes) const {
  if (value >= record.values.size() || !formats::from_hex(record.values[value], bytes)) {
    fail(record.field, fmt::format("followed by {} hexadecimal digits", 2 * bytes.size()));
  }
}

void TextFile::fail(std::string_view field, std::string_view expected) const {
  throw Error(
      Code::malformed, fmt::format("{}: \"{}\" is not {}", path_.string(), field, expected),
      "make it again with this version of crayon: it was damaged, or another version wrote it");
}

}  // namespace crayon::store
