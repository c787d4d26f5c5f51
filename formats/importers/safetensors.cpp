#include "formats/importers/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/half.h"
#include "formats/importers/safetensors_header.h"

namespace crayon::importers {
namespace {

/// Elements one behind the other -> floats, out.size() of them.
using ReadElements = void (*)(const std::uint8_t* elements, std::span<float> out);

float same(float value) {
  return value;
}

// A function for each type, so that its loop has no call inside.
template <typename Stored, float to_float(Stored)>
void read_elements(const std::uint8_t* elements, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = to_float(load_le<Stored>(elements + i * sizeof(Stored)));
  }
}

struct Readable {
  std::string_view dtype;
  ReadElements read;
};

constexpr std::array readable = {
    Readable{"F32", read_elements<float, same>},
    Readable{"F16", read_elements<std::uint16_t, f16_to_f32>},
    Readable{"BF16", read_elements<std::uint16_t, bf16_to_f32>},
};

/// Null for a type that is known by size only.
ReadElements reader_of(std::string_view dtype) {
  const auto* found = std::ranges::find(readable, dtype, &Readable::dtype);
  return found == readable.end() ? nullptr : found->read;
}

/// A vector is one row; more than two dimensions fold into the rows. The product of all sizes
/// was checked.
formats::Shape folded(const std::vector<std::uint64_t>& sizes) {
  formats::Shape shape{1, 1};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    (i + 1 == sizes.size() ? shape.cols : shape.rows) *= sizes[i];
  }
  return shape;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(path) {
  for (SafetensorsEntry& entry : read_safetensors_header(file_).tensors) {
    tensors_.push_back({std::move(entry.name), std::move(entry.dtype), folded(entry.shape),
                        entry.offset, entry.bytes});
  }
}

void SafetensorsFile::check_readable(const SafetensorsTensor& tensor) const {
  if (reader_of(tensor.dtype) == nullptr) {
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
  const std::uint64_t row_bytes = tensor.shape.cols * safetensors_element_bytes(tensor.dtype);
  std::vector<std::uint8_t> bytes(count * row_bytes);
  file_.read_at(tensor.offset + begin * row_bytes, bytes);
  reader_of(tensor.dtype)(bytes.data(), out.first(count * tensor.shape.cols));
}

std::vector<RawTensor> raw_tensors(const std::shared_ptr<const SafetensorsFile>& file) {
  std::vector<RawTensor> raw;
  raw.reserve(file->tensors().size());
  for (const SafetensorsTensor& tensor : file->tensors()) {
    raw.push_back({tensor.name, tensor.shape,
                   [file, &tensor](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
                     file->read_rows(tensor, begin, count, out);
                   },
                   [file, &tensor] { file->check_readable(tensor); }});
  }
  return raw;
}

}  // namespace crayon::importers
