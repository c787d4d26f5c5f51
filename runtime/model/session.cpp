#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/model/session_state.h"

namespace crayon::model {
namespace {

std::uint32_t check_context(std::uint32_t context, const formats::ModelConfig& config) {
  if (context == 0 || context > config.max_context) {
    throw Error(Code::bad_argument,
                fmt::format("a context of {} positions; this model takes 1 to {}", context,
                            config.max_context),
                "choose a context in that range");
  }
  return context;
}

void check_adapter(const WeightedAdapter& weighted, const Model& model) {
  if (weighted.adapter->base() != model.id()) {
    throw Error(Code::wrong_base, "the adapter belongs to another model than this session's",
                "use the model that the adapter was packed for");
  }
  if (!std::isfinite(weighted.weight)) {
    throw Error(Code::bad_argument, fmt::format("an adapter has weight {}", weighted.weight),
                "use finite weights");
  }
  weighted.adapter->check(model.config());
}

}  // namespace

ScratchSizes::ScratchSizes(const formats::ModelConfig& config, std::uint32_t context)
    : batch(std::min(prefill_batch, context)) {
  const std::uint32_t widest = std::max({config.dim, config.query_dim(), config.hidden_dim});
  residual = projected = batch * config.dim;
  input = batch * widest;
  queries = batch * config.query_dim();
  kv = batch * config.kv_dim();
  hidden = batch * config.hidden_dim;
  scores = std::uint64_t{config.heads} * context;
  quantized = widest;
}

std::uint64_t ScratchSizes::bytes() const {
  const std::uint64_t floats =
      residual + input + projected + queries + 2 * kv + 2 * hidden + scores;
  return floats * sizeof(float) + quantized + QuantizedScratch::bytes(batch, quantized);
}

Scratch::Scratch(const ScratchSizes& sizes)
    : residual(sizes.residual),
      input(sizes.input),
      projected(sizes.projected),
      queries(sizes.queries),
      keys(sizes.kv),
      values(sizes.kv),
      gate(sizes.hidden),
      up(sizes.hidden),
      scores(sizes.scores),
      linear{QuantizedScratch(sizes.batch, sizes.quantized), {}, {}},
      unpacked(sizes.quantized) {}

Session::State::State(const Model& its_model, std::uint32_t context, KvDtype kv)
    : model(&its_model),
      cache(its_model.config(), check_context(context, its_model.config()), kv),
      rotation(its_model.config(), context),
      scratch(ScratchSizes(its_model.config(), context)) {}

Session::Session(const Model& model, std::uint32_t context, KvDtype kv)
    : state_(std::make_unique<State>(model, context, kv)) {}

Session::~Session() = default;

void Session::attach(std::shared_ptr<const Adapter> adapter) {
  const WeightedAdapter alone{std::move(adapter)};
  attach(std::span(&alone, alone.adapter ? 1 : 0));
}

void Session::attach(std::span<const WeightedAdapter> adapters) {
  for (const WeightedAdapter& each : adapters) {
    check_adapter(each, *state_->model);
  }
  LowRankTable table({adapters.begin(), adapters.end()});
  const std::uint64_t batch = std::min(prefill_batch, context());
  AlignedArray<float> low_rank(batch * table.widest_rank());
  AlignedArray<float> routes(batch * TokenRouter::scratch(table.most_experts()));
  state_->scratch.linear.low_rank = std::move(low_rank);
  state_->scratch.linear.routes = std::move(routes);
  state_->low_rank = std::move(table);
}

void Session::watch(ProjectionWatcher watcher) {
  state_->watcher = std::move(watcher);
}

std::uint32_t Session::position() const {
  return state_->position;
}

std::uint32_t Session::context() const {
  return state_->cache.context();
}

void Session::rewind(std::uint32_t position) {
  if (position > state_->position) {
    throw Error(Code::bad_argument,
                fmt::format("rewinding to position {} of {}", position, state_->position),
                "rewind to a position that the session has reached");
  }
  state_->position = position;
}

}  // namespace crayon::model
