#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_config.h"
#include "formats/tensor.h"
#include "formats/tokenizer_data.h"

namespace crayon::formats {

/// One tensor of a model that is being imported, under its bundle name (formats/tensor.h).
struct SourceTensor {
  std::string name;
  Shape shape;
  /// Rows [begin, begin + count) as floats into out [count][cols]: reads only those from the
  /// file, dequantises, and puts rows of q and k into the half-split order.
  std::function<void(std::uint64_t begin, std::uint64_t count, std::span<float> out)> read_rows;
};

/// A tensor [1][values] of numbers that are at hand.
SourceTensor vector_tensor(std::string name, std::vector<float> values);

/// A model as an importer sees it; tensors are read when asked for.
struct ModelSource {
  ModelConfig config;  ///< of an encoder: that of its text tower
  TokenizerData tokenizer;
  Provenance provenance;
  std::vector<SourceTensor> tensors;
  std::optional<ImageTower> image = {};  ///< of an encoder
};

/// One low-rank factor pair of an imported adapter, dense and small.
struct SourceLora {
  std::uint32_t layer = 0;
  Projection projection = Projection::q;
  std::uint32_t rank = 0;
  std::vector<float> a;  ///< [rank][inputs]
  std::vector<float> b;  ///< [outputs][rank], rows in the half-split order for q and k
  /// [experts][inputs] of an adapter with experts: the unit vector that scores a token for each,
  /// or zeros where it has no factors. Empty otherwise.
  std::vector<float> directions = {};
};

struct AdapterSource {
  std::string name;
  std::uint32_t rank = 0;  ///< the largest of its factors
  float scale = 1.0f;      ///< alpha / r, or alpha / sqrt(r) for rsLoRA
  std::vector<SourceLora> factors;
  std::optional<ExpertsInfo> experts = {};
  Provenance provenance;
  std::optional<Scope> scope = {};  ///< what it was blended for, when that is known
};

}  // namespace crayon::formats
