#include "train/model/forward.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"

namespace crayon::train {
namespace {

/// One pass over a batch: what all layers share.
class Pass {
 public:
  Pass(const Weights& weights, std::int64_t time, torch::Device device, const Mixture* mixture,
       const Compute& compute)
      : weights_(weights),
        config_(weights.config),
        type_(compute.type),
        linear_(compute.linear),
        time_(time) {
    if (!config_.learned_positions()) {
      make_rotation(device);
    }
    if (mixture != nullptr) {
      pool_ = mixture->pool;
      // [examples][1][N * rank], the scale inside
      rank_weights_ = (mixture->weights * pool_->scale())
                          .repeat_interleave(pool_->rank, 1)
                          .unsqueeze(1)
                          .to(type_);
    }
  }

  torch::Tensor layer(std::size_t index, const torch::Tensor& x) {
    const Layer& layer = weights_.layers[index];
    const torch::Tensor y =
        x + attention(index, normed(x, layer.attention_norm, config_).to(type_));
    return y + mlp(index, normed(y, layer.mlp_norm, config_).to(type_));
  }

 private:
  // Half-split RoPE (Su et al. 2021): cos and sin [time][head_dim].
  void make_rotation(torch::Device device) {
    const auto options = torch::TensorOptions().dtype(torch::kFloat32).device(device);
    const torch::Tensor exponents =
        torch::arange(0, config_.head_dim, 2, options) / static_cast<double>(config_.head_dim);
    const torch::Tensor frequencies = torch::pow(config_.rope_theta, -exponents);
    const torch::Tensor angles =
        torch::arange(0, time_, options).unsqueeze(1) * frequencies.unsqueeze(0);
    const torch::Tensor both = torch::cat({angles, angles}, 1);
    cos_ = both.cos().to(type_);
    sin_ = both.sin().to(type_);
  }

  // x [examples][heads][time][head_dim]
  torch::Tensor rotate(const torch::Tensor& x) const {
    if (config_.learned_positions()) {
      return x;
    }
    const auto halves = x.chunk(2, -1);
    return x * cos_ + torch::cat({-halves[1], halves[0]}, -1) * sin_;
  }

  torch::Tensor project(std::size_t index, Projection which, const torch::Tensor& x) const {
    const Layer& layer = weights_.layers[index];
    const torch::Tensor weight = layer.at(which).to(type_);
    torch::Tensor y = linear_ ? linear_(index, which, x, weight) : torch::linear(x, weight);
    if (config_.has_bias(which)) {
      y = y + layer.bias(which).to(type_);
    }
    if (pool_ != nullptr) {
      const LowRankPair& pair = pool_->at(index, which);
      const torch::Tensor low = torch::linear(x, pair.a.to(type_)) * rank_weights_;
      y = y + torch::linear(low, pair.b.to(type_));
    }
    return y;
  }

  // [examples][time][heads * head_dim] -> [examples][heads][time][head_dim]
  torch::Tensor split(const torch::Tensor& x, std::int64_t heads) const {
    return x.view({x.size(0), time_, heads, config_.head_dim}).transpose(1, 2);
  }

  torch::Tensor attention(std::size_t index, const torch::Tensor& x) const {
    const std::int64_t group = config_.heads / config_.kv_heads;
    const torch::Tensor q = rotate(split(project(index, Projection::q, x), config_.heads));
    const torch::Tensor k = rotate(split(project(index, Projection::k, x), config_.kv_heads))
                                .repeat_interleave(group, 1);
    const torch::Tensor v =
        split(project(index, Projection::v, x), config_.kv_heads).repeat_interleave(group, 1);
    const torch::Tensor mixed = attend(q, k, v, config_.window(index))
                                    .transpose(1, 2)
                                    .reshape({x.size(0), time_, config_.query_dim()});
    return project(index, Projection::o, mixed);
  }

  torch::Tensor mlp(std::size_t index, const torch::Tensor& x) const {
    const torch::Tensor hidden =
        config_.gated()
            ? torch::silu(project(index, Projection::gate, x)) * project(index, Projection::up, x)
            : torch::gelu(project(index, Projection::up, x), "tanh");
    return project(index, Projection::down, hidden);
  }

  // softmax(scale q k^T) v, causal; all [examples][heads][time][head_dim]. window: positions that
  // one sees, itself included; 0: all
  torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                       std::int64_t window) const {
#if TORCH_VERSION_MAJOR >= 2
    if (config_.family != Family::gpt_neo) {  // whose scores it would scale
      return at::scaled_dot_product_attention(q, k, v, {}, 0.0, /*is_causal=*/true);
    }
#endif
    const torch::Tensor hidden =
        torch::full({time_, time_}, -std::numeric_limits<float>::infinity(), q.options());
    torch::Tensor mask = hidden.triu(1);
    if (window > 0 && window < time_) {
      mask = mask + hidden.tril(-window);
    }
    const torch::Tensor scores =
        torch::matmul(q * config_.attention_scale(), k.transpose(-1, -2)) + mask;
    return torch::matmul(torch::softmax(scores, -1, torch::kFloat32).to(type_), v);
  }

  const Weights& weights_;
  const Config& config_;
  torch::ScalarType type_;
  const Linear& linear_;
  std::int64_t time_;
  const LoraPool* pool_ = nullptr;
  torch::Tensor rank_weights_;
  torch::Tensor cos_, sin_;
};

}  // namespace

torch::Tensor normed(const torch::Tensor& x, const Norm& norm, const Config& config) {
  if (config.layer_norm()) {
    return torch::layer_norm(x, {config.dim}, norm.gain, norm.bias, config.norm_eps);
  }
  return x * torch::rsqrt(x.square().mean(-1, true) + config.norm_eps) * norm.gain;
}

torch::Tensor embedded(const Weights& weights, const torch::Tensor& ids) {
  const torch::Tensor tokens = torch::embedding(weights.embedding, ids);
  const Config& config = weights.config;
  if (!config.learned_positions()) {
    return tokens;
  }
  if (ids.size(1) > config.context) {
    throw Error(Code::bad_argument,
                fmt::format("an example of {} tokens for a model that knows {} positions",
                            ids.size(1), config.context),
                fmt::format("cut them with --longest {}", config.context));
  }
  return tokens + weights.positions.narrow(0, 0, ids.size(1));
}

torch::Tensor residual(const Weights& weights, const torch::Tensor& ids, const Mixture* mixture,
                       const Compute& compute) {
  Pass pass(weights, ids.size(1), ids.device(), mixture, compute);
  torch::Tensor x = embedded(weights, ids);
  const std::size_t count =
      compute.layers < 0 ? weights.layers.size() : static_cast<std::size_t>(compute.layers);
  for (std::size_t i = 0; i < count; ++i) {
    x = pass.layer(i, x);
  }
  return x;
}

torch::Tensor run_layer(const Weights& weights, std::size_t index, const torch::Tensor& x,
                        const Compute& compute) {
  return Pass(weights, x.size(1), x.device(), nullptr, compute).layer(index, x);
}

torch::Tensor logits(const Weights& weights, const torch::Tensor& rows, const Compute& compute) {
  const torch::Tensor x = normed(rows, weights.norm, weights.config);
  return torch::linear(x.to(compute.type), weights.head.to(compute.type)).to(torch::kFloat32);
}

}  // namespace crayon::train
