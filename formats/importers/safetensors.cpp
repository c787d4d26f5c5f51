#include "formats/importers/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "base/checked.h"
#include "base/error.h"
#include "base/half.h"
#include "formats/importers/json_object.h"

namespace crayon::importers {
namespace {

constexpr std::uint64_t largest_header = 100'000'000;  // of the reference implementation
constexpr std::uint64_t most_dimensions = 8;

struct ElementType {
  std::string_view name;
  std::uint64_t bytes;
  float (*read)(const std::uint8_t* element);  ///< null: known by size only
};

constexpr std::array element_types = {
    ElementType{"F32", 4, [](const std::uint8_t* p) { return load_le<float>(p); }},
    ElementType{"F16", 2,
                [](const std::uint8_t* p) { return f16_to_f32(load_le<std::uint16_t>(p)); }},
    ElementType{"BF16", 2,
                [](const std::uint8_t* p) { return bf16_to_f32(load_le<std::uint16_t>(p)); }},
    ElementType{"F64", 8, nullptr},
    ElementType{"F8_E4M3", 1, nullptr},
    ElementType{"F8_E5M2", 1, nullptr},
    ElementType{"I64", 8, nullptr},
    ElementType{"I32", 4, nullptr},
    ElementType{"I16", 2, nullptr},
    ElementType{"I8", 1, nullptr},
    ElementType{"U64", 8, nullptr},
    ElementType{"U32", 4, nullptr},
    ElementType{"U16", 2, nullptr},
    ElementType{"U8", 1, nullptr},
    ElementType{"BOOL", 1, nullptr},
};

const ElementType* find_type(std::string_view name) {
  const auto* found = std::ranges::find(element_types, name, &ElementType::name);
  return found == element_types.end() ? nullptr : found;
}

// The header as JSON. A name that appears twice would otherwise be lost while parsing.
Json parse_header(const std::string& text, const std::string& where) {
  std::set<std::string> names;
  return parse_json(text, where + ": header", [&](const std::string& name) {
    if (!names.insert(name).second) {
      throw Error(Code::malformed, fmt::format("{}: the tensor {} appears twice", where, name));
    }
  });
}

std::string read_header(const File& file) {
  const std::string where = file.path().string();
  std::uint8_t size_bytes[8];
  if (file.size() < sizeof size_bytes) {
    throw Error(Code::truncated, fmt::format("{} ends inside the size of the header", where));
  }
  file.read_at(0, size_bytes);
  const auto size = load_le<std::uint64_t>(size_bytes);
  if (size > largest_header) {
    throw Error(
        Code::over_limit,
        fmt::format("{} has a header of {} bytes, more than {}", where, size, largest_header),
        "check that it is a safetensors file");
  }
  if (size > file.size() - sizeof size_bytes) {
    throw Error(Code::truncated, fmt::format("{} ends inside its header of {} bytes", where, size),
                "copy or download the file again");
  }
  std::string header(size, '\0');
  file.read_at(sizeof size_bytes, as_writable_bytes(std::span<char>(header)));
  return header;
}

std::uint64_t whole_number(const Json& value, const JsonObject& tensor, const char* field) {
  const auto* number = value.get_ptr<const Json::number_unsigned_t*>();
  if (number == nullptr) {
    tensor.fail_type(field, "a list of whole numbers");
  }
  return *number;
}

const Json& required_array(const JsonObject& tensor, const char* field) {
  const Json* array = tensor.array(field);
  if (array == nullptr) {
    tensor.fail_missing(field);
  }
  return *array;
}

formats::Shape read_shape(const JsonObject& tensor) {
  const Json& sizes = required_array(tensor, "shape");
  if (sizes.size() > most_dimensions) {
    tensor.fail_type("shape", "a list of at most 8 sizes");
  }
  formats::Shape shape{1, 1};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::uint64_t size = whole_number(sizes[i], tensor, "shape");
    if (i + 1 == sizes.size()) {
      shape.cols = size;
    } else {
      shape.rows = checked_mul(shape.rows, size, tensor.where());
    }
  }
  return shape;
}

// `data_start`: where the header ends.
SafetensorsTensor read_tensor(const std::string& name, const Json& json, const std::string& where,
                              std::uint64_t data_start) {
  const JsonObject object(json, fmt::format("{}: {}", where, name));
  SafetensorsTensor tensor;
  tensor.name = name;
  tensor.dtype = object.required_text("dtype");
  tensor.shape = read_shape(object);
  const ElementType* type = find_type(tensor.dtype);
  if (type == nullptr) {
    object.fail_unsupported("dtype", tensor.dtype);
  }
  const Json& offsets = required_array(object, "data_offsets");
  if (offsets.size() != 2) {
    object.fail_type("data_offsets", "a pair");
  }
  const std::uint64_t begin = whole_number(offsets[0], object, "data_offsets");
  const std::uint64_t end = whole_number(offsets[1], object, "data_offsets");
  const std::uint64_t numbers = checked_mul(tensor.shape.rows, tensor.shape.cols, object.where());
  tensor.bytes = checked_mul(numbers, type->bytes, object.where());
  if (begin > end || end - begin != tensor.bytes) {
    throw Error(Code::corrupt, fmt::format("{}: data_offsets {} to {} do not hold the {} bytes of "
                                           "dtype and shape",
                                           object.where(), begin, end, tensor.bytes));
  }
  tensor.offset = checked_add(data_start, begin, object.where());
  return tensor;
}

// The format allows neither holes nor overlaps; both hide bytes or make two tensors share them.
void check_layout(const std::vector<SafetensorsTensor>& tensors, std::uint64_t data_start,
                  std::uint64_t file_size, const std::string& where) {
  std::uint64_t position = data_start;
  for (const SafetensorsTensor& tensor : tensors) {
    if (tensor.offset != position) {
      throw Error(Code::corrupt,
                  fmt::format("{}: {} starts at byte {}, but the tensor before it ends at {}",
                              where, tensor.name, tensor.offset, position));
    }
    position = checked_add(position, tensor.bytes, tensor.name);
    if (position > file_size) {
      throw Error(Code::truncated,
                  fmt::format("{}: the tensor {} ends at byte {}, but the file has {}", where,
                              tensor.name, position, file_size),
                  "copy or download the file again");
    }
  }
  if (position != file_size) {
    throw Error(Code::corrupt,
                fmt::format("{} has {} bytes behind its last tensor", where, file_size - position));
  }
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(path) {
  const std::string where = path.string();
  const std::string text = read_header(file_);
  const Json header = parse_header(text, where);
  if (!header.is_object()) {
    throw Error(Code::malformed, fmt::format("{} has a header that is not an object", where));
  }
  const std::uint64_t data_start = sizeof(std::uint64_t) + text.size();
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      tensors_.push_back(read_tensor(name, value, where, data_start));
    }
  }
  // An empty tensor shares its offset with the one behind it.
  std::ranges::sort(tensors_, {}, [](const SafetensorsTensor& tensor) {
    return std::pair(tensor.offset, tensor.bytes);
  });
  check_layout(tensors_, data_start, file_.size(), where);
}

