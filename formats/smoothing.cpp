#include "formats/smoothing.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

// Beyond what anybody chooses; weights stay far from the ends of f32.
constexpr float largest_scale = 1 << 20;

/// What one tensor is multiplied with; empty: nothing.
struct Factors {
  std::vector<float> rows;  // [rows]
  std::vector<float> cols;  // [cols]
};

std::vector<float> inverse(std::span<const float> scales) {
  std::vector<float> result(scales.begin(), scales.end());
  std::ranges::transform(result, result.begin(), [](float scale) { return 1.0f / scale; });
  return result;
}

/// Those of the KV heads' channels [kv_dim] for o's inputs [query_dim].
std::vector<float> shared_by_query_heads(std::span<const float> values, const ModelConfig& config) {
  std::vector<float> result;
  const std::uint32_t group = config.heads / config.kv_heads;
  for (std::uint32_t head = 0; head < config.heads; ++head) {
    const auto of_head =
        values.subspan(std::size_t{head / group} * config.head_dim, config.head_dim);
    result.insert(result.end(), of_head.begin(), of_head.end());
  }
  return result;
}

/// Of what a projection reads, [inputs]; empty: none.
std::vector<float> input_scales(const LayerScales& scales, Projection which,
                                const ModelConfig& config) {
  switch (which) {
    case Projection::q:
    case Projection::k:
    case Projection::v:
      return scales.qkv;
    case Projection::o:
      return shared_by_query_heads(scales.o, config);
    case Projection::gate:
    case Projection::up:
      return scales.gate_up;
    case Projection::down:
      return scales.down;
  }
  return {};
}

/// Of what a projection writes, [outputs]; empty: none.
std::span<const float> output_scales(const LayerScales& scales, Projection which) {
  switch (which) {
    case Projection::v:
      return scales.o;
    case Projection::up:
      return scales.down;
    default:
      return {};
  }
}

/// The tensors of one layer that the scales change, by name.
void add_factors(const LayerScales& scales, std::uint32_t layer, const ModelConfig& config,
                 std::unordered_map<std::string, Factors>& factors) {
  const auto norm = [&](std::string_view name, const std::vector<float>& into) {
    factors[layer_tensor(layer, name)].cols = into;
    factors[layer_tensor(layer, name) + "_bias"].cols = into;
  };
  norm("attention_norm", scales.qkv);
  norm("mlp_norm", scales.gate_up);
  for (const Projection which : all_projections) {
    Factors& of = factors[projection(layer, which)];
    of.cols = inverse(input_scales(scales, which, config));
    const std::span<const float> written = output_scales(scales, which);
    of.rows.assign(written.begin(), written.end());
    factors[projection_bias(layer, which)].cols = of.rows;
  }
}

void apply(const Factors& factors, std::uint64_t begin, std::uint64_t cols, std::span<float> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!factors.cols.empty()) {
      rows[i] *= factors.cols[i % cols];
    }
    if (!factors.rows.empty()) {
      rows[i] *= factors.rows[begin + i / cols];
    }
  }
}

/// visit(name, scales, size that they must have) for those of a layer.
template <typename Layer, typename Visit>
void each_place(Layer& layer, const ModelConfig& config, Visit visit) {
  visit(qkv_scales, layer.qkv, config.dim);
  visit(o_scales, layer.o, config.kv_dim());
  visit(gate_up_scales, layer.gate_up, config.dim);
  if (config.gated) {
    visit(down_scales, layer.down, config.hidden_dim);
  }
}

void check(const ChannelScales& scales, const ModelConfig& config, Code code) {
  if (scales.layers.size() != config.layers) {
    throw Error(
        code,
        fmt::format("scales of {} layers for a model of {}", scales.layers.size(), config.layers),
        "use the scales of this model");
  }
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    each_place(scales.layers[layer], config,
               [&](std::string_view name, const std::vector<float>& values, std::uint32_t size) {
                 const bool fit =
                     values.size() == size && std::ranges::all_of(values, [](float value) {
                       return value >= 1 / largest_scale && value <= largest_scale;
                     });
                 if (!fit) {
                   throw Error(code,
                               fmt::format("{} are not {} numbers between 2^-20 and 2^20",
                                           layer_tensor(layer, name), size),
                               "use the scales of this model");
                 }
               });
  }
}

}  // namespace

ChannelScales unit_scales(const ModelConfig& config) {
  ChannelScales scales;
  scales.layers.resize(config.layers);
  for (LayerScales& layer : scales.layers) {
    each_place(layer, config, [](std::string_view, std::vector<float>& values, std::uint32_t size) {
      values.assign(size, 1.0f);
    });
  }
  return scales;
}

ModelSource smooth(ModelSource source, const ChannelScales& scales) {
  if (source.config.smoothed) {
    throw Error(Code::bad_argument, "the model was smoothed before",
                "start from the model as it was published");
  }
  check(scales, source.config, Code::bad_argument);
  std::unordered_map<std::string, Factors> factors;
  for (std::uint32_t layer = 0; layer < source.config.layers; ++layer) {
    add_factors(scales.layers[layer], layer, source.config, factors);
  }
  for (SourceTensor& tensor : source.tensors) {
    const auto found = factors.find(tensor.name);
    if (found == factors.end()) {
      continue;
    }
    tensor.read_rows = [read = std::move(tensor.read_rows), by = std::move(found->second),
                        cols = tensor.shape.cols](std::uint64_t begin, std::uint64_t count,
                                                  std::span<float> out) {
      read(begin, count, out);
      apply(by, begin, cols, out);
    };
  }
  for (std::uint32_t layer = 0; layer < source.config.layers; ++layer) {
    each_place(scales.layers[layer], source.config,
               [&](std::string_view name, const std::vector<float>& values, std::uint32_t) {
                 source.tensors.push_back(vector_tensor(layer_tensor(layer, name), values));
               });
  }
  source.config.smoothed = true;
  return source;
}

ChannelScales scales_of(const ModelConfig& config, const std::filesystem::path& file,
                        const std::function<std::vector<float>(const std::string& name)>& read) {
  ChannelScales scales;
  scales.layers.resize(config.layers);
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    each_place(scales.layers[layer], config,
               [&](std::string_view name, std::vector<float>& values, std::uint32_t) {
                 values = read(layer_tensor(layer, name));
               });
  }
  in_file(file, [&] { check(scales, config, Code::corrupt); });
  return scales;
}

std::optional<ChannelScales> read_scales(const Bundle& bundle) {
  if (!bundle.info().config || !bundle.info().config->smoothed) {
    return std::nullopt;
  }
  return scales_of(*bundle.info().config, bundle.path(),
                   [&](const std::string& name) { return bundle.read_f32(bundle.at(name)); });
}

void fold_inputs(const ChannelScales& scales, const ModelConfig& config, std::uint32_t layer,
                 Projection which, std::span<float> rows) {
  const std::vector<float> read = inverse(input_scales(scales.layers[layer], which, config));
  if (!read.empty()) {
    apply({{}, read}, 0, read.size(), rows);
  }
}

void fold_outputs(const ChannelScales& scales, std::uint32_t layer, Projection which,
                  std::uint32_t rank, std::span<float> b) {
  const std::span<const float> written = output_scales(scales.layers[layer], which);
  if (!written.empty()) {
    apply({{written.begin(), written.end()}, {}}, 0, rank, b);
  }
}

}  // namespace crayon::formats
