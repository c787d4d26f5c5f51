#include "train/pool/embedding.h"

#include <fmt/format.h>

#include <cstdlib>
#include <numeric>

#include "base/error.h"

namespace crayon::train {

EmbeddingKind EmbeddingKind::parse(const std::string& text) {
  if (text == "query-mean") {
    return {0, false};
  }
  const std::string prefix = "hidden-";
  const std::size_t dash = text.rfind('-');
  if (text.starts_with(prefix) && dash > prefix.size()) {
    const int layer = std::atoi(text.substr(prefix.size(), dash - prefix.size()).c_str());
    const std::string pooling = text.substr(dash + 1);
    if (layer > 0 && (pooling == "mean" || pooling == "last")) {
      return {layer, pooling == "last"};
    }
  }
  throw Error(Code::bad_argument, fmt::format("there is no embedding {}", text),
              "name query-mean, hidden-L-mean or hidden-L-last, L counting layers from 1");
}

std::string EmbeddingKind::name() const {
  return layer == 0 ? "query-mean" : fmt::format("hidden-{}-{}", layer, last ? "last" : "mean");
}

std::int64_t EmbeddingKind::dim(const Config& config) const {
  return layer == 0 ? config.query_dim() : config.dim;
}

torch::Tensor embed(const Weights& weights, const Batch& batch, EmbeddingKind kind) {
  const torch::NoGradGuard no_grad;
  torch::Tensor stream;  // [examples][time][dim of the kind]
  if (kind.layer == 0) {
    const Layer& first = weights.layers.front();
    const torch::Tensor input =
        normed(embedded(weights, batch.ids), first.attention_norm, weights.config);
    stream = torch::linear(input, first.at(Projection::q), first.bias(Projection::q));
  } else {
    stream = residual(weights, batch.ids, nullptr, {torch::kFloat32, kind.layer});
  }
  const torch::Tensor lengths =
      torch::tensor(batch.prompt_lengths, torch::kInt64).to(stream.device()).unsqueeze(1);
  const torch::Tensor places = torch::arange(stream.size(1), lengths.options()).unsqueeze(0);
  const torch::Tensor chosen = kind.last ? places == lengths - 1 : places < lengths;
  const torch::Tensor sum = (stream * chosen.unsqueeze(2)).sum(1);
  return torch::nn::functional::normalize(sum,
                                          torch::nn::functional::NormalizeFuncOptions().dim(1));
}

torch::Tensor embed_all(const Weights& weights, const Shard& shard, EmbeddingKind kind,
                        std::int64_t batch_tokens, std::int64_t longest, torch::Device device) {
  const auto count = static_cast<std::int64_t>(shard.answers.size());
  std::vector<std::int64_t> order(shard.answers.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  torch::Tensor all = torch::empty({count, kind.dim(weights.config)});
  for (const auto& examples : by_length(shard, std::move(order), batch_tokens, longest)) {
    Batch batch = make_batch(shard, examples, {}, longest);
    batch.to(device);
    all.index_copy_(0, torch::tensor(examples, torch::kInt64),
                    embed(weights, batch, kind).to(torch::kCPU));
  }
  return all;
}

}  // namespace crayon::train
