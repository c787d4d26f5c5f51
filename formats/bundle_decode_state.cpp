#include <algorithm>

#include "formats/bundle_decode_parts.h"
#include "formats/bundle_layout.h"

namespace crayon::formats {

StateInfo decode_state(const fbs::State& state) {
  size_of(state.catalyst(), max_state_catalyst, "catalyst");
  StateInfo info;
  if (const auto* const adapters = state.adapters()) {
    std::ranges::copy(*adapters->bytes(), info.adapters.begin());
  }
  info.rule = {.name = to_string(state.rule(), max_rule_name_size, "rule"),
               .keep = state.keep(),
               .surprise_share = state.surprise_share(),
               .sinks = state.sinks(),
               .observed = state.observed(),
               .pooled = state.pooled(),
               .sampled = state.sampled(),
               .catalyst = to_vector(state.catalyst())};
  info.kv = to_enum(state.kv(), Dtype::i8, "kv");
  info.kv_heads = state.kv_heads();
  info.context = state.context();
  info.positions = state.positions();
  info.distilled = state.distilled();
  info.pinned = state.pinned();
  info.window_begin = state.window_begin();
  info.dropped = state.dropped();
  return info;
}

}  // namespace crayon::formats
