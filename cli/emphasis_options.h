#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arguments/command.h"
#include "runtime/emphasis/syntax.h"
#include "runtime/model/model.h"

namespace crayon::cli {

/// How a person stresses words, with one meaning in every verb.
struct EmphasisOptions {
  bool syntax = false;               ///< (word:1.5) and [word] in a text are weights
  std::vector<std::string> weights;  ///< "WORDS=WEIGHT"
  std::uint32_t first_layer = 0;

  bool any() const { return syntax || !weights.empty(); }
};

/// --emphasis, --weight and --emphasis-layer. Where `options.syntax` is on already, --plain turns
/// it off.
void add_emphasis_options(arguments::Command& command, EmphasisOptions& options);

/// A text as its writer meant it. Throws bad_argument for what is no emphasis, and for words of
/// --weight that are not in it.
emphasis::EmphasisedText read_emphasis(const std::string& text, const EmphasisOptions& options);

}  // namespace crayon::cli
