#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/importers/architectures.h"
#include "formats/importers/assemble.h"
#include "formats/importers/clip.h"
#include "formats/importers/families/families.h"
#include "formats/importers/named_check.h"
#include "formats/importers/provenance.h"
#include "formats/importers/safetensors.h"
#include "formats/tensor.h"

namespace crayon::importers {
namespace {

using std::filesystem::path;

constexpr std::uint64_t largest_config = 16 << 20;
constexpr const char* open_config = "open_clip_config.json";
constexpr const char* open_weights = "open_clip_model.safetensors";
constexpr std::string_view logit_scale = "logit_scale";

// Tables of positions 0, 1, ... that old versions saved; the mask of the first release.
constexpr std::array<std::string_view, 3> leftovers = {"position_ids", "attn_mask", logit_scale};

/// The tensors of both towers under their bundle names.
std::vector<ExpectedTensor> expected(const ClipTensors& names, const ClipConfig& config) {
  std::vector<ExpectedTensor> all = expected_tensors(names.text, config.text, Naming::huggingface);
  for (ExpectedTensor& tensor :
       expected_tensors(names.image, config.image.config, Naming::huggingface)) {
    tensor.bundle.insert(0, formats::image_prefix);
    all.push_back(std::move(tensor));
  }
  return all;
}

/// A convolution's weight [dim][3][patch_size][patch_size], whose last size alone is its columns,
/// as the matrix that patches are multiplied with: [dim][patch_dim].
void fold_patches(std::vector<RawTensor>& tensors, std::string_view name,
                  const formats::ModelConfig& config) {
  const auto found = std::ranges::find(tensors, name, &RawTensor::name);
  const std::uint64_t rows = 3 * std::uint64_t{config.patch_size};  // of one output
  const formats::Shape whole{config.dim * rows, config.patch_size};
  if (found == tensors.end() || found->shape != whole) {
    return;  // assemble() tells of it
  }
  found->shape = {config.dim, config.patch_dim()};
  found->read_rows = [rows, read = std::move(found->read_rows)](
                         std::uint64_t begin, std::uint64_t count, std::span<float> out) {
    read(begin * rows, count * rows, out);
  };
}

/// Its logarithm is learned.
void read_logit_scale(const std::vector<RawTensor>& tensors, formats::ImageTower& image) {
  const auto found = std::ranges::find(tensors, logit_scale, &RawTensor::name);
  if (found == tensors.end() || found->shape != formats::Shape{1, 1}) {
    return;  // what the configuration says
  }
  if (found->check) {
    found->check();
  }
  float logarithm = 0;
  found->read_rows(0, 1, {&logarithm, 1});
  image.logit_scale = std::exp(logarithm);
}

formats::ModelSource assemble_clip(ClipConfig config, const ClipTensors& names,
                                   SafetensorsModel model, const path& folder) {
  formats::ModelSource source;
  source.provenance = describe_source(folder, model.files, "");
  read_logit_scale(model.tensors, config.image);
  const std::vector<ExpectedTensor> wanted = expected(names, config);
  const auto patches =
      std::ranges::find(wanted, std::string(formats::image_prefix).append(formats::patch_embedding),
                        &ExpectedTensor::bundle);
  fold_patches(model.tensors, patches->source, config.image.config);
  source.tensors = assemble(std::move(model.tensors), wanted, leftovers, folder.string());
  source.config = std::move(config.text);
  source.image = std::move(config.image);
  // Other files have had a say since the configuration was checked.
  check_clip(source.config, *source.image, folder.string());
  return source;
}

}  // namespace

bool is_clip_folder(const path& folder) {
  const path config = folder / "config.json";
  if (std::filesystem::exists(config)) {
    return is_clip_config(read_json(config, largest_config));
  }
  return std::filesystem::exists(folder / open_config);
}

formats::ModelSource read_clip_model(const path& folder) {
  const path config_path = folder / "config.json";
  if (!std::filesystem::exists(config_path)) {
    const path open_path = folder / open_config;
    const Json json = read_json(open_path, largest_config);
    ClipConfig config = read_open_clip_config(JsonObject(json, open_path.string()));
    const path weights = folder / open_weights;
    return assemble_clip(std::move(config), open_clip(),
                         {{weights}, raw_tensors(std::make_shared<const SafetensorsFile>(weights))},
                         folder);
  }
  const Json json = read_json(config_path, largest_config);
  ClipConfig config = read_clip_config(JsonObject(json, config_path.string()));
  const path preprocessor = folder / "preprocessor_config.json";
  if (std::filesystem::exists(preprocessor)) {
    const Json preprocess = read_json(preprocessor, largest_config);
    read_clip_preprocessor(JsonObject(preprocess, preprocessor.string()), config.image);
  }
  return assemble_clip(std::move(config), huggingface_clip(), open_safetensors_model(folder),
                       folder);
}

}  // namespace crayon::importers
