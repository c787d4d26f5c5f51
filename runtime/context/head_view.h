#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/context/recent_queries.h"
#include "runtime/model/kv_entries.h"

namespace crayon::context {

/// What a rule can see of the entries of one KV head, each computed when it is asked for. One
/// thread's: it goes from head to head with the same memory.
class HeadView {
 public:
  /// `queries` may be null, for rules that do not look at attention. All must outlive the view.
  HeadView(const model::Model& model, const model::KvEntries& entries, std::uint32_t context,
           const RecentQueries* queries);
  /// `attention`: whether attention() will be asked for.
  static std::uint64_t bytes(const formats::ModelConfig& config, std::uint32_t context,
                             bool attention);

  /// Goes to another head, with so many entries. `queried`: the end of the positions of the tokens
  /// whose queries are looked from. `surprise` [count], or empty.
  void look_at(std::uint32_t layer, std::uint32_t kv_head, std::uint32_t count,
               std::uint32_t queried, std::span<const float> surprise);

  std::uint32_t count() const { return count_; }
  std::uint32_t head_dim() const { return entries_.head_dim(); }
  /// -log p of each entry's token when it was read, in nats: [count].
  std::span<const float> surprise() const { return surprise_; }
  /// Keys as attention sees them: [count][head_dim].
  std::span<const float> keys();
  /// Attention that the entries get from the recent queries of all query heads which share this
  /// KV head, summed: [count].
  std::span<const float> attention();
  /// Room for a rule's own scores: [count].
  std::span<float> scratch() { return std::span(scratch_).first(count_); }

 private:
  /// Adds softmax(scale q.k) of the query heads of one token.
  void add_attention(const RecentQueries::Query& query);

  const model::Model& model_;
  const model::KvEntries& entries_;
  const RecentQueries* queries_;
  std::uint32_t layer_ = 0;
  std::uint32_t kv_head_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t queried_ = 0;
  bool has_keys_ = false;
  std::span<const float> surprise_;
  std::vector<float> keys_;       // [context][head_dim], those up to the queries' end
  std::vector<float> scores_;     // [group][context]
  std::vector<float> attention_;  // [context]
  std::vector<float> scratch_;    // [context]
  std::vector<RecentQueries::Query> from_;
};

}  // namespace crayon::context
