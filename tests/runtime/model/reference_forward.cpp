#include "tests/runtime/model/reference_forward.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>

#include "tests/runtime/model/reference_rope.h"

namespace crayon::test {
namespace {

using formats::ModelConfig;
using formats::ModelSource;
using formats::Projection;
using formats::Token;
using Vector = std::vector<double>;

struct Dense {
  std::size_t rows = 0, cols = 0;
  Vector values;                                    // [rows][cols]
  std::function<Vector(const Vector&)> extra = {};  // added to the product, when there is one
  Vector bias = {};                                 // [rows], or empty

  Vector times(const Vector& x) const {
    Vector y = bias;
    y.resize(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < cols; ++c) {
        y[r] += values[r * cols + c] * x[c];
      }
    }
    if (extra) {
      const Vector more = extra(x);
      for (std::size_t r = 0; r < more.size(); ++r) {
        y[r] += more[r];
      }
    }
    return y;
  }
  Vector row(std::size_t r) const {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(r * cols);
    return {begin, begin + static_cast<std::ptrdiff_t>(cols)};
  }
};

Dense read(const ModelSource& source, const std::string& name) {
  for (const formats::SourceTensor& tensor : source.tensors) {
    if (tensor.name == name) {
      std::vector<float> floats(tensor.shape.rows * tensor.shape.cols);
      tensor.read_rows(0, tensor.shape.rows, floats);
      return {tensor.shape.rows, tensor.shape.cols, Vector(floats.begin(), floats.end())};
    }
  }
  throw std::runtime_error("the source has no " + name);
}

bool has(const ModelSource& source, const std::string& name) {
  return std::ranges::any_of(source.tensors,
                             [&](const auto& tensor) { return tensor.name == name; });
}

/// RMSNorm of `size` numbers from `x` on, in place.
void rms_norm(double* x, std::size_t size, const Dense& weight, double eps) {
  double squares = 0;
  for (std::size_t i = 0; i < size; ++i) {
    squares += x[i] * x[i];
  }
  const double scale = 1 / std::sqrt(squares / static_cast<double>(size) + eps);
  for (std::size_t i = 0; i < size; ++i) {
    x[i] *= scale * weight.values[i];
  }
}

/// A norm over the width of the model, of whichever kind.
struct NormLayer {
  Dense weight, bias;
  const ModelConfig* config = nullptr;

  Vector of(Vector x) const {
    const double eps = static_cast<double>(config->norm_eps);
    if (config->norm == formats::Norm::rms) {
      rms_norm(x.data(), x.size(), weight, eps);
      return x;
    }
    double mean = 0;
    for (const double value : x) {
      mean += value / static_cast<double>(x.size());
    }
    double variance = 0;
    for (double& value : x) {
      value -= mean;
      variance += value * value / static_cast<double>(x.size());
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = x[i] / std::sqrt(variance + eps) * weight.values[i] + bias.values[i];
    }
    return x;
  }
};

NormLayer read_norm(const ModelSource& source, const std::string& name) {
  const bool layer = source.config.norm == formats::Norm::layer;
  return {read(source, name), layer ? read(source, name + "_bias") : Dense{}, &source.config};
}

double cap(double x, double limit) {
  return limit == 0 ? x : limit * std::tanh(x / limit);
}

double activate(double x, formats::Activation activation) {
  switch (activation) {
    case formats::Activation::silu:
      return x / (1 + std::exp(-x));
    case formats::Activation::gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case formats::Activation::gelu_quick:
      return x / (1 + std::exp(-1.702 * x));
    case formats::Activation::gelu_erf:
      return x / 2 * (1 + std::erf(x / std::numbers::sqrt2));
  }
  return NAN;
}

/// Positions [begin, end) that a query sees.
struct Seen {
  std::size_t begin, end;
};

/// All heads of a query. `key_weights`: by position, or empty.
Vector attention(const Vector& query, const std::vector<Vector>& keys,
                 const std::vector<Vector>& values, const Seen& seen,
                 std::span<const float> key_weights, const ModelConfig& config) {
  const double scale = config.attention_scale != 0
                           ? static_cast<double>(config.attention_scale)
                           : 1 / std::sqrt(static_cast<double>(config.head_dim));
  Vector out(query.size());
  for (std::uint32_t head = 0; head < config.heads; ++head) {
    const std::size_t q = head * config.head_dim;
    const std::size_t kv = head * config.kv_heads / config.heads * config.head_dim;
    Vector weights(keys.size());  // 0 where nothing is seen
    double sum = 0;
    for (std::size_t p = seen.begin; p < seen.end; ++p) {
      double product = 0;
      for (std::uint32_t d = 0; d < config.head_dim; ++d) {
        product += query[q + d] * keys[p][kv + d];
      }
      weights[p] = std::exp(cap(scale * product, config.attention_softcap));
      weights[p] *= key_weights.empty() ? 1.0 : static_cast<double>(key_weights[p]);
      sum += weights[p];
    }
    for (std::size_t p = 0; p < values.size(); ++p) {
      for (std::uint32_t d = 0; d < config.head_dim; ++d) {
        out[q + d] += weights[p] / sum * values[p][kv + d];
      }
    }
  }
  return out;
}

void add(Vector& x, const Vector& y) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] += y[i];
  }
}

