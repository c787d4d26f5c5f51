#include <fmt/format.h>

#include <set>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "formats/importers/json_object.h"
#include "formats/importers/safetensors.h"

namespace crayon::importers {
namespace {

using std::filesystem::path;

constexpr std::uint64_t largest_index = 64 << 20;
constexpr const char* index_name = "model.safetensors.index.json";

// The shards that the index names, each once, in the order of their names.
std::set<std::string> shards_of(const JsonObject& weight_map) {
  std::set<std::string> shards;
  for (const auto& [tensor, value] : weight_map.json().items()) {
    const auto* shard = value.get_ptr<const std::string*>();
    if (shard == nullptr) {
      weight_map.fail_type(tensor.c_str(), "the name of a file");
    }
    // A plain name: an index must not make us read elsewhere.
    if (*shard != path(*shard).filename() || shard->empty() || *shard == "." || *shard == "..") {
      weight_map.fail_type(tensor.c_str(), "the name of a file in the folder");
    }
    shards.insert(*shard);
  }
  return shards;
}

SafetensorsModel open_shards(const path& folder) {
  const path index_path = folder / index_name;
  const Json index = read_json(index_path, largest_index);
  const JsonObject root(index, index_path.string());
  const auto weight_map = root.object("weight_map");
  if (!weight_map) {
    root.fail_missing("weight_map");
  }
  SafetensorsModel model;
  std::unordered_set<std::string> names;
  for (const std::string& shard : shards_of(*weight_map)) {
    model.files.push_back(folder / shard);
    const auto file = std::make_shared<const SafetensorsFile>(model.files.back());
    for (RawTensor& tensor : raw_tensors(file)) {
      if (!names.insert(tensor.name).second) {
        throw Error(Code::malformed, fmt::format("{}: the tensor {} is in another shard too",
                                                 file->path().string(), tensor.name));
      }
      model.tensors.push_back(std::move(tensor));
    }
  }
  for (const auto& [tensor, shard] : weight_map->json().items()) {
    if (!names.contains(tensor)) {
      throw Error(Code::missing_tensor,
                  fmt::format("{} lacks the tensor {}, which {} promises", folder.string(), tensor,
                              index_name),
                  "copy or download the shards again");
    }
  }
  return model;
}

}  // namespace

SafetensorsModel open_safetensors_model(const path& folder) {
  const path single = folder / "model.safetensors";
  if (std::filesystem::exists(single)) {
    return {{single}, raw_tensors(std::make_shared<const SafetensorsFile>(single))};
  }
  if (std::filesystem::exists(folder / index_name)) {
    return open_shards(folder);
  }
  throw Error(Code::not_found,
              fmt::format("{} has neither model.safetensors nor {}", folder.string(), index_name),
              "save the model's weights as safetensors");
}

}  // namespace crayon::importers
