#include "train/model/tensor_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <vector>

#include "base/checked.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/importers/safetensors_header.h"

namespace crayon::train {
namespace {

using importers::SafetensorsEntry;
using importers::SafetensorsHeader;

struct Type {
  std::string_view name;
  torch::ScalarType scalar;
};
constexpr std::array<Type, 6> types = {{{"F64", torch::kFloat64},
                                        {"F32", torch::kFloat32},
                                        {"F16", torch::kFloat16},
                                        {"BF16", torch::kBFloat16},
                                        {"I64", torch::kInt64},
                                        {"I32", torch::kInt32}}};

/// A tensor of the entry's type and shape with nothing in it. `where`: the file and its name.
torch::Tensor empty_tensor(const SafetensorsEntry& entry, const std::string& where) {
  const auto* type = std::ranges::find(types, entry.dtype, &Type::name);
  if (type == types.end()) {
    throw Error(Code::unsupported, fmt::format("{} has dtype {}", where, entry.dtype),
                "use F64, F32, F16, BF16, I64 or I32");
  }
  // Beside a size of 0 the others may be anything; libtorch multiplies them.
  std::uint64_t strides = sizeof(double);
  for (const std::uint64_t size : entry.shape) {
    strides = checked_mul(strides, std::max<std::uint64_t>(size, 1), where);
  }
  if (strides > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw Error(Code::corrupt, fmt::format("{} has sizes that are too large", where),
                "get or make the file again");
  }
  const std::vector<std::int64_t> shape(entry.shape.begin(), entry.shape.end());
  return torch::empty(shape, type->scalar);
}

}  // namespace

TensorFile read_tensors(const std::filesystem::path& path) {
  const File file(path);
  SafetensorsHeader header = importers::read_safetensors_header(file);
  TensorFile result;
  result.metadata = std::move(header.metadata);
  for (const SafetensorsEntry& entry : header.tensors) {
    torch::Tensor tensor =
        empty_tensor(entry, fmt::format("{}: the tensor {}", path.string(), entry.name));
    file.read_at(entry.offset, {static_cast<std::uint8_t*>(tensor.data_ptr()), entry.bytes});
    result.tensors.emplace(entry.name, std::move(tensor));
  }
  return result;
}

void write_tensors(const TensorFile& file, const std::filesystem::path& path) {
  SafetensorsHeader header;
  header.metadata = file.metadata;
  std::vector<torch::Tensor> ready;
  for (const auto& [name, tensor] : file.tensors) {
    const auto* type = std::ranges::find(types, tensor.scalar_type(), &Type::scalar);
    if (type == types.end()) {
      throw Error(
          Code::unsupported,
          fmt::format("{}: the tensor {} has a type that is not written here", path.string(), name),
          "use F64, F32, F16, BF16, I64 or I32");
    }
    header.tensors.push_back({.name = name,
                              .dtype = std::string(type->name),
                              .shape = {tensor.sizes().begin(), tensor.sizes().end()}});
    ready.push_back(tensor.detach().to(torch::kCPU).contiguous());
  }
  AtomicFile out(path);
  out.write(as_bytes(importers::safetensors_prefix(header)));
  for (const torch::Tensor& tensor : ready) {
    out.write({static_cast<const std::uint8_t*>(tensor.data_ptr()), tensor.nbytes()});
  }
  out.commit();
}

}  // namespace crayon::train
