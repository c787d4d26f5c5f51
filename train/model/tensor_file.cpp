#include "train/model/tensor_file.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/checked.h"
#include "base/error.h"
#include "base/file.h"

namespace crayon::train {
namespace {

using nlohmann::json;

constexpr std::uint64_t header_limit = 100'000'000;  // bytes, as the format's own reader has it
constexpr std::uint64_t alignment = 8;               // of the first tensor's bytes

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

/// Where a tensor's bytes lie, from the start of the data.
struct Extent {
  torch::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin;
  std::uint64_t bytes;
};

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what,
                       Code code = Code::malformed) {
  throw Error(code, fmt::format("{}: {}", path.string(), what), "get or make the file again");
}

Extent read_extent(const json& entry, const std::string& name, std::uint64_t data_bytes,
                   const std::filesystem::path& path) {
  const std::string type_name = entry.value("dtype", "");
  const auto* type = std::ranges::find(types, type_name, &Type::name);
  if (type == types.end()) {
    fail(path, fmt::format("tensor {} has dtype {}", name, type_name), Code::unsupported);
  }
  const auto offsets = entry.at("data_offsets").get<std::vector<std::uint64_t>>();
  Extent extent{type->scalar, entry.at("shape").get<std::vector<std::int64_t>>(), 0, 0};
  std::uint64_t bytes = torch::elementSize(type->scalar);
  for (const std::int64_t size : extent.shape) {
    if (size < 0) {
      fail(path, fmt::format("tensor {} has a negative size", name));
    }
    bytes = checked_mul(bytes, static_cast<std::uint64_t>(size), name);
  }
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] - offsets[0] != bytes) {
    fail(path, fmt::format("tensor {} does not have the {} bytes of its shape", name, bytes));
  }
  if (offsets[1] > data_bytes) {
    fail(path, fmt::format("the file ends before tensor {}", name), Code::truncated);
  }
  extent.begin = offsets[0];
  extent.bytes = bytes;
  return extent;
}

}  // namespace

TensorFile read_tensors(const std::filesystem::path& path) {
  const File file(path);
  std::uint64_t header_bytes = 0;
  file.read_at(0, {reinterpret_cast<std::uint8_t*>(&header_bytes), sizeof header_bytes});
  if (header_bytes > header_limit || header_bytes > file.size() - sizeof header_bytes) {
    fail(path, fmt::format("the header claims {} bytes", header_bytes));
  }
  std::string text(header_bytes, '\0');
  file.read_at(sizeof header_bytes, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  const json header = json::parse(text, nullptr, false);
  if (!header.is_object()) {
    fail(path, "the header is not a JSON object");
  }
  const std::uint64_t data = sizeof header_bytes + header_bytes;

  TensorFile result;
  try {
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        result.metadata = entry.get<std::map<std::string, std::string>>();
        continue;
      }
      const Extent extent = read_extent(entry, name, file.size() - data, path);
      torch::Tensor tensor = torch::empty(extent.shape, extent.type);
      file.read_at(data + extent.begin,
                   {static_cast<std::uint8_t*>(tensor.data_ptr()), extent.bytes});
      result.tensors.emplace(name, std::move(tensor));
    }
  } catch (const json::exception&) {
    fail(path, "an entry of the header lacks its dtype, shape or data_offsets");
  }
  return result;
}

void write_tensors(const TensorFile& file, const std::filesystem::path& path) {
  json header = json::object();
  if (!file.metadata.empty()) {
    header["__metadata__"] = file.metadata;
  }
  std::vector<torch::Tensor> ready;
  std::uint64_t end = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const auto* type = std::ranges::find(types, tensor.scalar_type(), &Type::scalar);
    if (type == types.end()) {
      throw Error(Code::unsupported, fmt::format("{}: tensor {} has a type that safetensors "
                                                 "files do not hold",
                                                 path.string(), name));
    }
    ready.push_back(tensor.detach().to(torch::kCPU).contiguous());
    const std::uint64_t begin = end;
    end += ready.back().nbytes();
    header[name] = {
        {"dtype", type->name}, {"shape", tensor.sizes().vec()}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + alignment - 1) / alignment * alignment, ' ');
  const std::uint64_t header_bytes = text.size();

  AtomicFile out(path);
  out.write({reinterpret_cast<const std::uint8_t*>(&header_bytes), sizeof header_bytes});
  out.write(as_bytes(text));
  for (const torch::Tensor& tensor : ready) {
    out.write({static_cast<const std::uint8_t*>(tensor.data_ptr()), tensor.nbytes()});
  }
  out.commit();
}

}  // namespace crayon::train
