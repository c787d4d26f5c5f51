#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "formats/hash.h"
#include "runtime/context/pot.h"
#include "runtime/generation/decoding.h"
#include "runtime/generation/generator.h"
#include "runtime/generation/progress_queue.h"

namespace crayon::generation {

/// An answer that somebody waits for.
struct Request {
  std::vector<Token> prompt;
  std::vector<model::WeightedAdapter> adapters;
  std::uint32_t context;       ///< positions that prompt and answer may take
  std::uint32_t pinned;        ///< first tokens, which are never distilled away
  std::vector<float> weights;  ///< of the prompt's tokens, or empty
  std::uint32_t first_layer = 0;
  GenerateOptions options;
  ProgressQueue queue;

  model::Emphasis emphasis() const { return {weights, first_layer}; }
};

/// What a session has read. Of what was distilled, which may be any length, there is a hash left.
class ReadText {
 public:
  void clear() { *this = {}; }
  /// `text` has been read, of which the first `distilled` tokens cannot be gone back in.
  void set(std::span<const Token> text, std::size_t distilled);
  std::size_t size() const { return distilled_ + rest_.size(); }
  /// How many tokens `text` begins with that were read; 0 when that is less than was distilled.
  std::size_t common_with(std::span<const Token> text) const;

 private:
  std::size_t distilled_ = 0;
  formats::Hash hash_{};  // of those
  std::vector<Token> rest_;
};

/// One session of a batch, with the answer that it is making or what is left of its last one.
class Lane {
 public:
  Lane(const model::Model& model, const tokenizer::Tokenizer& tokenizer, std::uint32_t context,
       model::KvDtype kv, const context::PotOptions& pot);

  bool idle() const { return !decoding_; }
  /// Tokens that an idle lane holds.
  std::size_t held() const { return held_.size(); }
  /// How much of its prompt this lane need not compute.
  std::size_t reusable(const Request& request) const;
  /// The number that came with the last answer, 0 before the first.
  std::uint64_t used_last() const { return used_last_; }
  /// The lane is idle. Throws what Session::attach() and Decoding() do, and stays idle then.
  void begin(std::shared_ptr<Request> request, std::uint64_t number);

  model::Session& session() { return session_; }
  bool prefilling() const { return run_ < request_->prompt.size(); }
  /// Whether it guesses tokens when it is alone.
  bool speculates() const { return request_->options.speculate > 0; }

  /// The tokens to run next, at most `most`: some of the prompt, or the one that was chosen last.
  /// Runs the model for this lane alone when its pot is full.
  std::span<const Token> next(std::size_t most);
  /// Whether the logits behind next() are wanted.
  bool wants_logits() const { return end_ >= request_->prompt.size(); }
  /// next() has run; no other lane's work is under way.
  void ran();
  /// That, and `logits` [vocab] behind it, if they are wanted. Other lanes may do the same.
  void took(std::span<const float> logits);
  /// Runs the model for this lane alone; not while it prefills.
  void advance_alone();
  // Either ends the answer under way.
  void cancel();
  void fail(std::exception_ptr error);

 private:
  void step(std::span<const float> logits);
  void end();
  void release();

  const model::Model& model_;
  const tokenizer::Tokenizer& tokenizer_;
  model::Session session_;
  context::Pot pot_;
  std::vector<model::WeightedAdapter> adapters_;  // that the session has
  ReadText held_;                                 // idle: what the session has read
  std::vector<float> held_weights_;               // and what its first tokens weigh
  std::uint32_t held_first_layer_ = 0;
  std::uint64_t used_last_ = 0;

  // Of the answer under way.
  std::shared_ptr<Request> request_;
  OnProgress on_progress_;
  std::optional<Decoding> decoding_;
  std::optional<Lookahead> lookahead_;
  std::size_t run_ = 0;  // tokens of the text that the session holds
  std::size_t end_ = 0;  // of those that run next
  double began_ = 0;
  double prefilled_ = 0;
};

}  // namespace crayon::generation
