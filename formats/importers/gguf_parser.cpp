#include "formats/importers/gguf_parser.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "formats/importers/file_cursor.h"
#include "formats/importers/ggml_type.h"
#include "formats/importers/gguf_value.h"

namespace crayon::importers {
namespace {

constexpr std::uint32_t magic = 0x46554747;  // "GGUF"
constexpr std::uint64_t default_alignment = 32;
constexpr std::uint64_t largest_alignment = 1 << 20;

// Far above what real files hold; they keep a hostile file from costing more than its size.
constexpr std::uint64_t most_entries = 1 << 16;        // keys, and tensors
constexpr std::uint64_t longest_name = (1 << 16) - 1;  // of a key: docs/gguf.md
constexpr std::uint32_t most_dimensions = 4;

// Fills a GgufContent front to back.
class Parser {
 public:
  explicit Parser(const File& file) : file_(file), cursor_(file) {}

  GgufContent run() {
    read_header();
    for (std::uint64_t i = 0; i < key_count_; ++i) {
      read_entry();
    }
    for (std::uint64_t i = 0; i < tensor_count_; ++i) {
      read_tensor();
    }
    place_tensors();
    return std::move(content_);
  }

 private:
  void read_header() {
    if (cursor_.read<std::uint32_t>("the magic number") != magic) {
      cursor_.fail(Code::malformed, "not a GGUF file: it does not start with \"GGUF\"");
    }
    const auto version = cursor_.read<std::uint32_t>("the version");
    if ((version & 0xffffu) == 0 && version != 0) {
      cursor_.fail(Code::unsupported, "a big-endian GGUF",
                   "convert the model to a little-endian GGUF");
    }
    if (version != 2 && version != 3) {
      cursor_.fail(Code::unsupported, fmt::format("GGUF version {}; 2 and 3 are known", version),
                   "convert the model again with a current tool");
    }
    tensor_count_ = read_count("the number of tensors", 24);
    key_count_ = read_count("the number of keys", 13);
  }

  std::uint64_t read_count(std::string_view field, std::uint64_t least) {
    const auto count = cursor_.read<std::uint64_t>(field);
    if (count > most_entries) {
      cursor_.fail(Code::over_limit,
                   fmt::format("{} is {}, more than {}", field, count, most_entries));
    }
    cursor_.require(count, least, field);
    return count;
  }

  std::string read_name(std::string_view field) {
    const auto size = cursor_.read<std::uint64_t>(field);
    if (size == 0 || size > longest_name) {
      cursor_.fail(Code::malformed, fmt::format("{} has {} bytes", field, size));
    }
    return cursor_.read_string(size, field);
  }

  void read_entry() {
    const std::string key = read_name("a key");
    if (!content_.metadata.emplace(key, read_gguf_value(cursor_, key)).second) {
      cursor_.fail(Code::malformed, fmt::format("the key {} appears twice", key));
    }
  }

  std::string name_of(const GgufTensor& tensor) const {
    return fmt::format("{}: {}", file_.path().string(), tensor.name);
  }

  void read_tensor() {
    GgufTensor tensor;
    tensor.name = read_name("a tensor's name");
    const auto dimensions = cursor_.read<std::uint32_t>(tensor.name);
    if (dimensions == 0 || dimensions > most_dimensions) {
      cursor_.fail(Code::malformed, fmt::format("{} has {} dimensions", tensor.name, dimensions));
    }
    std::uint64_t sizes[most_dimensions] = {1, 1, 1, 1};  // fastest first
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      sizes[i] = cursor_.read<std::uint64_t>(tensor.name);
    }
    // More than two dimensions fold into the rows; no tensor that is known has them.
    tensor.shape.cols = sizes[0];
    const std::string field = name_of(tensor);
    tensor.shape.rows = checked_mul(checked_mul(sizes[1], sizes[2], field), sizes[3], field);
    if (tensor.shape.cols == 0 || tensor.shape.rows == 0) {
      cursor_.fail(Code::malformed, fmt::format("{} is empty", tensor.name));
    }
    tensor.type = cursor_.read<std::uint32_t>(tensor.name);
    tensor.offset = cursor_.read<std::uint64_t>(tensor.name);
    if (!content_.tensor_index.emplace(tensor.name, content_.tensors.size()).second) {
      cursor_.fail(Code::malformed, fmt::format("the tensor {} appears twice", tensor.name));
    }
    content_.tensors.push_back(std::move(tensor));
  }

  // Offsets count from the first aligned byte behind the descriptions.
  void place_tensors() {
    const std::uint64_t alignment = read_alignment();
    const std::uint64_t start = (cursor_.position() + alignment - 1) / alignment * alignment;
    for (GgufTensor& tensor : content_.tensors) {
      if (tensor.offset % alignment != 0) {
        cursor_.fail(Code::corrupt, fmt::format("{} starts at {}, which is no multiple of {}",
                                                tensor.name, tensor.offset, alignment));
      }
      const std::string field = name_of(tensor);
      tensor.offset = checked_add(start, tensor.offset, field);
      const std::uint64_t end = checked_add(tensor.offset, stored_bytes(tensor), field);
      if (end > file_.size()) {
        cursor_.fail(Code::truncated,
                     fmt::format("the tensor {} ends at byte {}, but the file has {}", tensor.name,
                                 end, file_.size()),
                     "copy or download the file again");
      }
    }
  }

  std::uint64_t read_alignment() const {
    const auto found = content_.metadata.find("general.alignment");
    if (found == content_.metadata.end()) {
      return default_alignment;
    }
    const auto* value = std::get_if<std::int64_t>(&found->second);
    const std::int64_t alignment = value != nullptr ? *value : 0;
    if (alignment <= 0 || alignment > static_cast<std::int64_t>(largest_alignment) ||
        !std::has_single_bit(static_cast<std::uint64_t>(alignment))) {
      cursor_.fail(Code::malformed, fmt::format("general.alignment is {}", alignment));
    }
    return static_cast<std::uint64_t>(alignment);
  }

  // 0 for a type of unknown size: such a tensor is never read.
  std::uint64_t stored_bytes(const GgufTensor& tensor) const {
    const GgmlType* type = find_ggml_type(tensor.type);
    if (type == nullptr) {
      return 0;
    }
    if (tensor.shape.cols % type->block_elements != 0) {
      cursor_.fail(Code::corrupt, fmt::format("{} has {} columns, not whole blocks of {}",
                                              tensor.name, tensor.shape.cols, type->name));
    }
    const std::string field = name_of(tensor);
    const std::uint64_t row =
        checked_mul(tensor.shape.cols / type->block_elements, type->block_bytes, field);
    return checked_mul(row, tensor.shape.rows, field);
  }

  const File& file_;
  FileCursor cursor_;
  GgufContent content_;
  std::uint64_t tensor_count_ = 0;
  std::uint64_t key_count_ = 0;
};

}  // namespace

GgufContent parse_gguf(const File& file) {
  return Parser(file).run();
}

}  // namespace crayon::importers
