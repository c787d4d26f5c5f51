// Weights as Hugging Face folders keep them.

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "train/model/decoder.h"
#include "train/model/families/families.h"
#include "train/model/tensor_file.h"

namespace crayon::train {
namespace {

using Tensors = std::map<std::string, torch::Tensor>;

/// The tensors of all of a folder's files.
Tensors read_shards(const std::filesystem::path& folder) {
  const std::filesystem::path index = folder / "model.safetensors.index.json";
  if (!std::filesystem::exists(index)) {
    return read_tensors(folder / "model.safetensors").tensors;
  }
  constexpr std::uint64_t index_limit = std::uint64_t{64} << 20;
  const auto json = nlohmann::json::parse(read_text(index, index_limit), nullptr, false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    throw Error(Code::malformed, index.string() + " has no weight_map", "get the model again");
  }
  std::set<std::string> names;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    if (!file.is_string() || file.get<std::string>().find('/') != std::string::npos) {
      throw Error(Code::malformed,
                  fmt::format("{}: the file of {} is no file name", index.string(), tensor),
                  "get the model again");
    }
    names.insert(file.get<std::string>());
  }
  Tensors tensors;
  for (const std::string& name : names) {
    tensors.merge(read_tensors(folder / name).tensors);
  }
  return tensors;
}

/// The tensor of this name, with or without the prefix; null: there is none.
const torch::Tensor* find(const Tensors& tensors, const std::string& name,
                          std::string_view prefix) {
  auto found = tensors.find(name);
  if (found == tensors.end() && name.starts_with(prefix)) {
    found = tensors.find(name.substr(prefix.size()));
  }
  return found == tensors.end() ? nullptr : &found->second;
}

}  // namespace

Weights Weights::load(const std::filesystem::path& folder) {
  Weights weights = empty(read_config(folder));
  const Tensors tensors = read_shards(folder);
  const FamilyFormat& format = format_of(weights.config.family);
  for (const auto& [name, parameter] : weights.named()) {
    const StoredName stored = stored_name(format.family, name);
    const torch::Tensor* found = find(tensors, stored.name, format.prefix);
    if (found == nullptr) {
      throw Error(Code::missing_tensor,
                  fmt::format("{} has no tensor {}", folder.string(), stored.name),
                  "get the model again; config.json and weights must be of one model");
    }
    const torch::Tensor whole = stored.transposed && found->dim() == 2 ? found->t() : *found;
    std::vector<std::int64_t> expected = parameter->sizes().vec();
    expected[0] *= stored.parts;
    if (whole.sizes() != expected) {
      throw Error(Code::bad_shape,
                  fmt::format("{}: the tensor {} does not have the shape that config.json gives",
                              folder.string(), stored.name),
                  "get the model again; config.json and weights must be of one model");
    }
    parameter->copy_(whole.chunk(stored.parts)[static_cast<std::size_t>(stored.part)]);
  }
  return weights;
}

void Weights::save(const std::filesystem::path& folder, torch::ScalarType type) const {
  std::filesystem::create_directories(folder);
  Weights copy = *this;  // of the handles
  TensorFile file;
  file.metadata["format"] = "pt";
  std::map<std::string, std::vector<torch::Tensor>> parts;  // in order, as named() has them
  for (const auto& [name, parameter] : copy.named()) {
    const StoredName stored = stored_name(config.family, name);
    const torch::Tensor tensor = parameter->detach().to(type);
    parts[stored.name].push_back(stored.transposed ? tensor.t() : tensor);
  }
  for (const auto& [name, tensors] : parts) {
    // Biases are vectors, transposed matrices lie side by side.
    file.tensors[name] = torch::cat(tensors, -1).contiguous();
  }
  write_tensors(file, folder / "model.safetensors");
  write_text(folder / "config.json", config_json(config));
}

}  // namespace crayon::train
