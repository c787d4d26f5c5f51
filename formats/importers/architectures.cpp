#include "formats/importers/architectures.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "base/error.h"
#include "formats/architecture.h"
#include "formats/importers/families/families.h"
#include "formats/packer.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using formats::Projection;

constexpr std::string_view bundle_bias = "_bias";

std::vector<const Architecture*> all_architectures() {
  std::vector<const Architecture*> all;
  for (const auto family : {llama_family(), qwen_family(), gemma_family(), phi3_family(),
                            gpt2_family(), gpt_neo_family()}) {
    for (const Architecture& architecture : family) {
      all.push_back(&architecture);
    }
  }
  return all;
}

// Empty when sources of this kind have no such architecture.
std::string_view source_name(const Architecture& architecture, Naming naming) {
  if (naming == Naming::huggingface) {
    return architecture.huggingface;
  }
  return architecture.read_gguf != nullptr ? architecture.name : std::string_view();
}

std::string known_names(Naming naming) {
  std::string known;
  for (const Architecture* architecture : all_architectures()) {
    if (const std::string_view name = source_name(*architecture, naming); !name.empty()) {
      known += known.empty() ? "" : ", ";
      known += name;
    }
  }
  return known;
}

std::string_view source_pattern(const TensorRule& rule, Naming naming) {
  return naming == Naming::gguf ? rule.gguf : rule.huggingface;
}

std::string fill_in(std::string_view pattern, std::uint32_t layer) {
  const std::size_t place = pattern.find('N');
  return place == std::string_view::npos
             ? std::string(pattern)
             : fmt::format("{}{}{}", pattern.substr(0, place), layer, pattern.substr(place + 1));
}

// The N for which `name` is the filled-in pattern.
std::optional<std::uint32_t> layer_of(std::string_view pattern, std::string_view name) {
  const std::string_view before = pattern.substr(0, pattern.find('N'));
  const std::string_view after = pattern.substr(pattern.find('N') + 1);
  if (!name.starts_with(before) || !name.ends_with(after) ||
      name.size() <= before.size() + after.size()) {
    return std::nullopt;
  }
  const std::string_view digits =
      name.substr(before.size(), name.size() - before.size() - after.size());
  std::uint32_t layer = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), layer);
  const bool canonical = digits.size() == 1 || digits.front() != '0';
  if (error != std::errc() || end != digits.data() + digits.size() || !canonical) {
    return std::nullopt;
  }
  return layer;
}

// The layer that a bundle name belongs to, and the name with "N" in its place.
struct Pattern {
  std::string name;
  std::uint32_t layer = 0;
};

Pattern pattern_of(std::string_view bundle_name) {
  constexpr std::string_view prefix = "layers.";
  if (!bundle_name.starts_with(prefix)) {
    return {std::string(bundle_name), 0};
  }
  const std::size_t rest = bundle_name.find('.', prefix.size());
  Pattern pattern{fmt::format("{}N{}", prefix, bundle_name.substr(rest)), 0};
  std::from_chars(bundle_name.data() + prefix.size(), bundle_name.data() + rest, pattern.layer);
  return pattern;
}

const TensorRule& rule_of(const Architecture& architecture, std::string_view pattern) {
  for (const TensorRule& rule : architecture.tensors) {
    if (rule.bundle == pattern) {
      return rule;
    }
  }
  throw Error(Code::architecture,
              fmt::format("the architecture {} has no rule for {}", architecture.name, pattern));
}

std::string bias_of(const std::string& weight) {
  constexpr std::string_view end = "weight";
  return weight.substr(0, weight.size() - end.size()) + "bias";
}

// Empty for norms and embeddings.
std::optional<Projection> projection_of(std::string_view pattern) {
  return pattern.starts_with("layers.N.")
             ? formats::projection_from_name(pattern.substr(pattern.rfind('.') + 1))
             : std::nullopt;
}

// Where the outputs of a projection lie among those of its source tensor.
struct Place {
  std::uint64_t first_row = 0;
  std::uint64_t total_rows = 0;
};

Place place_of(const Architecture& architecture, const ModelConfig& config, const TensorRule& rule,
               Naming naming) {
  Place place;
  bool before = true;
  for (const TensorRule& other : architecture.tensors) {
    before = before && &other != &rule;
    const auto projection = projection_of(other.bundle);
    if (source_pattern(other, naming) != source_pattern(rule, naming) || !projection ||
        !config.has(*projection)) {
      continue;
    }
    const std::uint64_t rows = formats::projection_shape(config, *projection).rows;
    place.first_row += before ? rows : 0;
    place.total_rows += rows;
  }
  return place;
}

