#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/context/rule.h"

namespace crayon::context {

/// How surprising the tokens were whose entries a session holds. Heads keep different ones, so
/// each has its own list.
class EntrySurprise {
 public:
  EntrySurprise(const formats::ModelConfig& config, std::uint32_t context);
  static std::uint64_t bytes(const formats::ModelConfig& config, std::uint32_t context);

  /// Of the token at `position`, for all heads.
  void set(std::uint32_t position, float surprise);
  /// Of one head: [context].
  std::span<float> of(std::uint32_t layer, std::uint32_t kv_head);

 private:
  std::uint32_t kv_heads_;
  std::uint32_t context_;
  std::vector<float> values_;  // [layers][kv_heads][context]
};

/// Reduces the entries of a session to fewer, each head's own (Kim et al. 2024, section 3.3), which
/// get the positions 0, 1, ... in their old order.
class Distillation {
 public:
  /// `queries` and `surprise` are there when the rule needs them, and null otherwise. All must
  /// outlive this.
  Distillation(const model::Model& model, model::Session& session, const Rule& rule,
               const RecentQueries* queries, EntrySurprise* surprise);
  static std::uint64_t bytes(const formats::ModelConfig& config, std::uint32_t context,
                             const Needs& needs, std::size_t threads);

  /// `keep` of the session's entries stay, the first `pinned` among them. `queried`: the end of the
  /// positions that the recent queries stand at; the entries from the session's position on are a
  /// catalyst's, and are there still.
  void run(std::uint32_t keep, std::uint32_t pinned, std::uint32_t queried);

 private:
  struct Worker {
    HeadView head;
    Selection selection;
  };

  void distil(std::uint32_t layer, std::uint32_t kv_head, Worker& worker);

  const model::Model& model_;
  model::Session& session_;
  model::KvEntries entries_;
  const Rule& rule_;
  EntrySurprise* surprise_;
  std::vector<Worker> workers_;  // [threads]
  std::uint32_t keep_ = 0;
  std::uint32_t pinned_ = 0;
  std::uint32_t queried_ = 0;
};

}  // namespace crayon::context
