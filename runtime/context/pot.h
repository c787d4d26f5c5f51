#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/context/rule.h"
#include "runtime/model/model.h"
#include "runtime/model/token_surprise.h"

namespace crayon::context {

using model::Token;

/// How a pot makes room.
struct PotOptions {
  std::string rule = "none";  ///< a rule_names(), or "none": a full pot is an error
  float keep = 0.5f;          ///< share of the positions that stay in a distillation
  RuleOptions rules = {};
  /// Tokens of the prompt whose attention says what matters; for rules that need one.
  std::vector<Token> catalyst = {};
  model::Normaliser normaliser = model::Normaliser::sampled;  ///< of the tokens' surprise

  bool bounded() const { return rule != "none"; }
};

/// A catalyst prompt in words.
inline constexpr const char* default_catalyst = "\nSummary of the most important facts above:";

/// What a pot has done in all its life.
struct PotStatistics {
  std::uint64_t tokens = 0;  ///< read, less those of answers
  std::uint64_t distillations = 0;
  double surprise_seconds = 0;
  double distil_seconds = 0;
};

/// A session whose context never overflows: when its positions are used up, a rule decides which
/// entries of each KV head stay, and these are moved together (InfiniPot; Kim et al. 2024). Memory
/// is all allocated at the beginning, whatever is read later. Not for two threads at once.
///
/// What it has read can be gone back in, as in a session, but not behind its last distillation.
class Pot {
 public:
  /// Both must outlive the pot, which uses the session's watchers. Throws bad_argument for options
  /// out of range, for a rule that needs a catalyst without one, and unsupported for a model whose
  /// positions cannot be renumbered.
  Pot(const model::Model& model, model::Session& session, PotOptions options);
  ~Pot();
  Pot(const Pot&) = delete;
  Pot& operator=(const Pot&) = delete;

  /// Bytes that a pot takes besides its session.
  static std::uint64_t bytes(const model::Model& model, std::uint32_t context,
                             const PotOptions& options);

  model::Session& session() const { return session_; }
  const PotOptions& options() const { return options_; }
  bool bounded() const { return options_.bounded(); }
  const PotStatistics& statistics() const { return statistics_; }

  /// Forgets everything. The first `pinned` tokens that are read next will stay for ever. Throws
  /// context_full when they are more than half of what stays in a distillation.
  void clear(std::uint32_t pinned);
  std::uint32_t pinned() const { return pinned_; }

  /// Positions that may be filled: those of the session, less a catalyst's.
  std::uint32_t limit() const { return limit_; }
  /// Tokens that may run before make_room().
  std::uint32_t room() const;
  /// Distils when there is no room for so many. Without a rule it does nothing.
  void make_room(std::uint32_t tokens = 1);
  /// Distils now, to so many entries: pinned() or more, and no more than are held.
  void distil(std::uint32_t keep);

  /// Tells of the tokens that have just run, the last ones of the session: how surprising they
  /// were is then known. For whoever runs the session in steps of his own.
  void ran(std::span<const Token> tokens);
  /// Tells how surprising the token at a position is that runs next, or how surprising one was,
  /// where that is known: -log p in nats.
  void set_surprise(std::uint32_t position, float surprise);

  /// Runs `tokens`, making room as often as it takes. `logits` [vocab] behind the last one, or
  /// empty. `go_on` is asked between two steps and may be empty; false, and the rest is not read.
  /// Returns whether all was read. Throws what Model::forward() throws.
  /// `emphasis`: what the tokens weigh.
  bool read(std::span<const Token> tokens, std::span<float> logits,
            const std::function<bool()>& go_on = {}, model::Emphasis emphasis = {});

  /// Tokens that were read and have no position any more, since the pot was empty: the next one is
  /// the token dropped() + position of all.
  std::uint64_t dropped() const { return dropped_; }
  /// Position behind the last distillation; 0: there was none.
  std::uint32_t distilled() const { return distilled_; }
  /// The largest position up to `position` that rewind() can go to: itself, or 0.
  std::uint32_t kept(std::uint32_t position) const;
  /// Forgets what lies at and behind a position that is kept.
  void rewind(std::uint32_t position);

 private:
  friend class PotState;
  struct Parts;

  void check_pinned(std::uint32_t pinned) const;
  void run_catalyst();
  void watch();
  void see_hidden(std::span<const float> stream);

  const model::Model& model_;
  model::Session& session_;
  const PotOptions options_;
  std::uint32_t limit_;
  std::uint32_t pinned_ = 0;
  std::uint32_t distilled_ = 0;
  std::uint64_t dropped_ = 0;
  PotStatistics statistics_;
  std::unique_ptr<Parts> parts_;  // what rules need; null without a rule
};

}  // namespace crayon::context
