#include "formats/importers/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "formats/importers/json_object.h"

namespace crayon::importers {
namespace {

constexpr std::uint64_t largest_header = 100'000'000;  // of the reference implementation
constexpr std::uint64_t most_dimensions = 8;
constexpr std::uint64_t size_bytes = sizeof(std::uint64_t);
constexpr std::uint64_t alignment = 8;  // of the first tensor's bytes

struct ElementType {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array element_types = {
    ElementType{"F64", 8},  ElementType{"F32", 4},     ElementType{"F16", 2},
    ElementType{"BF16", 2}, ElementType{"F8_E4M3", 1}, ElementType{"F8_E5M2", 1},
    ElementType{"I64", 8},  ElementType{"I32", 4},     ElementType{"I16", 2},
    ElementType{"I8", 1},   ElementType{"U64", 8},     ElementType{"U32", 4},
    ElementType{"U16", 2},  ElementType{"U8", 1},      ElementType{"BOOL", 1},
};

/// The header as JSON. A name that appears twice would otherwise be lost while parsing.
Json parse_header(const std::string& text, const std::string& where) {
  std::set<std::string> names;
  return parse_json(text, where + ": header", [&](const std::string& name) {
    if (!names.insert(name).second) {
      throw Error(Code::malformed, fmt::format("{}: the tensor {} appears twice", where, name),
                  "get or make the file again");
    }
  });
}

std::string read_text_of_header(const File& file) {
  const std::string where = file.path().string();
  std::array<std::uint8_t, size_bytes> prefix = {};
  if (file.size() < prefix.size()) {
    throw Error(Code::truncated, fmt::format("{} ends inside the size of the header", where),
                "copy or download the file again");
  }
  file.read_at(0, prefix);
  const auto size = load_le<std::uint64_t>(prefix.data());
  if (size > largest_header) {
    throw Error(
        Code::over_limit,
        fmt::format("{} has a header of {} bytes, more than {}", where, size, largest_header),
        "check that it is a safetensors file");
  }
  if (size > file.size() - prefix.size()) {
    throw Error(Code::truncated, fmt::format("{} ends inside its header of {} bytes", where, size),
                "copy or download the file again");
  }
  std::string header(size, '\0');
  file.read_at(prefix.size(), as_writable_bytes(std::span<char>(header)));
  return header;
}

std::vector<std::uint64_t> whole_numbers(const JsonObject& tensor, const char* field) {
  const Json* array = tensor.array(field);
  if (array == nullptr) {
    tensor.fail_missing(field);
  }
  std::vector<std::uint64_t> numbers;
  for (const Json& value : *array) {
    const auto* number = value.get_ptr<const Json::number_unsigned_t*>();
    if (number == nullptr) {
      tensor.fail_type(field, "a list of whole numbers");
    }
    numbers.push_back(*number);
  }
  return numbers;
}

/// `data_start`: where the header ends.
SafetensorsEntry read_entry(const std::string& name, const Json& json, const std::string& where,
                            std::uint64_t data_start) {
  const JsonObject object(json, fmt::format("{}: {}", where, name));
  SafetensorsEntry entry;
  entry.name = name;
  entry.dtype = object.required_text("dtype");
  entry.shape = whole_numbers(object, "shape");
  if (entry.shape.size() > most_dimensions) {
    object.fail_type("shape", "a list of at most 8 sizes");
  }
  entry.bytes = safetensors_element_bytes(entry.dtype);
  if (entry.bytes == 0) {
    object.fail_unsupported("dtype", entry.dtype);
  }
  for (const std::uint64_t size : entry.shape) {
    entry.bytes = checked_mul(entry.bytes, size, object.where());
  }
  const std::vector<std::uint64_t> offsets = whole_numbers(object, "data_offsets");
  if (offsets.size() != 2) {
    object.fail_type("data_offsets", "a pair");
  }
  if (offsets[0] > offsets[1] || offsets[1] - offsets[0] != entry.bytes) {
    throw Error(Code::corrupt,
                fmt::format("{}: data_offsets {} to {} do not hold the {} bytes of dtype and shape",
                            object.where(), offsets[0], offsets[1], entry.bytes),
                "get or make the file again");
  }
  entry.offset = checked_add(data_start, offsets[0], object.where());
  return entry;
}

std::map<std::string, std::string> read_metadata(const Json& header, const std::string& where) {
  std::map<std::string, std::string> metadata;
  const auto found = header.find("__metadata__");
  if (found == header.end() || found->is_null()) {
    return metadata;
  }
  const JsonObject object(*found, where + ": __metadata__");
  for (const auto& [name, value] : found->items()) {
    metadata[name] = object.required_text(name.c_str());
  }
  return metadata;
}

/// The format allows neither holes nor overlaps; both hide bytes or make two tensors share them.
void check_layout(const std::vector<SafetensorsEntry>& tensors, std::uint64_t data_start,
                  std::uint64_t file_size, const std::string& where) {
  std::uint64_t position = data_start;
  for (const SafetensorsEntry& tensor : tensors) {
    if (tensor.offset != position) {
      throw Error(Code::corrupt,
                  fmt::format("{}: {} starts at byte {}, but the tensor before it ends at {}",
                              where, tensor.name, tensor.offset, position),
                  "get or make the file again");
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
                fmt::format("{} has {} bytes behind its last tensor", where, file_size - position),
                "get or make the file again");
  }
}

}  // namespace

std::uint64_t safetensors_element_bytes(std::string_view dtype) {
  const auto* found = std::ranges::find(element_types, dtype, &ElementType::name);
  return found == element_types.end() ? 0 : found->bytes;
}

SafetensorsHeader read_safetensors_header(const File& file) {
  const std::string where = file.path().string();
  const std::string text = read_text_of_header(file);
  const Json json = parse_header(text, where);
  if (!json.is_object()) {
    throw Error(Code::malformed, fmt::format("{} has a header that is not an object", where),
                "check that it is a safetensors file");
  }
  SafetensorsHeader header;
  header.metadata = read_metadata(json, where);
  const std::uint64_t data_start = size_bytes + text.size();
  for (const auto& [name, value] : json.items()) {
    if (name != "__metadata__") {
      header.tensors.push_back(read_entry(name, value, where, data_start));
    }
  }
  // An empty tensor shares its offset with the one behind it.
  std::ranges::sort(header.tensors, {}, [](const SafetensorsEntry& tensor) {
    return std::pair(tensor.offset, tensor.bytes);
  });
  check_layout(header.tensors, data_start, file.size(), where);
  return header;
}

std::string safetensors_prefix(const SafetensorsHeader& header) {
  Json json = Json::object();
  if (!header.metadata.empty()) {
    json["__metadata__"] = header.metadata;
  }
  std::uint64_t offset = 0;
  for (const SafetensorsEntry& tensor : header.tensors) {
    std::uint64_t end = safetensors_element_bytes(tensor.dtype);
    for (const std::uint64_t size : tensor.shape) {
      end *= size;
    }
    end += offset;
    json[tensor.name] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + alignment - 1) / alignment * alignment, ' ');
  std::string prefix(size_bytes, '\0');
  store_le<std::uint64_t>(reinterpret_cast<std::uint8_t*>(prefix.data()), text.size());
  return prefix + text;
}

}  // namespace crayon::importers