void SafetensorsFile::check_readable(const SafetensorsTensor& tensor) const {
  if (find_type(tensor.dtype)->read == nullptr) {
    throw Error(Code::unsupported,
                fmt::format("{}: the tensor {} is {}; F32, F16 and BF16 can be read",
                            path().string(), tensor.name, tensor.dtype),
                "use weights of one of these types");
  }
}

void SafetensorsFile::read_rows(const SafetensorsTensor& tensor, std::uint64_t begin,
                                std::uint64_t count, std::span<float> out) const {
  check_readable(tensor);
  check_range(begin, count, tensor.shape.rows, tensor.name);
  const ElementType& type = *find_type(tensor.dtype);
  const std::uint64_t row_bytes = tensor.shape.cols * type.bytes;
  std::vector<std::uint8_t> bytes(count * row_bytes);
  file_.read_at(tensor.offset + begin * row_bytes, bytes);
  for (std::uint64_t i = 0; i < count * tensor.shape.cols; ++i) {
    out[i] = type.read(bytes.data() + i * type.bytes);
  }
}

std::vector<RawTensor> raw_tensors(const std::shared_ptr<const SafetensorsFile>& file) {
  std::vector<RawTensor> raw;
  raw.reserve(file->tensors().size());
  for (const SafetensorsTensor& tensor : file->tensors()) {
    file->check_readable(tensor);
    raw.push_back({tensor.name, tensor.shape,
                   [file, &tensor](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
                     file->read_rows(tensor, begin, count, out);
                   }});
  }
  return raw;
}

}  // namespace crayon::importers
