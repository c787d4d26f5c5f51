#include "train/tokens/documents.h"

#include <string>

#include "train/tokens/text_input.h"

namespace crayon::train {
namespace {

constexpr std::size_t part_size = std::size_t{1} << 20;  // bytes: bounds what is held and encoded

bool has_marker(const std::filesystem::path& path) {
  LineReader reader(path);
  for (std::string line; reader.next(line);) {
    if (line.find(document_marker) != std::string::npos) {
      return true;
    }
  }
  return false;
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Puts lines together to documents and hands those on.
class Splitter {
 public:
  explicit Splitter(const OnDocument& use) : use_(use) {}

  bool wants_more() const { return wants_more_; }

  /// A line, or the part of one in front of a marker.
  void add(std::string_view line, bool whole) {
    if (text_.size() > part_size) {
      hand_on(false);
    }
    if (!is_blank(line) || in_document_) {
      text_ += line;
      text_ += whole ? "\n" : "";
      in_document_ = true;
    }
  }

  void end_document() {
    while (text_.ends_with('\n')) {
      text_.pop_back();
    }
    if (in_document_) {
      hand_on(true);
    }
    in_document_ = false;
  }

 private:
  void hand_on(bool last) {
    wants_more_ = wants_more_ && use_(text_, last);
    text_.clear();
  }

  const OnDocument& use_;
  std::string text_;          // of the document, as far as it is not handed on
  bool in_document_ = false;  // something of it was read, and perhaps handed on
  bool wants_more_ = true;
};

void split_at_markers(LineReader& reader, Splitter& splitter) {
  for (std::string line; splitter.wants_more() && reader.next(line);) {
    std::string_view rest = line;
    for (std::size_t at = 0; (at = rest.find(document_marker)) != std::string_view::npos;) {
      splitter.add(rest.substr(0, at), false);
      splitter.end_document();
      rest.remove_prefix(at + document_marker.size());
    }
    splitter.add(rest, true);
  }
}

void split_at_blank_lines(LineReader& reader, Splitter& splitter) {
  int blank_lines = 0;
  for (std::string line; splitter.wants_more() && reader.next(line);) {
    blank_lines = is_blank(line) ? blank_lines + 1 : 0;
    if (blank_lines == 2) {
      splitter.end_document();
    } else if (blank_lines < 2) {
      splitter.add(blank_lines == 0 ? line : "", true);
    }
  }
}

}  // namespace

void for_each_document(const std::filesystem::path& path, const OnDocument& use) {
  const bool marked = has_marker(path);
  LineReader reader(path);
  Splitter splitter(use);
  if (marked) {
    split_at_markers(reader, splitter);
  } else {
    split_at_blank_lines(reader, splitter);
  }
  if (splitter.wants_more()) {
    splitter.end_document();
  }
}

}  // namespace crayon::train
