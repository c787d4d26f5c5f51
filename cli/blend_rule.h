#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/engine.h"
#include "cli/output.h"
#include "formats/model_source.h"
#include "runtime/adapters/adapters.h"
#include "runtime/adapters/sum.h"
#include "runtime/eval/task_file.h"

namespace crayon::cli {

/// Which rule `crayon blend` weighs a pool's adapters with, and what it makes of them.
struct RuleOptions {
  std::string rule = "crayon";
  std::optional<float> tau;        ///< crayon; absent: the pool's
  float drop = 1e-3f;              ///< crayon: weights below it are left out
  std::uint32_t top_k = 3;         ///< arrow, logo
  float temperature = 1.0f;        ///< arrow
  std::uint32_t evaluations = 40;  ///< lorahub
  std::uint32_t rank = 0;          ///< recompress to it; 0: do not
  bool merge_factors = false;      ///< the cheap sum instead of the exact one

  /// Whether the rule looks at examples at all.
  bool needs_examples() const { return rule != "uniform" && rule != "arrow"; }
};
void add_rule_options(Command& command, RuleOptions& options);

/// What a rule made of a pool.
struct Blended {
  adapters::Blend blend;             ///< without scores or weights where the rule has none
  formats::AdapterSource adapter;    ///< without factors where there is a sum
  std::optional<adapters::Sum> sum;  ///< makes the factors of an exact sum as they are written
  Json details;                      ///< an object: what there is to say of this rule besides
};

/// The embeddings of the examples' questions, of the pool's kind: [examples][dim].
std::vector<float> embeddings_of(const std::vector<eval::TaskItem>& examples, const Engine& engine,
                                 const adapters::Pool& pool);

/// Applies the rule; what it returns points into `pool`. Throws bad_argument for options that
/// contradict each other.
Blended apply_rule(const RuleOptions& options, const Engine& engine, const adapters::Pool& pool,
                   const std::vector<eval::TaskItem>& examples, const std::string& name);

}  // namespace crayon::cli
