#pragma once

#include <filesystem>
#include <string>

#include "formats/bundle.h"
#include "runtime/context/pot.h"

namespace crayon::context {

/// What a pot does not know of what it has read.
struct SavedAs {
  formats::Hash adapters{};      ///< says which adapters it was read with; zeros: none
  std::string source = {};       ///< name of what was read, or empty
  std::string source_hash = {};  ///< its BLAKE2b-256 in hex, or empty
};

/// Writes what a pot holds to a bundle of kind state, so that restore() goes on from there. The
/// file appears when it is whole. Returns its id. Throws bad_argument for a pot that holds nothing,
/// corrupt for numbers that are not finite, and what writing a file throws.
formats::Hash save(const Pot& pot, const SavedAs& as, const std::filesystem::path& path);

/// Throws bad_argument for a bundle that holds no state, and what opening one throws.
formats::Bundle open_state(const std::filesystem::path& path);

/// The options of the pot that a state comes from.
PotOptions options_of(const formats::StateInfo& state);

/// Puts a saved pot's content in the place of what `pot` holds: what is read then has the same
/// logits, to the bit, as if the saved one had read on, if both have the same context and kernels.
/// Statistics stay. `adapters`: those that the session has now, as in SavedAs.
///
/// Everything is read and checked before the pot changes; on failure it is as it was. Throws
/// wrong_base for another model or other adapters; bad_argument for a bundle of another kind, and
/// for a pot with another rule, other settings of it, another type of keys and values, or a context
/// in which the state does not fit; bad_shape for tensors that are not the model's; and what
/// reading a bundle throws.
void restore(Pot& pot, const formats::Bundle& bundle, const formats::Hash& adapters);

}  // namespace crayon::context
