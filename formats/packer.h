#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_source.h"

namespace crayon::formats {

struct PackOptions {
  Dtype weights = Dtype::i8;  ///< the projections of the layers
  Dtype head = Dtype::i8;     ///< output head and token embedding
};

/// Streams a model into a bundle, a block of rows at a time; norms stay f32. Checks that the
/// tensors are those of the architecture, with their shapes and finite numbers.
/// `progress(done, total)` counts weights. Returns the bundle's id.
Hash pack_model(const ModelSource& source, const PackOptions& options,
                const std::filesystem::path& path,
                const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

/// Checks every factor against the base and writes an adapter bundle bound to it.
Hash pack_adapter(const AdapterSource& adapter, const Bundle& base,
                  const std::filesystem::path& path);

/// The same for an adapter that is made while it is written, so that it never lies in memory as a
/// whole: `head` has everything but the factors, and make(i, factor) overwrites `factor` with the
/// i-th of `count`. They come by layer and projection in ascending order, or bad_argument is
/// thrown.
Hash pack_adapter(const AdapterSource& head, std::size_t count,
                  const std::function<void(std::size_t i, SourceLora& factor)>& make,
                  const Bundle& base, const std::filesystem::path& path);

/// What makes a pool of some adapters.
struct PoolIndex {
  std::vector<float> indicators;  ///< [adapters][embedding.dim of the base]: what each is for
  float tau = 0.1f;               ///< temperature of the blend
  Embedding embedding = {};       ///< what the indicators are made of
};

/// A pool of adapters with one indicator each. Throws corrupt for an embedding that the base has
/// not, bad_argument for indicators of another size.
Hash pack_pool(std::span<const AdapterSource> adapters, const PoolIndex& index, const Bundle& base,
               const std::filesystem::path& path);

/// An adapter's factors out of an adapter bundle (index 0) or a pool. Throws wrong_base unless
/// it belongs to `base`.
AdapterSource read_adapter(const Bundle& bundle, std::size_t index, const Bundle& base);

/// Writes an adapter's or a pool's bundle once more, with this routing data in the place of what it
/// had. `path` may be the bundle's own: it is replaced when all is written, and kept on failure.
/// Throws bad_argument for a model's bundle, and what a reader would say of the routing data.
Hash pack_routing(const Bundle& bundle, const Routing& routing, const std::filesystem::path& path);

/// `provenance` with this program as the tool, and fit for a bundle: no control characters, no
/// endless texts.
Provenance packed_provenance(Provenance provenance);

/// The base's shape of one projection: [outputs][inputs].
Shape projection_shape(const ModelConfig& config, Projection which);

}  // namespace crayon::formats
