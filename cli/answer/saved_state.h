#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/engine.h"
#include "runtime/context/pot.h"

namespace crayon::cli {

/// --state, for verbs that can start from what `crayon read` has read.
void add_state_option(Command& command, std::string& path);

/// What a session starts from: nothing, or a saved state.
class Start {
 public:
  /// An empty path is nothing: then `distill` says how room is made. A state says so itself, and
  /// `session` gets its positions, if it wants no more, and its type of keys and values. Throws
  /// bad_argument for a bundle that is no state, and what opening one does.
  Start(const std::string& path, const DistillOptions& distill, const Engine& engine,
        SessionOptions& session);

  bool is_state() const { return state_.has_value(); }
  const context::PotOptions& pot_options() const { return pot_options_; }
  /// Fills a new pot; throws as context::restore() does.
  void prepare(context::Pot& pot) const;

 private:
  const Engine& engine_;
  std::optional<formats::Bundle> state_;
  context::PotOptions pot_options_;
};

}  // namespace crayon::cli
