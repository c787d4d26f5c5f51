#include "runtime/model/input_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/model/session_state.h"
#include "runtime/model/weights.h"

namespace crayon::model {

void check_ids(std::span<const Token> tokens, const formats::ModelConfig& config) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || static_cast<std::uint32_t>(tokens[i]) >= config.vocab_size) {
      throw Error(Code::bad_argument,
                  fmt::format("token {} has id {}, outside of the vocabulary of {}", i, tokens[i],
                              config.vocab_size),
                  "use the tokenizer of this model");
    }
  }
}

void check_continuation(const Session& session, std::span<const Token> tokens,
                        const Weights& weights) {
  if (&session.state().model->weights() != &weights) {
    throw Error(Code::bad_argument, "the session belongs to another model",
                "make a session of this model");
  }
  if (tokens.empty()) {
    throw Error(Code::bad_argument, "there are no tokens to run", "give at least one token");
  }
  check_ids(tokens, weights.config);
  if (tokens.size() > session.context() - session.position()) {
    throw Error(Code::context_full,
                fmt::format("{} tokens at position {} do not fit in a context of {}", tokens.size(),
                            session.position(), session.context()),
                "use a larger context or a shorter text");
  }
}

void check_logits(std::span<const float> logits, std::uint64_t rows,
                  const formats::ModelConfig& config) {
  if (logits.size() != rows * config.vocab_size) {
    throw Error(Code::bad_argument,
                fmt::format("room for {} logits where {} x {} are asked for", logits.size(), rows,
                            config.vocab_size),
                "pass a span of exactly that size");
  }
}

void check_weights(std::span<const float> weights) {
  const auto is_weight = [](float weight) { return std::isfinite(weight) && weight >= 0.0f; };
  const auto bad = std::ranges::find_if_not(weights, is_weight);
  if (bad != weights.end()) {
    throw Error(Code::bad_argument, fmt::format("a token weighs {}", *bad),
                "use weights of 0 or more: 0 removes a token, 1 leaves it as it is");
  }
}

}  // namespace crayon::model
