#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/hash.h"
#include "formats/tensor.h"
#include "formats/tokenizer_data.h"

namespace crayon::formats {

struct TensorEntry;

inline constexpr std::size_t max_rule_name_size = 64;
inline constexpr std::size_t max_state_catalyst = 4096;       ///< tokens
inline constexpr std::uint32_t max_state_context = 1u << 24;  ///< positions, as of a model
inline constexpr std::uint32_t max_state_layers = 1024;
inline constexpr std::uint32_t max_state_heads = 1024;
inline constexpr std::uint32_t max_state_head_dim = 1024;
inline constexpr std::uint32_t max_state_dim = 1u << 16;
inline constexpr std::uint64_t max_state_dropped = 1ull << 53;

/// How a session makes room when its positions are used up (runtime/context/pot.h).
struct StateRule {
  std::string name = "none";  ///< lower-case letters, digits and underscores
  float keep = 0.5f;          ///< share of the positions that stay, above 0 and below 1
  float surprise_share = 0.5f;
  std::uint32_t sinks = 4;
  std::uint32_t observed = 32;
  std::uint32_t pooled = 7;
  bool sampled = false;              ///< surprise is measured with a sampled normaliser
  std::vector<Token> catalyst = {};  ///< of rules that have one
  bool operator==(const StateRule&) const = default;
};

/// What a session has read, as far as it holds it still: a bundle of kind state. The tensors carry
/// the keys and values; docs/bundle-format.md lists them.
struct StateInfo {
  Hash adapters{};  ///< says which adapters it was read with; zeros: none
  StateRule rule;
  Dtype kv = Dtype::f16;           ///< of keys and values: f32, f16 or i8
  std::uint32_t kv_heads = 0;      ///< of each layer
  std::uint32_t context = 0;       ///< positions of the session that it comes from
  std::uint32_t positions = 0;     ///< held, 1 to context
  std::uint32_t distilled = 0;     ///< position behind the last distillation; 0: there was none
  std::uint32_t pinned = 0;        ///< first entries, which stay for ever
  std::uint32_t window_begin = 0;  ///< first position that layers with a window hold
  std::uint64_t dropped = 0;       ///< tokens that were read and have no position any more

  /// Tokens that were read since it was empty.
  std::uint64_t tokens_read() const { return dropped + positions; }
  bool operator==(const StateInfo&) const = default;
};

// Tensors of a state, besides layer_tensor(N, state_keys) and (N, state_values).
inline constexpr const char* state_keys = "keys";
inline constexpr const char* state_values = "values";
inline constexpr const char* state_surprise = "surprise";
inline constexpr const char* state_hidden = "hidden";
inline constexpr const char* state_queries = "recent_queries";
inline constexpr const char* state_log_weights = "log_weights";

/// Throws corrupt or over_limit, naming the field, unless all numbers are in their ranges and the
/// tensors are those of a state, with shapes that fit them and each other.
void check(const StateInfo& state, std::span<const TensorEntry> tensors);

}  // namespace crayon::formats
