#pragma once

#include "cli/engine.h"
#include "cli/options.h"
#include "cli/output.h"
#include "runtime/hybrid/assistant.h"

namespace crayon::cli {

/// What an assistant goes by, of the verb's flags.
hybrid::Policy to_policy(const HybridOptions& options, const Engine& engine);

/// Shows an answer while it comes. What a remote that failed has said stays on the screen, and a
/// line says that it is void.
void show(const hybrid::AnswerPiece& piece);

/// {"signal","stage","score","threshold"} of what decided; null when no signal did.
Json decision_json(const hybrid::Decision& decision);
/// All signals that were read: {NAME: {"stage","score","threshold"}}, without a threshold where
/// they were not gone by.
Json signals_json(std::span<const hybrid::Reading> readings);
/// The same on standard error, a line each.
void note_signals(const hybrid::Answer& answer);

}  // namespace crayon::cli
