#include "formats/importers/gguf.h"

#include <fmt/format.h>

#include "base/checked.h"
#include "base/error.h"
#include "formats/importers/ggml_type.h"
#include "formats/importers/gguf_parser.h"

namespace crayon::importers {

GgufFile::GgufFile(const std::filesystem::path& path) : file_(path), content_(parse_gguf(file_)) {}

bool GgufFile::is_one(const File& file) {
  std::uint8_t start[4];
  if (file.size() < sizeof start) {
    return false;
  }
  file.read_at(0, start);
  return std::string_view(reinterpret_cast<const char*>(start), sizeof start) == "GGUF";
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  const auto found = content_.tensor_index.find(name);
  return found == content_.tensor_index.end() ? nullptr : &content_.tensors[found->second];
}

const GgufValue* GgufFile::find_value(std::string_view key) const {
  const auto found = content_.metadata.find(key);
  return found == content_.metadata.end() ? nullptr : &found->second;
}

template <typename T>
const T* GgufFile::value(std::string_view key, const char* type) const {
  const GgufValue* found = find_value(key);
  if (found == nullptr) {
    return nullptr;
  }
  const T* value = std::get_if<T>(found);
  if (value == nullptr) {
    throw Error(Code::malformed, fmt::format("{}: {} is not {}", path().string(), key, type));
  }
  return value;
}

std::optional<std::int64_t> GgufFile::integer(std::string_view key) const {
  const auto* found = value<std::int64_t>(key, "an integer");
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

std::optional<double> GgufFile::number(std::string_view key) const {
  const GgufValue* found = find_value(key);
  if (found != nullptr && std::holds_alternative<std::int64_t>(*found)) {
    return static_cast<double>(std::get<std::int64_t>(*found));
  }
  const auto* number = value<double>(key, "a number");
  return number != nullptr ? std::optional(*number) : std::nullopt;
}

std::optional<bool> GgufFile::boolean(std::string_view key) const {
  const auto* found = value<bool>(key, "a boolean");
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

const std::string* GgufFile::text(std::string_view key) const {
  return value<std::string>(key, "a string");
}

const GgufArray* GgufFile::array(std::string_view key) const {
  return value<GgufArray>(key, "an array");
}

void GgufFile::fail_missing(std::string_view key) const {
  throw Error(Code::malformed, fmt::format("{} lacks the key {}", path().string(), key),
              "convert the model again with a current tool");
}

void GgufFile::check_readable(const GgufTensor& tensor) const {
  const GgmlType* type = find_ggml_type(tensor.type);
  if (type == nullptr || type->dequantize == nullptr) {
    throw Error(Code::unsupported,
                fmt::format("{}: the tensor {} is {}; {} can be read", path().string(), tensor.name,
                            ggml_type_name(tensor.type), readable_ggml_types()),
                "use a GGUF of one of these types");
  }
}

void GgufFile::read_rows(const GgufTensor& tensor, std::uint64_t begin, std::uint64_t count,
                         std::span<float> out) const {
  check_readable(tensor);
  check_range(begin, count, tensor.shape.rows, tensor.name);
  const GgmlType& type = *find_ggml_type(tensor.type);
  const std::uint64_t row_bytes = tensor.shape.cols / type.block_elements * type.block_bytes;
  std::vector<std::uint8_t> blocks(count * row_bytes);
  file_.read_at(tensor.offset + begin * row_bytes, blocks);
  type.dequantize(blocks, out.first(count * tensor.shape.cols));
}

}  // namespace crayon::importers
