#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "formats/importers/architectures.h"
#include "formats/importers/assemble.h"
#include "formats/importers/huggingface.h"
#include "formats/importers/provenance.h"
#include "formats/importers/safetensors.h"

namespace crayon::importers {
namespace {

constexpr std::uint64_t largest_config = 16 << 20;
constexpr std::string_view head_name = "lm_head.weight";

// Folders that were saved without a head leave out the start of every name.
void complete_names(const Architecture& architecture, std::vector<RawTensor>& tensors) {
  const std::string_view prefix = architecture.huggingface_prefix;
  const auto complete = [&](const RawTensor& tensor) { return tensor.name.starts_with(prefix); };
  if (std::ranges::any_of(tensors, complete)) {
    return;
  }
  for (RawTensor& tensor : tensors) {
    if (tensor.name != head_name) {
      tensor.name.insert(0, prefix);
    }
  }
}

}  // namespace

formats::ModelSource read_huggingface_model(const std::filesystem::path& folder) {
  const std::filesystem::path config_path = folder / "config.json";
  const Json json = read_json(config_path, largest_config);
  formats::ModelSource source;
  source.config = read_huggingface_config(JsonObject(json, config_path.string()));
  SafetensorsModel model = open_safetensors_model(folder);
  source.provenance = describe_source(folder, model.files, "");
  const Architecture& architecture = architecture_of(source.config);
  complete_names(architecture, model.tensors);
  // Tables of cosines that old versions saved; a head that is tied and saved nevertheless.
  std::vector<std::string_view> harmless = {"rotary_emb.inv_freq"};
  harmless.insert(harmless.end(), architecture.huggingface_leftovers.begin(),
                  architecture.huggingface_leftovers.end());
  if (source.config.tied_head) {
    harmless.push_back(head_name);
  }
  source.tensors = assemble(std::move(model.tensors),
                            expected_tensors(architecture, source.config, Naming::huggingface),
                            harmless, folder.string());
  return source;
}

}  // namespace crayon::importers
