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

}  // namespace

formats::ModelSource read_huggingface_model(const std::filesystem::path& folder) {
  const std::filesystem::path config_path = folder / "config.json";
  const Json json = read_json(config_path, largest_config);
  formats::ModelSource source;
  source.config = read_huggingface_config(JsonObject(json, config_path.string()));
  SafetensorsModel model = open_safetensors_model(folder);
  source.provenance = describe_source(folder, model.files, "");
  // Tables of cosines that old versions saved; a head that is tied and saved nevertheless.
  std::vector<std::string_view> harmless = {"rotary_emb.inv_freq"};
  if (source.config.tied_head) {
    harmless.push_back("lm_head.weight");
  }
  const Architecture& architecture =
      find_architecture(source.config.architecture, Naming::gguf, folder.string());
  source.tensors = assemble(std::move(model.tensors),
                            expected_tensors(architecture, source.config, Naming::huggingface),
                            harmless, folder.string());
  return source;
}

}  // namespace crayon::importers
