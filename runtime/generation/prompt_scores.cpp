#include "runtime/generation/prompt_scores.h"

#include <algorithm>

namespace crayon::generation {
namespace {

/// Tokens whose logits are held at once: a few megabytes for the largest vocabularies.
constexpr std::size_t block = 16;

}  // namespace

std::vector<Chosen> score_prompt(const model::Model& model, const Prompt& prompt,
                                 std::size_t alternatives) {
  const std::uint32_t context = context_for(prompt, model.config().max_context);
  const std::size_t vocab = model.config().vocab_size;
  model::Session session(model, std::min(context, static_cast<std::uint32_t>(prompt.tokens.size())),
                         model.default_kv());
  session.attach(prompt.adapters);
  std::vector<float> logits(block * vocab);
  std::vector<Chosen> scores;
  for (std::size_t begin = 0; begin + 1 < prompt.tokens.size(); begin += block) {
    const auto tokens =
        prompt.tokens.subspan(begin, std::min(block, prompt.tokens.size() - 1 - begin));
    model.forward(session, tokens, model::Logits::all,
                  std::span(logits).first(tokens.size() * vocab));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const auto row = std::span<const float>(logits).subspan(i * vocab, vocab);
      const Token next = prompt.tokens[begin + i + 1];
      scores.push_back(
          {.token = {next, log_probability(row, next)}, .likeliest = likeliest(row, alternatives)});
    }
  }
  return scores;
}

}  // namespace crayon::generation
