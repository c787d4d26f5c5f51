#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/model/input_checks.h"
#include "runtime/model/session_state.h"
#include "runtime/model/weights.h"

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

/// What the adapters add, in the form that suits the model's weights.
AdapterTable adapter_table(std::vector<WeightedAdapter> adapters, const Model& model) {
  if (adapters.empty()) {
    return {};
  }
  if (!model.weights().layers_are_quantized()) {
    return AdapterTable(std::move(adapters), model.config());
  }
  const kernels::Layout& layout = model.kernels().layout;
  std::vector<float> weights;
  FactorStack::Adapters factors;
  for (WeightedAdapter& each : adapters) {
    weights.push_back(each.weight);
    factors.push_back(std::move(each.adapter));
  }
  return AdapterTable(model.weights().factor_stacks.of(std::move(factors), model.config(), layout),
                      weights, model.config(), layout);
}

}  // namespace

std::uint32_t step_tokens(const formats::ModelConfig& config, std::uint32_t context) {
  return config.causal ? std::min(prefill_batch, context) : context;
}

ScratchSizes::ScratchSizes(const formats::ModelConfig& config, std::uint32_t context)
    : batch(step_tokens(config, context)) {
  const std::uint32_t read_by_maps = std::max(config.dim, config.query_dim());
  residual = projected = batch * config.dim;
  input = batch * read_by_maps;
  queries = batch * config.query_dim();
  kv = batch * config.kv_dim();
  hidden = batch * config.hidden_dim;
  quantized = std::max({read_by_maps, config.hidden_dim, config.patch_dim()});
}

std::uint64_t ScratchSizes::bytes() const {
  const std::uint64_t floats = residual + input + projected + queries + 2 * kv + 2 * hidden;
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
      low_rank_runs(sizes.batch),
      linear{QuantizedScratch(sizes.batch, sizes.quantized), {}},
      unpacked(sizes.quantized) {}

Session::State::State(const Model& its_model, std::uint32_t context, KvDtype kv)
    : model(&its_model),
      cache(its_model.config(), check_context(context, its_model.config()), kv),
      rotation(its_model.config(), context),
      scratch(ScratchSizes(its_model.config(), context)) {}

Session::Session(const Model& model, std::uint32_t context, KvDtype kv)
    : state_(std::make_unique<State>(model, context, kv)) {}

Session::~Session() = default;

void Session::attach(std::span<const WeightedAdapter> adapters) {
  for (const WeightedAdapter& each : adapters) {
    check_adapter(each, *state_->model);
  }
  AdapterTable table = adapter_table({adapters.begin(), adapters.end()}, *state_->model);
  LowRankScratch scratch;
  table.reserve(std::min(prefill_batch, context()), scratch);
  state_->scratch.linear.low_rank = std::move(scratch);
  state_->adapters = std::move(table);
}

std::uint64_t Session::adapter_bytes() const {
  return state_->adapters.bytes();
}

std::uint64_t Session::adapter_bytes_read() const {
  return state_->adapters.bytes_read();
}

void Session::watch(ProjectionWatcher watcher) {
  state_->watcher = std::move(watcher);
}

void Session::watch_layers(LayerWatcher watcher) {
  state_->layer_watcher = std::move(watcher);
}

void Session::watch_queries(QueryWatcher watcher) {
  state_->query_watcher = std::move(watcher);
}

void Session::weigh(const Emphasis& emphasis) {
  const std::span<const float> weights = emphasis.weights;
  check_weights(weights);
  if (weights.size() > context() - position()) {
    throw Error(Code::context_full,
                fmt::format("weights of {} tokens at position {} of {}", weights.size(), position(),
                            context()),
                "use a larger context");
  }
  if (state_->cache.weights() != nullptr) {
    state_->cache.weights()->reset(position());
  }
  if (std::ranges::any_of(weights, [](float weight) { return weight != 1.0f; })) {
    state_->cache.weigh().set(position(), weights, emphasis.first_layer);
  }
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
  if (kept(position) != position) {
    throw Error(
        Code::bad_argument,
        fmt::format("the session has forgotten what a token at position {} would see", position),
        "rewind to kept() of the position, and run the tokens from there on again");
  }
  state_->cache.rewind(position);
  state_->position = position;
}

std::uint32_t Session::kept(std::uint32_t position) const {
  return state_->cache.kept(position);
}

}  // namespace crayon::model
