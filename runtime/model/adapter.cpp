#include "runtime/model/adapter.h"

#include <fmt/format.h>

#include "base/error.h"
#include "formats/packer.h"

namespace crayon::model {

std::uint64_t Adapter::bytes() const {
  std::uint64_t floats = 0;
  for (const Layer& layer : layers_) {
    for (const LowRank& low_rank : layer) {
      floats += low_rank.a.size() + low_rank.b.size() + low_rank.rank_scale.size() +
                low_rank.router.directions.size();
    }
  }
  return floats * sizeof(float);
}

void Adapter::check(const formats::ModelConfig& config) const {
  if (layers_.size() != config.layers) {
    throw Error(
        Code::bad_shape,
        fmt::format("the adapter has {} layers, its base {}", layers_.size(), config.layers),
        "pack the adapter for this base");
  }
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    for (const formats::Projection which : formats::all_projections) {
      const LowRank& low_rank = at(layer, which);
      const formats::Shape shape = formats::projection_shape(config, which);
      if (low_rank.a.size() != low_rank.rank * shape.cols ||
          low_rank.b.size() != low_rank.rank * shape.rows ||
          low_rank.rank_scale.size() != low_rank.rank) {
        throw Error(Code::bad_shape,
                    fmt::format("the adapter's factors for {} do not have the sizes of rank {}",
                                formats::projection(layer, which), low_rank.rank),
                    "pack the adapter for this base");
      }
      low_rank.router.check(low_rank.rank, shape.cols, formats::projection(layer, which));
    }
  }
}

}  // namespace crayon::model
