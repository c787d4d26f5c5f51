#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/adapters/adapter_set.h"
#include "runtime/context/pot.h"
#include "runtime/eval/task_file.h"
#include "runtime/generation/chat_format.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::eval {

/// How an answer is found: the likeliest of the choices, or a greedy text of the model's own.
/// `automatic` is by choices where an item has some.
enum class AnswerBy : std::uint8_t { automatic, choices, text };

struct ExamOptions {
  AnswerBy by = AnswerBy::automatic;
  std::uint32_t max_tokens = 64;  ///< of a text of its own
};

/// What a router could go by, in the order in which it becomes known.
struct Signals {
  /// Closeness of the question to what the adapters are for, when that is known.
  std::optional<double> scope;
  /// Of the routing data's probe: the chance that the answer will be right.
  std::optional<double> probe;
  double first_entropy = 0;          ///< nats, of the answer's first token
  double first_margin = 0;           ///< probability of the best first token less the second's
  std::optional<double> option;      ///< by choices: the best one's share of their probability
  double mean_log_probability = 0;   ///< over the answer's tokens
  double least_log_probability = 0;  ///< of the answer's tokens
  /// The least mean over TokenConfidence::window tokens in a row; that of all, when they are fewer.
  double window_log_probability = 0;
};

/// What came of one item.
struct Answered {
  std::string text;  ///< the answer, without white space around it
  bool correct = false;
  Signals signals;
  adapters::Blend blend;  ///< of the pool, for this question; empty without one
};

/// The same but for white space around them.
bool same_answer(std::string_view left, std::string_view right);

/// Puts items to a model, one after the other, each as one user turn behind the same examples.
/// What a prompt has in common with the one before it is not computed twice.
class Examiner {
 public:
  /// All must outlive the examiner, and nobody else may use the pot or its session. `shots`:
  /// examples that stand before every question as earlier turns; each needs an answer.
  Examiner(const model::Model& model, const tokenizer::Tokenizer& tokenizer, context::Pot& pot,
           const adapters::AdapterSet& adapters, std::span<const TaskItem> shots,
           const ExamOptions& options);

  /// Throws bad_argument for an item without an answer, or without choices when it is asked by
  /// them; context_full, which leaves the examiner as it was, when it is too long.
  Answered ask(const TaskItem& item);

 private:
  using Token = model::Token;

  bool asks_by_choices(const TaskItem& item) const;
  std::size_t rewind_to_common(std::span<const Token> prompt);
  std::size_t rewind_to(std::size_t tokens);
  Answered by_choices(const TaskItem& item, std::span<const Token> prompt);
  Answered by_text(std::span<const Token> prompt);
  std::vector<double> log_probabilities(std::span<const Token> answer,
                                        std::span<const Token> prompt);

  const model::Model& model_;
  const tokenizer::Tokenizer& tokenizer_;
  context::Pot& pot_;
  const adapters::AdapterSet& adapters_;
  const ExamOptions options_;
  const formats::ChatFormat& chat_format_;
  std::vector<generation::Turn> turns_;  // the shots, and the question behind them
  std::vector<Token> held_;              // what the pot has read
  std::vector<float> first_;             // [vocab] logits behind the prompt
  std::vector<float> rest_;              // [tokens of an answer][vocab]
};

}  // namespace crayon::eval
