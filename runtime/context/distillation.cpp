#include "runtime/context/distillation.h"

#include <algorithm>
#include <functional>

#include "runtime/model/weights.h"

namespace crayon::context {

EntrySurprise::EntrySurprise(const formats::ModelConfig& config, std::uint32_t context)
    : kv_heads_(config.kv_heads),
      context_(context),
      values_(std::size_t{config.layers} * config.kv_heads * context) {}

std::uint64_t EntrySurprise::bytes(const formats::ModelConfig& config, std::uint32_t context) {
  return std::uint64_t{config.layers} * config.kv_heads * context * sizeof(float);
}

void EntrySurprise::set(std::uint32_t position, float surprise) {
  for (std::size_t at = position; at < values_.size(); at += context_) {
    values_[at] = surprise;
  }
}

std::span<float> EntrySurprise::of(std::uint32_t layer, std::uint32_t kv_head) {
  return std::span(values_).subspan((std::size_t{layer} * kv_heads_ + kv_head) * context_,
                                    context_);
}

Distillation::Distillation(const model::Model& model, model::Session& session, const Rule& rule,
                           const RecentQueries* queries, EntrySurprise* surprise)
    : model_(model), session_(session), entries_(session), rule_(rule), surprise_(surprise) {
  const std::size_t threads = model.weights().compute.pool->size();
  workers_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    workers_.push_back({HeadView(model, entries_, session.context(), queries), {}});
  }
}

std::uint64_t Distillation::bytes(const formats::ModelConfig& config, std::uint32_t context,
                                  const Needs& needs, std::size_t threads) {
  return threads * HeadView::bytes(config, context, needs.catalyst || needs.queries != 0);
}

void Distillation::run(std::uint32_t keep, std::uint32_t pinned, std::uint32_t queried) {
  keep_ = keep;
  pinned_ = pinned;
  queried_ = queried;
  const std::size_t kv_heads = entries_.kv_heads();
  const std::size_t heads = entries_.layers() * kv_heads;
  const std::size_t workers = workers_.size();
  // Each worker has memory of its own, so the work is shared out by workers.
  const auto work = [&](std::size_t begin, std::size_t end) {
    for (std::size_t worker = begin; worker < end; ++worker) {
      for (std::size_t head = worker; head < heads; head += workers) {
        distil(static_cast<std::uint32_t>(head / kv_heads),
               static_cast<std::uint32_t>(head % kv_heads), workers_[worker]);
      }
    }
  };
  model_.weights().compute.parallel(workers, 1, work);
  entries_.finish(keep);
}

void Distillation::distil(std::uint32_t layer, std::uint32_t kv_head, Worker& worker) {
  const std::uint32_t count = session_.position();
  std::span<float> surprise;
  if (surprise_ != nullptr) {
    surprise = surprise_->of(layer, kv_head).first(count);
  }
  if (!entries_.sees_all(layer)) {
    entries_.keep_last(layer, kv_head, keep_);
    // Nobody asks here; in a smaller context, which sees all, the rule would.
    std::ranges::copy(surprise.last(surprise.empty() ? 0 : keep_), surprise.begin());
    return;
  }
  worker.head.look_at(layer, kv_head, count, queried_, surprise);
  worker.selection.begin(count, pinned_, keep_);
  rule_.choose(worker.head, worker.selection);
  const std::span<const std::uint32_t> kept = worker.selection.taken();
  entries_.keep(layer, kv_head, kept);
  for (std::size_t r = 0; r < kept.size() && !surprise.empty(); ++r) {
    surprise[r] = surprise[kept[r]];
  }
}

}  // namespace crayon::context
