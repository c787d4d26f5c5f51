#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/context/pot.h"
#include "runtime/model/model.h"

namespace crayon::generation {

using model::Token;

/// The continuation that a text suggests by itself: what stood behind the last place where its last
/// few tokens stood before (prompt lookup; Saxena 2023). At most `most` tokens; none when they
/// never did. Three tokens are looked for, then two.
std::span<const Token> look_up(std::span<const Token> text, std::size_t most);

/// With the token in front of them they are a batch of prefill: the sliding windows of a session
/// can always be rewound by one.
inline constexpr std::uint32_t most_guesses = 63;

/// How well guesses went.
struct Guesses {
  std::uint64_t made = 0;
  std::uint64_t right = 0;
  std::uint64_t steps = 0;  ///< forward passes, with and without guesses
};

/// Decodes with guesses: the token that was chosen goes through the model together with what
/// look_up() expects behind it, in one batch, which reads the weights once (Leviathan et al. 2023).
/// As long as the guesses are what is chosen, their logits are there already; from the first that
/// is not on, the session is rewound. As a row of logits does not depend on what else was in its
/// batch, the tokens are exactly those of decoding one by one, sampled ones included.
class Lookahead {
 public:
  /// `most`: guesses in a batch, of which most_guesses are made at most; 0: none, plain decoding.
  /// Model and pot outlive this.
  Lookahead(const model::Model& model, context::Pot& pot, std::uint32_t most);

  /// Logits [vocab] behind `text`, whose last token was just chosen and whose others were the
  /// session's before; valid until the next call. Of guesses no more are made than `worth`, the
  /// tokens that may follow. Throws context_full.
  std::span<const float> advance(std::span<const Token> text, std::size_t worth);

  /// Tokens that the session would hold without guesses.
  std::uint32_t position() const;
  /// Whether another token can run; in a pot with a rule it always can.
  bool has_room() const;
  /// Makes the pot ready for the token that runs next, and tells it how surprising that is.
  void expect(float surprise);
  /// Rewinds the session to that.
  void settle();

  const Guesses& guesses() const { return guesses_; }

 private:
  void run_batch(std::span<const Token> text, std::size_t worth);
  std::span<const float> row(std::size_t index) const;

  const model::Model& model_;
  context::Pot& pot_;
  model::Session& session_;
  std::size_t most_;
  std::vector<Token> batch_;   ///< the last one that ran: a chosen token, and guesses
  std::size_t chosen_ = 0;     ///< of `batch_`, how many were chosen
  std::vector<float> logits_;  ///< [1 + most][vocab]
  Guesses guesses_;
};

}  // namespace crayon::generation
