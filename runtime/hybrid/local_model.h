#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/adapters/adapter_set.h"
#include "runtime/generation/chat_format.h"
#include "runtime/generation/generator.h"
#include "runtime/hybrid/assistant.h"
#include "runtime/hybrid/deadline.h"

namespace crayon::hybrid {

/// What a pool's blend and a router's signals go by: the last turn of the user, as the model reads
/// it. A conversation without one is its own query.
std::vector<formats::Token> query_of(std::span<const generation::Turn> turns,
                                     const tokenizer::Tokenizer& tokenizer);

/// The local model with one conversation to go on with.
class LocalModel {
 public:
  /// All must outlive it.
  LocalModel(generation::Generator& generator, const adapters::AdapterSet& adapters,
             std::span<const generation::Turn> turns, const AskOptions& options,
             const Deadline& deadline);

  /// Generates until the end, the deadline, or when `on_progress` returns false. May be called
  /// again, with the same result.
  generation::Generated answer(const generation::OnProgress& on_progress) const;

  const adapters::AdapterSet& adapters() const { return adapters_; }
  adapters::Query& query() { return query_; }
  const adapters::Blend& blend() const { return selection_.blend; }
  const Deadline& deadline() const { return deadline_; }
  bool cancelled() const { return cancelled_ != nullptr && *cancelled_; }
  std::uint32_t prompt_tokens() const { return static_cast<std::uint32_t>(prompt_.tokens.size()); }
  std::uint32_t max_tokens() const { return generate_.max_tokens; }
  std::uint32_t count_tokens(std::string_view text) const;

 private:
  generation::Generator& generator_;
  const adapters::AdapterSet& adapters_;
  const Deadline& deadline_;
  const std::atomic<bool>* cancelled_;
  std::uint32_t context_;
  generation::GenerateOptions generate_;
  emphasis::TokenWeights prompt_;  // without weights when nothing is stressed
  std::uint32_t first_layer_;
  std::uint32_t pinned_;
  adapters::Query query_;
  adapters::Selection selection_;
};

/// How long a local answer of full length would take, from one that was begun.
class Stopwatch {
 public:
  void see(const generation::Progress& progress);
  /// Nothing before there is a token to judge by.
  std::optional<std::chrono::milliseconds> whole(std::uint32_t max_tokens) const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  const Time begin_ = std::chrono::steady_clock::now();
  Time prefilled_;
  Time last_;
  std::size_t tokens_ = 0;
  bool started_ = false;
};

}  // namespace crayon::hybrid