struct Layer {
  std::uint32_t index = 0;
  NormLayer attention_norm, mlp_norm;
  std::optional<NormLayer> attention_post_norm, mlp_post_norm;
  Dense q_norm, k_norm;
  std::map<Projection, Dense> projections;

  Vector map(Projection which, const Vector& x) const { return projections.at(which).times(x); }
};

Dense read_projection(const ModelSource& source, std::uint32_t layer, Projection which,
                      const std::vector<DenseDelta>& deltas, const Extra& extra) {
  Dense dense = read(source, formats::projection(layer, which));
  for (const DenseDelta& delta : deltas) {
    if (delta.layer == layer && delta.projection == which) {
      add(dense.values, delta.values);
    }
  }
  if (source.config.has_bias(which)) {
    dense.bias = read(source, formats::projection_bias(layer, which)).values;
  }
  if (extra) {
    dense.extra = [&extra, layer, which](const Vector& x) { return extra(layer, which, x); };
  }
  return dense;
}

Layer read_layer(const ModelSource& source, std::uint32_t index,
                 const std::vector<DenseDelta>& deltas, const Extra& extra) {
  const auto name = [&](std::string_view which) { return formats::layer_tensor(index, which); };
  Layer layer;
  layer.index = index;
  layer.attention_norm = read_norm(source, name("attention_norm"));
  layer.mlp_norm = read_norm(source, name("mlp_norm"));
  if (source.config.post_norms) {
    layer.attention_post_norm = read_norm(source, name("attention_post_norm"));
    layer.mlp_post_norm = read_norm(source, name("mlp_post_norm"));
  }
  if (source.config.qk_norm) {
    layer.q_norm = read(source, name("q_norm"));
    layer.k_norm = read(source, name("k_norm"));
  }
  for (const Projection which : formats::all_projections) {
    if (has(source, formats::projection(index, which))) {
      layer.projections[which] = read_projection(source, index, which, deltas, extra);
    }
  }
  return layer;
}

void norm_heads(Vector& x, const Dense& weight, const ModelConfig& config) {
  for (std::size_t head = 0; config.qk_norm && head < x.size(); head += config.head_dim) {
    rms_norm(&x[head], config.head_dim, weight, static_cast<double>(config.norm_eps));
  }
}

Vector mlp(const Layer& layer, const Vector& x, const ModelConfig& config) {
  Vector hidden = layer.map(config.gated ? Projection::gate : Projection::up, x);
  for (double& value : hidden) {
    value = activate(value, config.activation);
  }
  if (config.gated) {
    const Vector up = layer.map(Projection::up, x);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      hidden[i] *= up[i];
    }
  }
  return layer.map(Projection::down, hidden);
}

