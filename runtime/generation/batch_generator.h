#pragma once

#include <cstddef>
#include <memory>

#include "runtime/generation/generator.h"

namespace crayon::generation {

struct BatchOptions {
  std::uint32_t sequences = 4;   ///< answers at once, 1 to most_sequences; others wait
  std::uint32_t context = 4096;  ///< positions that each may take, at most the model's
  model::KvDtype kv = model::KvDtype::f16;
  context::PotOptions pot = {};  ///< with a rule, prompt and answer may be of any length

  /// So many that half of a step is left to prefill.
  static constexpr std::uint32_t most_sequences = model::prefill_batch / 2;
};

/// Continuous batching (Yu et al. 2022, Orca): all answers under way take their next token in one
/// pass over the weights, and what is left of a step's tokens goes to the prefill of those that
/// begin, so none waits for another's end and a long prompt holds up nobody. An answer is the same,
/// bit for bit, as alone. Memory is allocated at the beginning: `sequences` sessions.
///
/// A session keeps what it has read. A prompt that begins as another one, with the same adapters,
/// goes to the session that holds the most of it, and only the rest is computed. What has been
/// distilled is gone on from only by a prompt that begins with all of it.
class BatchGenerator final : public Generator {
 public:
  /// Both must outlive the generator. Throws bad_argument for options out of range.
  BatchGenerator(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                 const BatchOptions& options);
  /// Cancels what is under way.
  ~BatchGenerator() override;

  /// The model runs on a thread of the generator's own; `on_progress` is called on this one, and
  /// however long it takes, other answers go on. `options.speculate` has an effect while the answer
  /// is alone.
  Generated generate(const Prompt& prompt, const GenerateOptions& options,
                     const OnProgress& on_progress) override;

  struct Load {
    std::size_t running;
    std::size_t waiting;
    std::uint64_t steps;  ///< so far: a generator that runs something and makes none is stuck
  };
  Load load() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace crayon::generation
