#include "cli/inspect/state_description.h"

#include <fmt/format.h>

namespace crayon::cli {
namespace {

bool has_adapters(const formats::StateInfo& state) {
  return state.adapters != formats::Hash{};
}

}  // namespace

Json state_json(const formats::StateInfo& state) {
  return {{"adapters", has_adapters(state) ? Json(formats::to_hex(state.adapters)) : Json()},
          {"rule", state.rule.name},
          {"keep", state.rule.keep},
          {"surprise_share", state.rule.surprise_share},
          {"sinks", state.rule.sinks},
          {"observed", state.rule.observed},
          {"pooled", state.rule.pooled},
          {"sampled", state.rule.sampled},
          {"catalyst", state.rule.catalyst},
          {"kv", formats::dtype_name(state.kv)},
          {"context", state.context},
          {"positions", state.positions},
          {"distilled", state.distilled},
          {"pinned", state.pinned},
          {"dropped", state.dropped},
          {"tokens_read", state.tokens_read()}};
}

std::string rule_text(const formats::StateInfo& state) {
  return state.rule.name == "none"
             ? "none: its context can be full"
             : fmt::format("{}, keeps {:g} of a full context", state.rule.name, state.rule.keep);
}

std::string state_text(const formats::StateInfo& state) {
  return fmt::format("{} tokens read, {} positions of {} held ({})", state.tokens_read(),
                     state.positions, state.context, formats::dtype_name(state.kv));
}

std::string adapters_text(const formats::StateInfo& state) {
  return has_adapters(state) ? formats::to_hex(state.adapters) : "none";
}

}  // namespace crayon::cli
