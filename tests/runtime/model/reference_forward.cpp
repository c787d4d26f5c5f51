#include "tests/runtime/model/reference_forward.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace crayon::test {
namespace {

using formats::ModelConfig;
using formats::ModelSource;
using formats::Projection;
using formats::Token;
using Vector = std::vector<double>;

struct Dense {
  std::size_t rows = 0, cols = 0;
  Vector values;                               // [rows][cols]
  std::function<Vector(const Vector&)> extra;  // added to the product, when there is one

  Vector times(const Vector& x) const {
    Vector y(rows);
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
      return {tensor.shape.rows, tensor.shape.cols, Vector(floats.begin(), floats.end()), {}};
    }
  }
  throw std::runtime_error("the source has no " + name);
}

Vector rms_norm(const Vector& x, const Dense& weight, double eps) {
  double squares = 0;
  for (const double value : x) {
    squares += value * value;
  }
  const double scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + eps);
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = x[i] * scale * weight.values[i];
  }
  return y;
}

double frequency(const ModelConfig& config, std::uint32_t pair) {
  const double plain =
      1 / std::pow(static_cast<double>(config.rope_theta), 2.0 * pair / config.head_dim);
  const double factor = config.rope_factor;
  if (config.rope_scaling == formats::RopeScaling::linear) {
    return plain / factor;
  }
  if (config.rope_scaling == formats::RopeScaling::llama3) {
    const double turns = config.rope_original_context * plain / (2 * std::numbers::pi);
    const double low = config.rope_low_freq_factor;
    const double high = config.rope_high_freq_factor;
    const double smooth = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    return plain * (smooth + (1 - smooth) / factor);
  }
  return plain;
}

/// Rotates every head of x, the pairs half a head apart.
void rotate(Vector& x, std::size_t position, const ModelConfig& config) {
  const std::uint32_t half = config.head_dim / 2;
  for (std::size_t head = 0; head < x.size(); head += config.head_dim) {
    for (std::uint32_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(position) * frequency(config, i);
      const double a = x[head + i];
      const double b = x[head + half + i];
      x[head + i] = a * std::cos(angle) - b * std::sin(angle);
      x[head + half + i] = a * std::sin(angle) + b * std::cos(angle);
    }
  }
}

/// All heads of the query at the last of the given positions.
Vector attention(const Vector& query, const std::vector<Vector>& keys,
                 const std::vector<Vector>& values, const ModelConfig& config) {
  Vector out(query.size());
  for (std::uint32_t head = 0; head < config.heads; ++head) {
    const std::size_t q = head * config.head_dim;
    const std::size_t kv = head * config.kv_heads / config.heads * config.head_dim;
    Vector weights;
    double sum = 0;
    for (const Vector& key : keys) {
      double product = 0;
      for (std::uint32_t d = 0; d < config.head_dim; ++d) {
        product += query[q + d] * key[kv + d];
      }
      weights.push_back(std::exp(product / std::sqrt(static_cast<double>(config.head_dim))));
      sum += weights.back();
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
  Dense attention_norm, mlp_norm, q, k, v, o, gate, up, down;
};

Layer read_layer(const ModelSource& source, std::uint32_t index,
                 const std::vector<DenseDelta>& deltas, const Extra& extra) {
  const auto projection = [&](Projection which) {
    Dense dense = read(source, formats::projection(index, which));
    for (const DenseDelta& delta : deltas) {
      if (delta.layer == index && delta.projection == which) {
        add(dense.values, delta.values);
      }
    }
    if (extra) {
      dense.extra = [&extra, index, which](const Vector& x) { return extra(index, which, x); };
    }
    return dense;
  };
  return {read(source, formats::layer_tensor(index, "attention_norm")),
          read(source, formats::layer_tensor(index, "mlp_norm")),
          projection(Projection::q),
          projection(Projection::k),
          projection(Projection::v),
          projection(Projection::o),
          projection(Projection::gate),
          projection(Projection::up),
          projection(Projection::down)};
}

/// One layer over the residual stream x [tokens][dim].
void run_layer(const Layer& layer, const ModelConfig& config, std::vector<Vector>& x) {
  const double eps = config.norm_eps;
  std::vector<Vector> keys, values;
  for (std::size_t t = 0; t < x.size(); ++t) {
    const Vector normed = rms_norm(x[t], layer.attention_norm, eps);
    Vector query = layer.q.times(normed);
    Vector key = layer.k.times(normed);
    rotate(query, t, config);
    rotate(key, t, config);
    keys.push_back(std::move(key));
    values.push_back(layer.v.times(normed));
    add(x[t], layer.o.times(attention(query, keys, values, config)));

    const Vector mlp_input = rms_norm(x[t], layer.mlp_norm, eps);
    Vector hidden = layer.gate.times(mlp_input);
    const Vector up = layer.up.times(mlp_input);
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      hidden[i] = hidden[i] / (1 + std::exp(-hidden[i])) * up[i];
    }
    add(x[t], layer.down.times(hidden));
  }
}

/// The embeddings of tokens: [tokens][dim].
std::vector<Vector> embedded(const ModelSource& source, std::span<const Token> tokens) {
  const Dense embedding = read(source, std::string(formats::token_embedding));
  std::vector<Vector> x;
  for (const Token token : tokens) {
    x.push_back(embedding.row(static_cast<std::size_t>(token)));
  }
  return x;
}

}  // namespace

std::vector<double> reference_logits(const ModelSource& source, std::span<const Token> tokens,
                                     const std::vector<DenseDelta>& deltas, const Extra& extra) {
  const ModelConfig& config = source.config;
  std::vector<Vector> x = embedded(source, tokens);
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    run_layer(read_layer(source, layer, deltas, extra), config, x);
  }
  const Dense norm = read(source, std::string(formats::output_norm));
  const Dense head =
      read(source, std::string(config.tied_head ? formats::token_embedding : formats::output_head));
  Vector logits;
  for (const Vector& row : x) {
    const Vector here = head.times(rms_norm(row, norm, config.norm_eps));
    logits.insert(logits.end(), here.begin(), here.end());
  }
  return logits;
}

std::vector<double> reference_embedding(const ModelSource& source, std::span<const Token> tokens,
                                        formats::Embedding kind) {
  std::vector<Vector> rows = embedded(source, tokens);  // what is averaged
  for (std::uint32_t layer = 0; layer < kind.layer; ++layer) {
    run_layer(read_layer(source, layer, {}, {}), source.config, rows);
  }
  if (kind.layer == 0) {
    const Dense norm = read(source, formats::layer_tensor(0, "attention_norm"));
    const Dense q = read(source, formats::projection(0, Projection::q));
    for (Vector& row : rows) {
      row = q.times(rms_norm(row, norm, source.config.norm_eps));
    }
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
