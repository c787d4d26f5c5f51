#include "runtime/generation/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "runtime/generation/decoding.h"
#include "runtime/model/input_checks.h"

namespace crayon::generation {
namespace {

void check_fits(std::size_t tokens, std::size_t room) {
  if (tokens > room) {
    throw Error(
        Code::context_full,
        fmt::format("the prompt has {} tokens and the context has room for {}", tokens, room),
        "shorten the prompt, use a longer context, or --distill");
  }
}

}  // namespace

double Generated::confidence() const {
  if (log_probabilities.empty()) {
    return 0.0;
  }
  const double sum = std::accumulate(log_probabilities.begin(), log_probabilities.end(), 0.0);
  return std::exp(sum / static_cast<double>(log_probabilities.size()));
}

Generated generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                   model::Session& session, std::span<const Token> prompt,
                   const GenerateOptions& options, const OnProgress& on_progress,
                   const model::Emphasis& emphasis) {
  context::Pot plain(model, session, {});
  return generate(model, tokenizer, plain, prompt, options, on_progress, emphasis);
}

Generated generate(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                   context::Pot& pot, std::span<const Token> prompt, const GenerateOptions& options,
                   const OnProgress& on_progress, const model::Emphasis& emphasis) {
  check_emphasis(emphasis, prompt.size());
  Decoding decoding(tokenizer, prompt, options, on_progress);
  if (!pot.bounded()) {
    check_fits(prompt.size(), pot.room());
  }
  Generated& result = decoding.result();
  std::vector<float> prompt_logits(model.config().vocab_size);

  const double begin = monotonic_seconds();
  // Cancelled between two blocks, a fraction of a second on a slow board.
  const bool go_on = pot.read(
      prompt, prompt_logits, [&] { return decoding.poll(); }, emphasis);
  const double middle = monotonic_seconds();
  Lookahead lookahead(model, pot, options.speculate);
  if (go_on) {
    std::span<const float> logits = prompt_logits;
    while (decoding.step(logits, lookahead.has_room())) {
      lookahead.expect(decoding.surprise());
      logits = lookahead.advance(decoding.text(), decoding.worth() - 1);
    }
  }
  lookahead.settle();
  result.guesses = lookahead.guesses();
  result.prefill_seconds = middle - begin;
  result.decode_seconds = monotonic_seconds() - middle;
  return std::move(result);
}

void check_emphasis(const model::Emphasis& emphasis, std::size_t tokens) {
  if (!emphasis.weights.empty() && emphasis.weights.size() != tokens) {
    throw Error(
        Code::bad_argument,
        fmt::format("{} weights for a prompt of {} tokens", emphasis.weights.size(), tokens),
        "give each token a weight, or none");
  }
  model::check_weights(emphasis.weights);
}

std::uint32_t context_for(const Prompt& prompt, std::uint32_t most) {
  const std::uint32_t context = prompt.context == 0 ? most : std::min(prompt.context, most);
  check_fits(prompt.tokens.size(), context);
  return context;
}

Generated SessionGenerator::generate(const Prompt& prompt, const GenerateOptions& options,
                                     const OnProgress& on_progress) {
  // Said before a KV cache of that size is allocated.
  if (pot_.bounded() || prepare_) {
    model::Session session(model(), context_, kv_);
    session.attach(prompt.adapters);
    context::Pot pot(model(), session, pot_);
    pot.clear(prompt.pinned);
    if (prepare_) {
      prepare_(pot);
    }
    return generation::generate(model(), tokenizer(), pot, prompt.tokens, options, on_progress,
                                prompt.emphasis);
  }
  const std::uint32_t most = context_for(prompt, model().config().max_context);
  const std::uint64_t wanted = std::uint64_t{prompt.tokens.size()} + options.max_tokens;
  const auto context = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(wanted, 1, most));
  model::Session session(model(), context, model().default_kv());
  session.attach(prompt.adapters);
  return generation::generate(model(), tokenizer(), session, prompt.tokens, options, on_progress,
                              prompt.emphasis);
}

}  // namespace crayon::generation
