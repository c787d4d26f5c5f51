#include "runtime/context/recent_queries.h"

#include <algorithm>
#include <limits>

namespace crayon::context {
namespace {

constexpr std::uint32_t no_position = std::numeric_limits<std::uint32_t>::max();

}  // namespace

RecentQueries::RecentQueries(const formats::ModelConfig& config, std::uint32_t most)
    : query_dim_(config.query_dim()),
      most_(most),
      positions_(most, no_position),
      queries_(std::size_t{config.layers} * most * query_dim_) {}

std::uint64_t RecentQueries::bytes(const formats::ModelConfig& config, std::uint32_t most) {
  return std::uint64_t{config.layers} * most * config.query_dim() * sizeof(float);
}

void RecentQueries::add(std::uint32_t layer, std::uint32_t position,
                        std::span<const float> queries) {
  const std::size_t tokens = queries.size() / query_dim_;
  const std::size_t skipped = tokens - std::min<std::size_t>(tokens, most_);
  for (std::size_t t = skipped; t < tokens; ++t) {
    const auto its = position + static_cast<std::uint32_t>(t);
    const std::size_t slot = its % most_;
    positions_[slot] = its;
    std::copy_n(queries.data() + t * query_dim_, query_dim_,
                queries_.data() + (std::size_t{layer} * most_ + slot) * query_dim_);
  }
}

void RecentQueries::clear() {
  std::ranges::fill(positions_, no_position);
}

void RecentQueries::of(std::uint32_t layer, std::uint32_t end, std::vector<Query>& queries) const {
  queries.clear();
  for (std::size_t slot = 0; slot < most_; ++slot) {
    if (positions_[slot] < end && end - positions_[slot] <= most_) {
      queries.push_back(
          {positions_[slot], queries_.data() + (std::size_t{layer} * most_ + slot) * query_dim_});
    }
  }
}

}  // namespace crayon::context
