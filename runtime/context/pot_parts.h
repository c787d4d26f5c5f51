#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/context/distillation.h"
#include "runtime/context/pot.h"

namespace crayon::context {

/// What a pot's rule works with. All memory is here.
struct Pot::Parts {
  Parts(const model::Model& model, model::Session& session, const PotOptions& options,
        std::unique_ptr<const Rule> its_rule);

  /// The row of `hidden` that has the token at `position`; 0: it is not known.
  std::size_t hidden_row(std::int64_t position) const {
    const std::int64_t row = position - hidden_begin;
    return position >= 0 && row >= 0 && row < static_cast<std::int64_t>(hidden_count)
               ? static_cast<std::size_t>(1 + row)
               : 0;
  }

  const std::unique_ptr<const Rule> rule;
  const Needs needs;
  const std::unique_ptr<RecentQueries> queries;
  const std::unique_ptr<EntrySurprise> surprise;
  std::optional<model::TokenSurprise> measure;
  Distillation distillation;
  // The residual stream behind the last layer, first at the token before the last step, then at
  // the tokens of that step: [1 + prefill_batch][dim].
  std::vector<float> hidden;
  std::int64_t hidden_begin = 0;  // position of the last step; below 0 when distilled since then
  std::size_t hidden_count = 0;   // its tokens
  bool has_previous = false;      // whether the first row is known
  std::vector<float> measured;    // [prefill_batch]
};

}  // namespace crayon::context