/// One layer over the residual stream x [tokens][dim].
void run_layer(const Layer& layer, const ModelConfig& config, const Stress& stress,
               std::vector<Vector>& x) {
  const bool windowed = !config.windowed.empty() && config.windowed[layer.index];
  const std::size_t window = windowed ? config.window : x.size();
  const std::span<const float> key_weights =
      layer.index >= stress.first_layer ? stress.weights : std::span<const float>();
  std::vector<Vector> queries, keys, values;
  for (std::size_t t = 0; t < x.size(); ++t) {
    const Vector normed = layer.attention_norm.of(x[t]);
    Vector query = layer.map(Projection::q, normed);
    Vector key = layer.map(Projection::k, normed);
    norm_heads(query, layer.q_norm, config);
    norm_heads(key, layer.k_norm, config);
    rotate(query, t, layer.index, x.size(), config);
    rotate(key, t, layer.index, x.size(), config);
    queries.push_back(std::move(query));
    keys.push_back(std::move(key));
    values.push_back(layer.map(Projection::v, normed));
  }
  for (std::size_t t = 0; t < x.size(); ++t) {
    const std::size_t end = config.causal ? t + 1 : x.size();
    const Seen seen{config.causal && t + 1 > window ? t + 1 - window : 0, end};
    const Vector attended =
        layer.map(Projection::o, attention(queries[t], keys, values, seen, key_weights, config));
    add(x[t], layer.attention_post_norm ? layer.attention_post_norm->of(attended) : attended);
    const Vector added = mlp(layer, layer.mlp_norm.of(x[t]), config);
    add(x[t], layer.mlp_post_norm ? layer.mlp_post_norm->of(added) : added);
  }
}

/// The embeddings of tokens, without positions: [tokens][dim].
std::vector<Vector> embedded(const ModelSource& source, std::span<const Token> tokens) {
  const Dense embedding = read(source, std::string(formats::token_embedding));
  std::vector<Vector> x;
  for (const Token token : tokens) {
    x.push_back(embedding.row(static_cast<std::size_t>(token)));
    for (double& value : x.back()) {
      value *= static_cast<double>(source.config.embedding_scale);
    }
  }
  return x;
}

/// The residual stream behind the first `layers` of what they read: x [tokens][dim].
std::vector<Vector> stream(const ModelSource& source, std::vector<Vector> x, std::uint32_t layers,
                           const std::vector<DenseDelta>& deltas, const Extra& extra,
                           const Stress& stress) {
  if (source.config.positions == formats::Positions::learned) {
    const Dense positions = read(source, std::string(formats::position_embedding));
    for (std::size_t t = 0; t < x.size(); ++t) {
      add(x[t], positions.row(t));
    }
  }
  if (source.config.input_norm) {
    const NormLayer norm = read_norm(source, std::string(formats::input_norm));
    for (Vector& row : x) {
      row = norm.of(row);
    }
  }
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    run_layer(read_layer(source, layer, deltas, extra), source.config, stress, x);
  }
  return x;
}

/// What an encoder's tower makes of one row of the stream, of length 1.
Vector output(const ModelSource& tower, const Vector& row) {
  Vector y = read(tower, std::string(formats::output_projection))
                 .times(read_norm(tower, std::string(formats::output_norm)).of(row));
  double squares = 0;
  for (const double value : y) {
    squares += value * value;
  }
  for (double& value : y) {
    value /= std::sqrt(squares);
  }
  return y;
}

/// The image side of an encoder's source as a source of its own.
ModelSource image_side(const ModelSource& source) {
  ModelSource image;
  image.config = source.image->config;
  for (formats::SourceTensor tensor : source.tensors) {
    if (tensor.name.starts_with(formats::image_prefix)) {
      tensor.name.erase(0, formats::image_prefix.size());
      image.tensors.push_back(std::move(tensor));
    }
  }
  return image;
}

}  // namespace

