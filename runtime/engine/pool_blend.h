#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_source.h"
#include "runtime/adapters/adapters.h"
#include "runtime/adapters/sum.h"
#include "runtime/engine/engine.h"
#include "runtime/eval/task_file.h"

namespace crayon::engine {

/// Which rule weighs a pool's adapters, and what is made of them.
struct BlendOptions {
  /// "crayon", "nearest", "uniform", "arrow", "lorahub" or "logo".
  std::string rule = "crayon";
  std::optional<float> tau;        ///< crayon; absent: the pool's
  float drop = 1e-3f;              ///< crayon: weights below it are left out
  std::uint32_t top_k = 3;         ///< arrow, logo; 0: all
  float temperature = 1.0f;        ///< arrow
  std::uint32_t evaluations = 40;  ///< lorahub
  std::uint32_t rank = 0;          ///< recompress to it; 0: do not
  bool merge_factors = false;      ///< the cheap sum instead of the exact one

  /// Whether the rule looks at examples at all.
  bool needs_examples() const { return rule != "uniform" && rule != "arrow"; }
};

/// Throws bad_argument for a rule that is none, for one that needs examples without any, and for
/// options that contradict each other.
void check(const BlendOptions& options, bool any_examples);

/// What a rule made of a pool.
struct PoolBlend {
  adapters::Blend blend;             ///< without scores or weights where the rule has none
  formats::AdapterSource adapter;    ///< without factors where there is a sum
  std::optional<adapters::Sum> sum;  ///< makes the factors of an exact sum as they are written
  /// What there is to say of this rule besides, by name: "error", "loss", "base_loss",
  /// "evaluations".
  std::vector<std::pair<std::string, double>> details;
};

/// The embeddings of the examples' questions, of the pool's kind: [examples][dim].
std::vector<float> embeddings_of(const std::vector<eval::TaskItem>& examples, const Engine& engine,
                                 const adapters::Pool& pool);

/// Applies the rule; what it returns points into `pool`. Throws as check() does, and malformed for
/// examples without answers where the rule learns from them.
PoolBlend blend_pool(const BlendOptions& options, const Engine& engine, const adapters::Pool& pool,
                     const std::vector<eval::TaskItem>& examples, const std::string& name);

/// The adapter with all its factors.
formats::AdapterSource whole_adapter(const PoolBlend& blend);

/// Writes it, of an exact sum a projection at a time. Returns the seconds of adding up, without
/// writing.
double pack_blend(const PoolBlend& blend, const formats::Bundle& base,
                  const std::filesystem::path& path);

}  // namespace crayon::engine
