#pragma once

#include <string>

#include "cli/output.h"
#include "formats/state.h"

namespace crayon::cli {

/// Every field of a saved state.
Json state_json(const formats::StateInfo& state);

/// "infinipot, keeps 0.5": how room is made.
std::string rule_text(const formats::StateInfo& state);

/// "93120 tokens read, 1520 positions of 2048 held, f16"
std::string state_text(const formats::StateInfo& state);

/// The hash in hex, or "none".
std::string adapters_text(const formats::StateInfo& state);

}  // namespace crayon::cli
