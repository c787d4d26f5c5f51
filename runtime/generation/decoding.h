#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "runtime/generation/generated.h"
#include "runtime/generation/json_tokens.h"
#include "runtime/generation/stop_filter.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::generation {

/// One answer on its way, token by token. It runs no model: whoever does brings the logits.
class Decoding {
 public:
  /// All must outlive the decoding; `on_progress` may be empty. Throws bad_argument for options
  /// out of range or an empty prompt, and as JsonTokens does for an answer in JSON.
  Decoding(const tokenizer::Tokenizer& tokenizer, std::span<const Token> prompt,
           const GenerateOptions& options, const OnProgress& on_progress);

  /// Between two blocks of the prefill. False: the callback wants no answer; ended() by that.
  bool poll();
  /// Takes logits [vocab] behind text(), and chooses the next token. True: its logits are wanted
  /// next, which needs `room` for it in the context. False: the answer has ended.
  bool step(std::span<const float> logits, bool room);

  /// How surprising the last token is that was chosen: -log p, in nats.
  float surprise() const;
  /// The prompt and the answer so far.
  std::span<const Token> text() const { return text_; }
  /// Tokens that may follow the last one.
  std::size_t worth() const { return options_.max_tokens - result_.tokens.size(); }
  Generated& result() { return result_; }

 private:
  Token choose(std::span<const float> logits);
  void accept(Token token, std::span<const float> logits);
  bool end(Finish finish);
  bool show(std::string_view text);

  const tokenizer::Tokenizer& tokenizer_;
  const GenerateOptions& options_;
  const OnProgress& on_progress_;
  Sampler sampler_;
  tokenizer::StreamDecoder decoder_;
  StopFilter stops_;
  std::optional<JsonTokens> json_;
  std::vector<Token> text_;
  std::vector<Chosen> unseen_;  // by the callback
  bool started_ = false;
  Generated result_;
};

}  // namespace crayon::generation
