#include "cli/bench/speculation.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "runtime/bench/plan.h"
#include "runtime/bench/statistics.h"
#include "runtime/generation/generator.h"

namespace crayon::cli {
namespace {

constexpr std::uint32_t phrase = 32;  // tokens that are said
constexpr std::uint32_t times_said = 4;
constexpr std::uint32_t decoded = 128;

std::vector<formats::Token> repetitive_prompt(const model::Model& model) {
  const std::vector<formats::Token> once = bench::random_tokens(phrase, model.config().vocab_size);
  std::vector<formats::Token> prompt;
  for (std::uint32_t i = 0; i < times_said; ++i) {
    prompt.insert(prompt.end(), once.begin(), once.end());
  }
  return prompt;
}

}  // namespace

Json BenchSpeculation::json() const {
  return {{"speculate", speculate}, {"guesses", made},  {"guesses_right", right},
          {"steps", steps},         {"tokens", tokens}, {"median_ts", median_ts},
          {"ratio", ratio}};
}

std::string BenchSpeculation::text() const {
  const double share = made == 0 ? 0 : static_cast<double>(right) / static_cast<double>(made);
  return fmt::format(
      "{} guesses at once, {:.0f} % right; {} tokens in {} steps; {:.2f} t/s, {:.3f} x "
      "plain greedy decoding",
      speculate, 100 * share, tokens, steps, median_ts, ratio);
}

BenchSpeculation measure_speculation(const Engine& engine, const SessionOptions& session,
                                     std::uint32_t speculate, int repetitions) {
  SessionOptions room = session;
  room.context = std::min(phrase * times_said + decoded, engine.model().config().max_context);
  const auto held = engine.bare_session(room);
  std::vector<formats::Token> prompt = repetitive_prompt(engine.model());
  prompt.resize(std::min<std::size_t>(prompt.size(), room.context / 2));
  const auto run = [&](std::uint32_t guesses) {
    held->rewind(0);
    return generation::generate(engine.model(), engine.tokenizer(), *held, prompt,
                                {.max_tokens = decoded, .ignore_end = true, .speculate = guesses},
                                {});
  };
  BenchSpeculation result{.speculate = speculate};
  std::vector<double> speeds, ratios;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const generation::Generated plain = run(0);
    const generation::Generated guessed = run(speculate);
    speeds.push_back(static_cast<double>(guessed.tokens.size()) / guessed.decode_seconds);
    ratios.push_back(plain.decode_seconds / guessed.decode_seconds);
    result.made = guessed.guesses.made;
    result.right = guessed.guesses.right;
    result.steps = guessed.guesses.steps;
    result.tokens = guessed.tokens.size();
  }
  result.median_ts = bench::median(speeds);
  result.ratio = bench::median(ratios);
  return result;
}

}  // namespace crayon::cli
