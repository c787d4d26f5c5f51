#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "runtime/adapters/adapter_set.h"
#include "runtime/generation/certainty.h"
#include "runtime/generation/token_confidence.h"

namespace crayon::hybrid {

/// When a signal is known, in the order of an answer.
enum class Stage : std::uint8_t {
  before,      ///< the question alone
  prefill,     ///< the model has read the prompt
  generating,  ///< after each token
  end,         ///< the local answer is whole
};
const char* stage_name(Stage stage);

/// What is known of a question and its local answer so far.
struct Evidence {
  const adapters::AdapterSet* adapters = nullptr;
  adapters::Query* query = nullptr;                 ///< what the user asks, as the model reads it
  std::optional<generation::Certainty> first = {};  ///< from Stage::prefill on
  generation::TokenConfidence tokens = {};          ///< from Stage::generating on
  bool ended = false;                               ///< Stage::end
};

/// What a router can go by. Larger scores mean: the local answer is likelier right.
struct Signal {
  std::string_view name;  ///< in routing data, on the command line and in replies
  Stage stage;            ///< the first one at which there is a score
  /// Nothing: it is not known of this question, or not yet. From Stage::generating on a score may
  /// change, but only fall.
  std::optional<double> (*score)(Evidence& evidence);
};

/// All of them, earlier stages first. A row more is a signal more; nothing else knows of it.
std::span<const Signal> signals();
/// Null for a name that is not known.
const Signal* find_signal(std::string_view name);
/// The plain one: the geometric mean of the answer's token probabilities, 0 to 1.
const Signal& confidence_signal();

}  // namespace crayon::hybrid
