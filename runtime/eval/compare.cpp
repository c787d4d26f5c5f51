#include "runtime/eval/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "runtime/model/likelihood.h"

namespace crayon::eval {
namespace {

using model::Token;

std::size_t top_of(std::span<const float> logits) {
  return static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
}

/// sum p (log p - log q) of softmax distributions.
double divergence(std::span<const float> p, double p_sum, std::span<const float> q, double q_sum) {
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double log_p = static_cast<double>(p[i]) - p_sum;
    sum += std::exp(log_p) * (log_p - (static_cast<double>(q[i]) - q_sum));
  }
  return std::max(sum, 0.0);  // rounding may leave it below
}

/// The value below which that share of the sorted ones lies.
double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

/// Sums over the elements of one layer's residual stream.
struct LayerSums {
  double squares = 0, squared_differences = 0, largest = 0;

  void add(std::span<const float> reference, std::span<const float> other) {
    for (std::size_t i = 0; i < reference.size(); ++i) {
      const double value = static_cast<double>(reference[i]);
      const double difference = static_cast<double>(other[i]) - value;
      squares += value * value;
      squared_differences += difference * difference;
      largest = std::max(largest, std::abs(difference));
    }
  }
  LayerDeviation finish() const {
    return {squares > 0 ? std::sqrt(squared_differences / squares) : 0, largest};
  }
};

bool same_shape(const formats::ModelConfig& a, const formats::ModelConfig& b) {
  return a.layers == b.layers && a.dim == b.dim;
}

/// Both models on their way through the windows, chunk by chunk.
class Pair {
 public:
  Pair(const Subject& reference, const Subject& other)
      : reference_(reference),
        other_(other),
        vocab_(reference.model->config().vocab_size),
        chunk_(chunk_size(vocab_)),
        logits_(chunk_ * vocab_),
        other_logits_(chunk_ * vocab_) {
    if (same_shape(reference.model->config(), other.model->config())) {
      streams_.resize(reference.model->config().layers);
      layers_.resize(streams_.size());
      reference.session->watch_layers([this](std::uint32_t layer, std::span<const float> stream) {
        streams_[layer].assign(stream.begin(), stream.end());
      });
      other.session->watch_layers([this](std::uint32_t layer, std::span<const float> stream) {
        layers_[layer].add(streams_[layer], stream);
      });
    }
  }
  ~Pair() {
    reference_.session->watch_layers({});
    other_.session->watch_layers({});
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void add(const Window& window) {
    const std::size_t inputs = window.inputs();
    reference_.session->rewind(0);
    other_.session->rewind(0);
    for (std::size_t at = 0; at < inputs; at += chunk_) {
      const std::size_t size = std::min(chunk_, inputs - at);
      const auto tokens = std::span(window.positions).subspan(at, size);
      forward(reference_, tokens, logits_);
      forward(other_, tokens, other_logits_);
      for (std::size_t t = 0; t < size; ++t) {
        if (window.scored[at + t + 1]) {
          add_position(t, window.positions[at + t + 1]);
        }
      }
    }
  }

  Comparison finish() {
    const std::size_t count = divergences_.size();
    if (count == 0) {
      throw Error(Code::bad_argument, "no token of the text is predicted and counts",
                  "check what is to be scored, and that something is in front of it");
    }
    const auto mean = [count](double sum) { return sum / static_cast<double>(count); };
    Comparison result;
    result.tokens = count;
    result.reference_perplexity = std::exp(mean(reference_loss_));
    result.perplexity = std::exp(mean(loss_));
    double sum = 0;
    for (const double each : divergences_) {
      sum += each;
    }
    result.kl_mean = mean(sum);
    std::ranges::sort(divergences_);
    result.kl_median = quantile(divergences_, 0.5);
    result.kl_p99 = quantile(divergences_, 0.99);
    result.kl_largest = divergences_.back();
    result.same_top = mean(static_cast<double>(same_top_));
    for (const LayerSums& layer : layers_) {
      result.layers.push_back(layer.finish());
    }
    return result;
  }

 private:
  void forward(const Subject& subject, std::span<const Token> tokens, std::vector<float>& logits) {
    subject.model->forward(*subject.session, tokens, model::Logits::all,
                           std::span(logits).first(tokens.size() * vocab_));
  }

  void add_position(std::size_t t, Token next) {
    const auto p = std::span<const float>(logits_).subspan(t * vocab_, vocab_);
    const auto q = std::span<const float>(other_logits_).subspan(t * vocab_, vocab_);
    const double p_sum = model::log_sum_exp(p), q_sum = model::log_sum_exp(q);
    reference_loss_ += p_sum - static_cast<double>(p[static_cast<std::size_t>(next)]);
    loss_ += q_sum - static_cast<double>(q[static_cast<std::size_t>(next)]);
    divergences_.push_back(divergence(p, p_sum, q, q_sum));
    same_top_ += top_of(p) == top_of(q) ? 1 : 0;
  }

  Subject reference_, other_;
  std::size_t vocab_;
  std::size_t chunk_;
  std::vector<float> logits_, other_logits_;  // [chunk][vocab]
  std::vector<std::vector<float>> streams_;   // [layers][tokens][dim] of the reference
  std::vector<LayerSums> layers_;
  std::vector<double> divergences_;  // of positions
  std::uint64_t same_top_ = 0;
  double reference_loss_ = 0, loss_ = 0;
};

}  // namespace

Comparison compare(const Subject& reference, const Subject& other,
                   std::span<const Sequence> sequences, Cut cut,
                   const std::function<void(double)>& progress) {
  const std::uint32_t vocab = reference.model->config().vocab_size;
  if (other.model->config().vocab_size != vocab) {
    throw Error(Code::bad_argument,
                fmt::format("the vocabularies have {} and {} tokens", vocab,
                            other.model->config().vocab_size),
                "compare models that share a tokenizer");
  }
  check(sequences, cut, *reference.model, *reference.session);
  check(sequences, cut, *other.model, *other.session);
  Pair pair(reference, other);
  each_window(
      sequences, cut, [&](const Window& window) { pair.add(window); }, progress);
  return pair.finish();
}

}  // namespace crayon::eval
