#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "formats/model_config.h"

namespace crayon::context {

/// The queries of the last tokens of a session, of every layer: what rules that go by attention
/// look from.
class RecentQueries {
 public:
  /// Of the last `most` tokens.
  RecentQueries(const formats::ModelConfig& config, std::uint32_t most);
  static std::uint64_t bytes(const formats::ModelConfig& config, std::uint32_t most);

  /// Of a step's tokens, from `position` on: [tokens][query_dim], rotated. Each layer in turn.
  void add(std::uint32_t layer, std::uint32_t position, std::span<const float> queries);
  void clear();

  struct Query {
    std::uint32_t position;
    const float* heads;  ///< [heads][head_dim]
  };
  /// Of a layer, those that stand below `end`, in no order.
  void of(std::uint32_t layer, std::uint32_t end, std::vector<Query>& queries) const;

 private:
  std::size_t query_dim_;
  std::uint32_t most_;
  std::vector<std::uint32_t> positions_;  // [most]; no_position: free
  std::vector<float> queries_;            // [layers][most][query_dim]
};

}  // namespace crayon::context
