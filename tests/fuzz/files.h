#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "formats/model_source.h"
#include "tests/fuzz/fuzz.h"

// For targets whose parser takes paths.

namespace crayon::fuzz {

/// A folder whose files lie in memory: what a file system does to write one would take longer than
/// to parse it. The names are links to anonymous files, and stay as they are.
class MemoryFolder {
 public:
  explicit MemoryFolder(std::initializer_list<const char*> names);
  ~MemoryFolder();
  MemoryFolder(const MemoryFolder&) = delete;
  MemoryFolder& operator=(const MemoryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// One of the names, which hold nothing in the beginning.
  std::filesystem::path operator/(const char* name) const { return path_ / name; }
  void write(const char* name, std::string_view content) const;

 private:
  std::filesystem::path path_;
  std::map<std::string, int, std::less<>> descriptors_;
};

/// An input that stands for several files: `count` parts, with a NUL between two of them; the last
/// has all the rest, and a part that is not there is empty.
std::vector<std::string_view> parts_of(std::string_view input, std::size_t count);

/// Whether a code speaks of a file, a model or an adapter.
bool is_about_files(Code code);

/// Calls `read`, which may refuse what lies at `file` in an error that says so.
template <typename Read>
void read_or_refuse(const std::filesystem::path& file, const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    require(is_about_files(error.code()), error.what());
    require(std::string_view(error.what()).find(file.string()) != std::string_view::npos,
            error.what());  // does not name it
  }
}

/// Reads all numbers of a model that was imported from `file`, a row and the whole of each tensor.
void read_tensors(const formats::ModelSource& model, const std::filesystem::path& file);

/// What an adapter says of itself holds.
void check_adapter(const formats::AdapterSource& adapter, const formats::ModelConfig& base);

}  // namespace crayon::fuzz
