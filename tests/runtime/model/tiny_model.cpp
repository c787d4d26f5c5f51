#include "tests/runtime/model/tiny_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/random.h"
#include "formats/architecture.h"
#include "runtime/model/adapter.h"

namespace crayon::test {
namespace {

using formats::ModelConfig;
using formats::ModelSource;
using formats::Shape;

/// Uniform numbers of that mean and standard deviation.
std::vector<float> random_floats(std::size_t count, double mean, double deviation, Random& random) {
  const double width = deviation * std::sqrt(12.0);
  std::vector<float> values(count);
  std::ranges::generate(
      values, [&] { return static_cast<float>(mean + width * (random.uniform() - 0.5)); });
  return values;
}

void add_tensor(ModelSource& source, std::string name, Shape shape, std::vector<float> values) {
  const auto stored = std::make_shared<const std::vector<float>>(std::move(values));
  source.tensors.push_back(
      {std::move(name), shape,
       [stored, cols = shape.cols](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
         std::copy_n(stored->begin() + static_cast<std::ptrdiff_t>(begin * cols), count * cols,
                     out.begin());
       }});
}

/// Deviation that keeps the size of what a linear map of so many inputs carries.
double keeping_size(std::size_t inputs) {
  return 1 / std::sqrt(static_cast<double>(inputs));
}

struct Distribution {
  double mean, deviation;
};

Distribution distribution(const formats::ExpectedTensor& tensor, const ModelConfig& config) {
  switch (tensor.role) {
    case formats::TensorRole::embedding:
      return {0.0, config.tied_head ? 0.3 : 1.0};
    case formats::TensorRole::positions:
      return {0.0, 0.3};
    case formats::TensorRole::vector:
    case formats::TensorRole::scales:
      return tensor.name.ends_with("_bias") ? Distribution{0.0, 0.2} : Distribution{1.0, 0.2};
    case formats::TensorRole::projection:
      return {0.0, keeping_size(tensor.shape.cols)};
    case formats::TensorRole::head:
      return {0.0, 2 * keeping_size(tensor.shape.cols)};
  }
  return {};
}

}  // namespace

ModelConfig tiny_config() {
  ModelConfig config;
  config.architecture = "llama";
  config.vocab_size = 67;
  config.dim = 52;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 14;
  config.hidden_dim = 90;
  config.max_context = 256;
  return config;
}

ModelSource random_source(const ModelConfig& config, std::uint64_t seed) {
  Random random(seed);
  ModelSource source;
  source.config = config;
  source.provenance.source = "random";
  for (std::uint32_t id = 0; id < config.vocab_size; ++id) {
    source.tokenizer.pieces.push_back(fmt::format("t{}", id));
  }
  source.tokenizer.scores.assign(config.vocab_size, 0.0f);
  source.tokenizer.types.assign(config.vocab_size, formats::TokenType::normal);

  for (formats::ExpectedTensor& tensor : formats::expected_tensors(config)) {
    const auto [mean, deviation] = distribution(tensor, config);
    const std::size_t count = tensor.shape.rows * tensor.shape.cols;
    add_tensor(source, std::move(tensor.name), tensor.shape,
               random_floats(count, mean, deviation, random));
  }
  return source;
}

formats::AdapterSource random_adapter(const ModelConfig& config, std::uint32_t rank, float scale,
                                      std::uint64_t seed) {
  Random random(seed);
  formats::AdapterSource adapter;
  adapter.name = fmt::format("random-{}", seed);
  adapter.rank = rank;
  adapter.scale = scale;
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    for (const formats::Projection which : formats::all_projections) {
      if (!config.has(which)) {
        continue;
      }
      const Shape shape = formats::projection_shape(config, which);
      adapter.factors.push_back(
          {layer, which, rank,
           random_floats(rank * shape.cols, 0.0, keeping_size(shape.cols), random),
           random_floats(shape.rows * rank, 0.0, 0.3, random)});
    }
  }
  return adapter;
}

std::vector<formats::Token> random_tokens(std::size_t count, std::uint32_t vocab,
                                          std::uint64_t seed) {
  Random random(seed);
  std::vector<formats::Token> tokens(count);
  std::ranges::generate(tokens, [&] { return static_cast<formats::Token>(random.below(vocab)); });
  return tokens;
}

Packed::Packed(const ModelSource& source, const formats::PackOptions& options)
    : id(formats::pack_model(source, options, folder / "model.crayon", {})),
      bundle(formats::Bundle::open(folder / "model.crayon")) {}

std::vector<float> all_logits(const model::Model& model, std::span<const formats::Token> tokens,
                              model::KvDtype kv, std::shared_ptr<const model::Adapter> adapter) {
  model::Session session(model, static_cast<std::uint32_t>(tokens.size()), kv);
  const model::WeightedAdapter alone{std::move(adapter)};
  session.attach({&alone, alone.adapter ? 1u : 0u});
  std::vector<float> logits(tokens.size() * model.config().vocab_size);
  model.forward(session, tokens, model::Logits::all, logits);
  return logits;
}

double largest_difference(std::span<const float> x, std::span<const double> truth) {
  EXPECT_EQ(x.size(), truth.size());
  double largest = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double difference = std::abs(static_cast<double>(x[i]) - truth[i]);
    if (!(difference <= largest)) {  // NaN is the largest of all
      largest = difference;
    }
  }
  return largest;
}

double relative_rms(std::span<const float> x, std::span<const double> truth) {
  EXPECT_EQ(x.size(), truth.size());
  double mean = 0;
  for (const double value : truth) {
    mean += value / static_cast<double>(truth.size());
  }
  double error = 0;
  double spread = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    error += (static_cast<double>(x[i]) - truth[i]) * (static_cast<double>(x[i]) - truth[i]);
    spread += (truth[i] - mean) * (truth[i] - mean);
  }
  return std::sqrt(error / spread);
}

}  // namespace crayon::test
