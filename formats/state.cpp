#include "formats/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/bundle.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

void check_range(std::string_view field, std::uint64_t value, std::uint64_t least,
                 std::uint64_t most) {
  if (value < least || value > most) {
    fail(Code::corrupt, field, fmt::format("{} is not in {}..{}", value, least, most));
  }
}

void check_size(std::string_view field, std::uint64_t value, std::uint64_t limit) {
  if (value == 0 || value > limit) {
    fail(value == 0 ? Code::corrupt : Code::over_limit, field,
         fmt::format("{} is not in 1..{}", value, limit));
  }
}

void check_rule(const StateRule& rule) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  check_size("rule", rule.name.size(), max_rule_name_size);
  if (!std::ranges::all_of(rule.name, fits)) {
    fail(Code::corrupt, "rule", "it is not of lower-case letters, digits and underscores");
  }
  // Written so that a NaN is refused.
  if (!(rule.keep > 0.0f && rule.keep < 1.0f)) {
    fail(Code::corrupt, "keep", fmt::format("{} is not between 0 and 1", rule.keep));
  }
  if (!(rule.surprise_share >= 0.0f && rule.surprise_share <= 1.0f)) {
    fail(Code::corrupt, "surprise_share", fmt::format("{} is not in 0..1", rule.surprise_share));
  }
  if (rule.observed == 0) {
    fail(Code::corrupt, "observed", "it is 0");
  }
  if (rule.pooled % 2 == 0) {
    fail(Code::corrupt, "pooled", fmt::format("{} is not odd", rule.pooled));
  }
  if (rule.catalyst.size() > max_state_catalyst) {
    fail(Code::over_limit, "catalyst",
         fmt::format("{} tokens are more than {}", rule.catalyst.size(), max_state_catalyst));
  }
  if (std::ranges::any_of(rule.catalyst, [](Token token) { return token < 0; })) {
    fail(Code::corrupt, "catalyst", "a token is below 0");
  }
}

void check_numbers(const StateInfo& state) {
  if (state.kv != Dtype::f32 && state.kv != Dtype::f16 && state.kv != Dtype::i8) {
    fail(Code::unsupported, "kv", fmt::format("{} does not hold keys", dtype_name(state.kv)));
  }
  check_size("kv_heads", state.kv_heads, max_state_heads);
  check_size("context", state.context, max_state_context);
  check_range("positions", state.positions, 1, state.context);
  check_range("distilled", state.distilled, 0, state.positions);
  check_range("pinned", state.pinned, 0, state.context);
  check_range("window_begin", state.window_begin, 0, state.positions - 1);
  if (state.dropped > max_state_dropped) {
    fail(Code::over_limit, "dropped",
         fmt::format("{} tokens are more than {}", state.dropped, max_state_dropped));
  }
  if (state.rule.name == "none" && (state.distilled != 0 || state.dropped != 0)) {
    fail(Code::corrupt, state.distilled != 0 ? "distilled" : "dropped",
         "a session without a rule drops nothing");
  }
}

/// The tensors of a state, one after the other. Their dtypes and shapes are checked against the
/// numbers, which are right by themselves.
class Tensors {
 public:
  Tensors(const StateInfo& state, std::span<const TensorEntry> tensors)
      : state_(state), left_(tensors) {}

  void check() {
    while (next_is(layer_tensor(layers_, state_keys))) {
      check_layer();
    }
    check_size("tensors", layers_, max_state_layers);
    const std::uint64_t heads = std::uint64_t{layers_} * state_.kv_heads;
    if (next_is(state_surprise)) {
      take(Dtype::f32, {heads, state_.positions});
    }
    if (next_is(state_hidden)) {
      const Shape shape = left_.front().shape;
      check_range("tensors", shape.rows, 1, state_.positions);
      check_size("tensors", shape.cols, max_state_dim);
      take(Dtype::f32, shape);
    }
    if (next_is(state_queries)) {
      check_queries();
    }
    if (next_is(state_log_weights)) {
      take(Dtype::f32, {heads, state_.positions});
    }
    if (!left_.empty()) {
      fail(Code::corrupt, "tensors", fmt::format("{} does not belong there", left_.front().name));
    }
    if (state_.window_begin != 0 && !has_window_) {
      fail(Code::corrupt, "window_begin", "no layer begins there");
    }
  }

 private:
  bool next_is(std::string_view name) const { return !left_.empty() && left_.front().name == name; }

  void take(Dtype dtype, Shape shape) {
    const TensorEntry& tensor = left_.front();
    if (tensor.dtype != dtype || tensor.shape != shape) {
      fail(Code::corrupt, "tensors",
           fmt::format("{} is {} [{}][{}] where {} [{}][{}] belongs", tensor.name,
                       dtype_name(tensor.dtype), tensor.shape.rows, tensor.shape.cols,
                       dtype_name(dtype), shape.rows, shape.cols));
    }
    left_ = left_.subspan(1);
  }

  /// A layer holds all positions, or those that its window can see.
  void check_layer() {
    const Shape keys = left_.front().shape;
    if (layers_ == 0) {
      head_dim_ = keys.cols;
      check_size("tensors", head_dim_, max_state_head_dim);
    }
    const std::uint64_t in_window = state_.positions - state_.window_begin;
    const bool windowed = state_.window_begin != 0 && keys.rows == in_window * state_.kv_heads;
    has_window_ = has_window_ || windowed;
    const Shape shape{(windowed ? in_window : state_.positions) * state_.kv_heads, head_dim_};
    take(state_.kv, shape);
    const std::string values = layer_tensor(layers_, state_values);
    if (!next_is(values)) {
      fail(Code::corrupt, "tensors", fmt::format("{} is not there", values));
    }
    take(state_.kv, shape);
    ++layers_;
  }

  /// Of some last tokens, in each layer.
  void check_queries() {
    const Shape shape = left_.front().shape;
    const std::uint64_t kv_dim = state_.kv_heads * head_dim_;
    if (shape.rows % layers_ != 0 || shape.rows / layers_ > state_.positions ||
        shape.cols % kv_dim != 0 || shape.cols > max_state_heads * head_dim_) {
      fail(Code::corrupt, "tensors",
           fmt::format("{} [{}][{}] does not fit {} layers of {} positions", state_queries,
                       shape.rows, shape.cols, layers_, state_.positions));
    }
    take(Dtype::f32, shape);
  }

  const StateInfo& state_;
  std::span<const TensorEntry> left_;
  std::uint32_t layers_ = 0;
  std::uint64_t head_dim_ = 0;
  bool has_window_ = false;
};

}  // namespace

void check(const StateInfo& state, std::span<const TensorEntry> tensors) {
  in_field("state", [&] {
    check_rule(state.rule);
    check_numbers(state);
    Tensors(state, tensors).check();
  });
}

}  // namespace crayon::formats