ExpectedTensor expected_tensor(const Architecture& architecture, const ModelConfig& config,
                               Naming naming, formats::ExpectedTensor tensor) {
  Pattern pattern = pattern_of(tensor.name);
  const bool bias = pattern.name.ends_with(bundle_bias);
  if (bias) {
    pattern.name.resize(pattern.name.size() - bundle_bias.size());
  }
  const TensorRule& rule = rule_of(architecture, pattern.name);
  std::string source = fill_in(source_pattern(rule, naming), pattern.layer);
  ExpectedTensor expected;
  expected.bundle = std::move(tensor.name);
  expected.source = bias ? bias_of(source) : std::move(source);
  expected.shape = tensor.shape;
  expected.source_shape = tensor.shape;
  expected.vector = tensor.role == formats::TensorRole::vector;
  expected.transposed = naming == Naming::huggingface && rule.transposed && !bias;
  expected.plus_one = naming == Naming::huggingface && rule.plus_one && !bias;
  if (const auto projection = projection_of(pattern.name)) {
    const Place place = place_of(architecture, config, rule, naming);
    expected.first_row = place.first_row;
    (bias ? expected.source_shape.cols : expected.source_shape.rows) = place.total_rows;
    expected.interleaved_head = interleaved_head(architecture, config, *projection, naming);
  }
  if (expected.transposed) {
    std::swap(expected.source_shape.rows, expected.source_shape.cols);
  }
  return expected;
}

}  // namespace

const Architecture& find_architecture(std::string_view name, Naming naming,
                                      std::string_view where) {
  for (const Architecture* architecture : all_architectures()) {
    if (!name.empty() && source_name(*architecture, naming) == name) {
      return *architecture;
    }
  }
  throw Error(Code::architecture,
              fmt::format("{} has the architecture {}, which is not known", where, name),
              fmt::format("use a model of one of these: {} in a GGUF file; {} in a Hugging Face "
                          "folder",
                          known_names(Naming::gguf), known_names(Naming::huggingface)));
}

const Architecture& architecture_of(const ModelConfig& config) {
  for (const Architecture* architecture : all_architectures()) {
    if (architecture->name == config.architecture) {
      return *architecture;
    }
  }
  throw Error(
      Code::architecture,
      fmt::format("the model has the architecture {}, which is not known", config.architecture),
      "use a model that this version imported");
}

std::uint32_t interleaved_head(const Architecture& architecture, const ModelConfig& config,
                               Projection projection, Naming naming) {
  const bool rotates = projection == Projection::q || projection == Projection::k;
  return rotates && naming == Naming::gguf && architecture.gguf_interleaves_rope ? config.head_dim
                                                                                 : 0;
}

std::string bias_name(const Architecture& architecture, Projection projection, std::uint32_t layer,
                      Naming naming) {
  const TensorRule& rule =
      rule_of(architecture, fmt::format("layers.N.{}", formats::projection_name(projection)));
  return bias_of(fill_in(source_pattern(rule, naming), layer));
}

std::vector<ExpectedTensor> expected_tensors(const Architecture& architecture,
                                             const ModelConfig& config, Naming naming) {
  std::vector<ExpectedTensor> expected;
  for (formats::ExpectedTensor& tensor : formats::expected_tensors(config)) {
    expected.push_back(expected_tensor(architecture, config, naming, std::move(tensor)));
  }
  return expected;
}

std::vector<ProjectionPart> find_projections(const Architecture& architecture,
                                             const ModelConfig& config,
                                             std::string_view source_name, Naming naming) {
  std::vector<ProjectionPart> parts;
  for (const TensorRule& rule : architecture.tensors) {
    const auto projection = projection_of(rule.bundle);
    if (!projection || !config.has(*projection)) {
      continue;
    }
    const auto layer = layer_of(source_pattern(rule, naming), source_name);
    if (layer && *layer < config.layers) {
      parts.push_back({*layer, *projection, place_of(architecture, config, rule, naming).first_row,
                       formats::projection_shape(config, *projection).rows});
    }
  }
  return parts;
}

}  // namespace crayon::importers
