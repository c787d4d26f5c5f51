#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "runtime/context/pot.h"
#include "runtime/generation/generated.h"
#include "runtime/model/adapter.h"
#include "runtime/model/model.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::generation {

/// Prefills `prompt` at the session's position and decodes. Text that could become a stop text
/// is held back until it cannot. `on_progress` may be empty. The session then holds the prompt (all
/// of it, unless cancelled) and the tokens, with or without the last one: see its position().
/// Throws context_full, the session unchanged, when the prompt does not fit, and bad_argument for
/// options out of range or an empty prompt. `emphasis`: what the prompt's tokens weigh.
Generated generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                   model::Session& session, std::span<const Token> prompt,
                   const GenerateOptions& options, const OnProgress& on_progress,
                   const model::Emphasis& emphasis = {});

/// The same in a pot: with a rule, neither prompt nor answer is too long.
Generated generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                   context::Pot& pot, std::span<const Token> prompt, const GenerateOptions& options,
                   const OnProgress& on_progress, const model::Emphasis& emphasis = {});

/// What an answer starts from.
struct Prompt {
  std::span<const Token> tokens;
  std::span<const model::WeightedAdapter> adapters = {};
  /// Positions that prompt and answer may take; 0: as many as there are.
  std::uint32_t context = 0;
  /// The first tokens, which stay whatever is distilled.
  std::uint32_t pinned = 1;
  model::Emphasis emphasis = {};
};

/// Makes answers to prompts that stand for themselves, whoever runs the model. May be called from
/// several threads.
class Generator {
 public:
  /// Both must outlive the generator.
  Generator(const model::Model& model, const tokenizer::Tokenizer& tokenizer)
      : model_(model), tokenizer_(tokenizer) {}
  virtual ~Generator() = default;
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  const model::Model& model() const { return model_; }
  const tokenizer::Tokenizer& tokenizer() const { return tokenizer_; }

  /// As the function of that name. `on_progress` is called on this thread.
  virtual Generated generate(const Prompt& prompt, const GenerateOptions& options,
                             const OnProgress& on_progress) = 0;

 private:
  const model::Model& model_;
  const tokenizer::Tokenizer& tokenizer_;
};

/// Fills a new pot with what every answer starts from.
using PreparePot = std::function<void(context::Pot&)>;

/// A session for every answer, on its caller's thread.
class SessionGenerator final : public Generator {
 public:
  using Generator::Generator;
  /// With a rule, or with something to start from, every answer has a pot of so many positions.
  SessionGenerator(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                   context::PotOptions pot, std::uint32_t context, model::KvDtype kv,
                   PreparePot prepare = {})
      : Generator(model, tokenizer),
        pot_(std::move(pot)),
        context_(context),
        kv_(kv),
        prepare_(std::move(prepare)) {}

  Generated generate(const Prompt& prompt, const GenerateOptions& options,
                     const OnProgress& on_progress) override;

 private:
  const context::PotOptions pot_;
  const std::uint32_t context_ = 0;
  const model::KvDtype kv_ = model().default_kv();
  const PreparePot prepare_ = {};
};

/// Throws bad_argument unless there are no weights, or one for each token of the prompt, and each
/// is one (Session::weigh()).
void check_emphasis(const model::Emphasis& emphasis, std::size_t tokens);

/// Positions that a prompt may use of a context of `most`. Throws context_full when it does not
/// fit.
std::uint32_t context_for(const Prompt& prompt, std::uint32_t most);

}  // namespace crayon::generation