std::vector<double> reference_logits(const ModelSource& source, std::span<const Token> tokens,
                                     const std::vector<DenseDelta>& deltas, const Extra& extra,
                                     const Stress& stress) {
  const ModelConfig& config = source.config;
  const NormLayer norm = read_norm(source, std::string(formats::output_norm));
  const Dense head =
      read(source, std::string(config.tied_head ? formats::token_embedding : formats::output_head));
  Vector logits;
  for (const Vector& row :
       stream(source, embedded(source, tokens), config.layers, deltas, extra, stress)) {
    for (const double logit : head.times(norm.of(row))) {
      logits.push_back(cap(logit, config.logit_softcap));
    }
  }
  return logits;
}

std::vector<double> reference_embedding(const ModelSource& source, std::span<const Token> tokens,
                                        formats::Embedding kind) {
  std::vector<Vector> rows;  // what is averaged
  if (kind.layer == 0) {
    const NormLayer norm = read_norm(source, formats::layer_tensor(0, "attention_norm"));
    const Dense q = read_projection(source, 0, Projection::q, {}, {});
    for (const Vector& row : embedded(source, tokens)) {
      rows.push_back(q.times(norm.of(row)));
    }
  } else {
    rows = stream(source, embedded(source, tokens), kind.layer, {}, {}, {});
  }
  Vector mean = rows.back();
  for (std::size_t t = 0; !kind.last && t + 1 < rows.size(); ++t) {
    add(mean, rows[t]);
  }
  double squares = 0;
  for (const double value : mean) {
    squares += value * value;
  }
  for (double& value : mean) {
    value /= std::sqrt(squares);
  }
  return mean;
}

std::vector<double> reference_text(const ModelSource& source, std::span<const Token> tokens,
                                   const Stress& stress) {
  const std::vector<Vector> x = embedded(source, tokens);
  return output(source, stream(source, x, source.config.layers, {}, {}, stress).back());
}

std::vector<double> reference_image(const ModelSource& source, std::span<const float> pixels) {
  const ModelSource image = image_side(source);
  const ModelConfig& config = image.config;
  const Dense patch_embedding = read(image, std::string(formats::patch_embedding));
  std::vector<Vector> x = {read(image, std::string(formats::class_embedding)).row(0)};
  for (std::size_t top = 0; top < config.image_size; top += config.patch_size) {
    for (std::size_t left = 0; left < config.image_size; left += config.patch_size) {
      Vector patch;
      for (std::size_t i = 0; i < config.patch_dim(); ++i) {  // [colour][row][column]
        const std::size_t column = i % config.patch_size;
        const std::size_t row = i / config.patch_size % config.patch_size;
        const std::size_t colour = i / config.patch_size / config.patch_size;
        patch.push_back(
            pixels[(colour * config.image_size + top + row) * config.image_size + left + column]);
      }
      x.push_back(patch_embedding.times(patch));
    }
  }
  return output(image, stream(image, x, config.layers, {}, {}, {}).front());
}

std::vector<double> dense_product(const formats::SourceLora& factor, double scale) {
  const std::size_t inputs = factor.a.size() / factor.rank;
  const std::size_t outputs = factor.b.size() / factor.rank;
  Vector product(outputs * inputs);
  for (std::size_t r = 0; r < outputs; ++r) {
    for (std::size_t j = 0; j < factor.rank; ++j) {
      const double b = scale * static_cast<double>(factor.b[r * factor.rank + j]);
      for (std::size_t c = 0; c < inputs; ++c) {
        product[r * inputs + c] += b * static_cast<double>(factor.a[j * inputs + c]);
      }
    }
  }
  return product;
}

std::vector<DenseDelta> merged(const formats::AdapterSource& adapter, double weight) {
  std::vector<DenseDelta> deltas;
  for (const formats::SourceLora& factor : adapter.factors) {
    deltas.push_back({factor.layer, factor.projection,
                      dense_product(factor, weight * static_cast<double>(adapter.scale))});
  }
  return deltas;
}

}  // namespace crayon::test
