#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "formats/importers/importers.h"
#include "formats/importers/safetensors.h"

namespace crayon::importers {

formats::ChannelScales import_channel_scales(const std::filesystem::path& path,
                                             const formats::ModelConfig& config) {
  const SafetensorsFile file(path);
  return formats::scales_of(config, path, [&](const std::string& name) {
    const auto found = std::ranges::find(file.tensors(), name, &SafetensorsTensor::name);
    if (found == file.tensors().end()) {
      throw Error(Code::missing_tensor,
                  fmt::format("{}: there is no tensor {}", path.string(), name),
                  "use the scales that were learned for this model");
    }
    file.check_readable(*found);
    if (found->shape.rows != 1) {  // a matrix without rows may name any width
      throw Error(Code::corrupt, fmt::format("{}: tensor {} is not a vector", path.string(), name),
                  "use the scales that were learned for this model");
    }
    std::vector<float> values(found->shape.cols);
    file.read_rows(*found, 0, 1, values);
    return values;
  });
}

}  // namespace crayon::importers
