#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "formats/bundle.h"

namespace crayon::store {

/// What a model takes besides its bundle.
struct Needs {
  std::uint64_t image = 0;   ///< bytes of the packed image that activation leaves
  std::uint64_t memory = 0;  ///< bytes, of weights, KV cache and scratch
};
using NeedsOf = std::function<Needs(const formats::Bundle& model)>;

/// What a board has.
struct Room {
  std::uint64_t disk = 0;               ///< bytes that may still be written
  std::optional<std::uint64_t> memory;  ///< bytes that are free; absent: not known
};
Room room_of(const std::filesystem::path& root);

/// Throws no_space or out_of_memory, with the numbers, when `copied` bytes of bundles and what the
/// model needs do not fit. A little is kept free, so that a log can still be written.
void check_room(const Needs& needs, std::uint64_t copied, const Room& room,
                const std::filesystem::path& root);

}  // namespace crayon::store
