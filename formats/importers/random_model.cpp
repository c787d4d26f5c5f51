#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/fnv.h"
#include "base/random.h"
#include "formats/architecture.h"
#include "formats/importers/importers.h"
#include "formats/importers/provenance.h"
#include "formats/importers/random_parts.h"

namespace crayon::importers {
namespace {

using formats::TensorRole;

struct Distribution {
  double mean, deviation;
};

// Keeps the size of what flows through the model.
Distribution distribution(const formats::ExpectedTensor& tensor) {
  if (tensor.role != TensorRole::vector) {
    return {0.0, 1.0 / std::sqrt(static_cast<double>(tensor.shape.cols))};
  }
  return {tensor.name.ends_with("_bias") ? 0.0 : 1.0, 0.1};
}

// Any row of the tensor, without the rows before it.
void fill_row(std::uint64_t seed, std::uint64_t row, Distribution numbers, std::span<float> out) {
  // Uniform numbers and no normal ones: they need no logarithm or cosine, whose last bit may
  // differ between machines. sqrt(3) makes their deviation 1.
  Random random(seed ^ Random(row).next());
  for (float& value : out) {
    const double spread = (2.0 * random.uniform() - 1.0) * std::sqrt(3.0);
    value = static_cast<float>(numbers.mean + spread * numbers.deviation);
  }
}

}  // namespace

formats::ModelSource random_model(const std::string& shape, std::uint64_t seed) {
  formats::ModelSource source;
  RandomShape parts = random_model_shape(shape);
  source.config = std::move(parts.config);
  source.image = std::move(parts.image);
  source.tokenizer = random_model_tokenizer(source.config.vocab_size);
  source.tokenizer.add_eos = source.config.is_encoder();
  source.provenance.source = fmt::format("random {}, seed {}", shape, seed);
  source.provenance.tool = tool_name();
  for (const formats::ExpectedTensor& tensor :
       formats::expected_tensors(source.config, source.image ? &*source.image : nullptr)) {
    const std::uint64_t stream = Random(seed).next() ^ fnv1a(tensor.name);
    const Distribution numbers = distribution(tensor);
    source.tensors.push_back({tensor.name, tensor.shape,
                              [stream, numbers, cols = tensor.shape.cols](
                                  std::uint64_t begin, std::uint64_t count, std::span<float> out) {
                                for (std::uint64_t i = 0; i < count; ++i) {
                                  fill_row(stream, begin + i, numbers, out.subspan(i * cols, cols));
                                }
                              }});
  }
  return source;
}

}  // namespace crayon::importers
