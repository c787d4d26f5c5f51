#pragma once

#include <cstdint>
#include <vector>

#include "formats/state.h"
#include "runtime/context/pot.h"
#include "runtime/model/kv_entries.h"

namespace crayon::context {

/// What a pot holds besides the entries of its session, out of it and into it.
class PotState {
 public:
  static const model::Model& model(const Pot& pot) { return pot.model_; }
  static Needs needs(const Pot& pot);
  /// Whether so many first entries may stay for ever: throws what Pot::clear() throws.
  static void check_pinned(const Pot& pot, std::uint32_t pinned) { pot.check_pinned(pinned); }

  /// All of a state but the adapters.
  static formats::StateInfo describe(const Pot& pot);

  // What the rule needs of what has been read; empty where it needs nothing.

  /// Surprise of the entries: [layers * kv_heads][positions].
  static std::vector<float> surprise(const Pot& pot);
  /// The residual stream behind the last layer, of the last tokens as far as it is known:
  /// [tokens][dim].
  static std::vector<float> hidden(const Pot& pot);
  /// Queries of the last tokens as far as they are known: [layers][tokens][query_dim].
  static std::vector<float> queries(const Pot& pot);

  /// Puts these in the place of the pot's own, of sizes that fit it, with the numbers of `state`.
  /// The session is at the state's position already.
  static void replace(Pot& pot, const formats::StateInfo& state, const std::vector<float>& surprise,
                      const std::vector<float>& hidden, const std::vector<float>& queries);
};

}  // namespace crayon::context
