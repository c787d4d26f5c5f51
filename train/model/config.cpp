#include "train/model/config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace crayon::train {
namespace {

using nlohmann::json;

constexpr std::uint64_t config_limit = std::uint64_t{1} << 20;  // bytes of a config.json

/// One file's object, with errors that name file and field.
class Fields {
 public:
  explicit Fields(std::filesystem::path path) : path_(std::move(path)) {
    object_ = json::parse(read_text(path_, config_limit), nullptr, false);
    if (!object_.is_object()) {
      throw Error(Code::malformed, path_.string() + " is not a JSON object");
    }
  }

  std::int64_t size(const char* name) const {
    const json* value = find(name);
    if (value == nullptr || !value->is_number_integer() || value->get<double>() < 1 ||
        value->get<double>() > 1e7) {
      fail(name, "is not a size");
    }
    return value->get<std::int64_t>();
  }
  std::int64_t size_or(const char* name, std::int64_t fallback) const {
    return find(name) == nullptr ? fallback : size(name);
  }
  double number_or(const char* name, double fallback) const {
    const json* value = find(name);
    if (value == nullptr) {
      return fallback;
    }
    if (!value->is_number()) {
      fail(name, "is not a number");
    }
    return value->get<double>();
  }
  bool flag_or(const char* name, bool fallback) const {
    const json* value = find(name);
    return value != nullptr && value->is_boolean() ? value->get<bool>() : fallback;
  }

  /// The value, or null when it is absent or null.
  const json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  [[noreturn]] void fail(const char* name, const char* what, Code code = Code::malformed) const {
    throw Error(code, fmt::format("{}: {} {}", path_.string(), name, what));
  }

 private:
  std::filesystem::path path_;
  json object_;
};

}  // namespace

void check(const Config& config) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) {
      throw Error(Code::bad_argument, fmt::format("the model's shape: {}", what));
    }
  };
  require(config.vocab > 0 && config.vocab <= 1'000'000, "vocabulary not in 1 to 1,000,000");
  require(config.dim > 0 && config.layers > 0 && config.hidden > 0, "a size is not positive");
  require(config.heads > 0 && config.kv_heads > 0 && config.heads % config.kv_heads == 0,
          "the kv heads do not divide the heads");
  require(config.head_dim > 0 && config.head_dim % 2 == 0, "the size of a head is not even");
  require(config.context > 0, "the context is not positive");
}

Config read_config(const std::filesystem::path& folder) {
  const Fields fields(folder / "config.json");
  const json* names = fields.find("architectures");
  if (names == nullptr || *names != json::array({"LlamaForCausalLM"})) {
    fields.fail("architectures", "does not name LlamaForCausalLM, which alone is trained here",
                Code::architecture);
  }
  for (const char* name : {"attention_bias", "mlp_bias"}) {
    if (fields.flag_or(name, false)) {
      fields.fail(name, "is set, which is not trained here", Code::unsupported);
    }
  }
  if (fields.find("rope_scaling") != nullptr) {
    fields.fail("rope_scaling", "is set, which is not trained here", Code::unsupported);
  }
  Config config;
  config.vocab = fields.size("vocab_size");
  config.dim = fields.size("hidden_size");
  config.layers = fields.size("num_hidden_layers");
  config.heads = fields.size("num_attention_heads");
  config.kv_heads = fields.size_or("num_key_value_heads", config.heads);
  config.head_dim = fields.size_or("head_dim", config.dim / config.heads);
  config.hidden = fields.size("intermediate_size");
  config.context = fields.size("max_position_embeddings");
  config.norm_eps = fields.number_or("rms_norm_eps", 1e-6);
  config.rope_theta = fields.number_or("rope_theta", 10000);
  config.tied_head = fields.flag_or("tie_word_embeddings", false);
  check(config);
  return config;
}

std::string config_json(const Config& config) {
  const json object = {{"architectures", json::array({"LlamaForCausalLM"})},
                       {"model_type", "llama"},
                       {"vocab_size", config.vocab},
                       {"hidden_size", config.dim},
                       {"intermediate_size", config.hidden},
                       {"num_hidden_layers", config.layers},
                       {"num_attention_heads", config.heads},
                       {"num_key_value_heads", config.kv_heads},
                       {"head_dim", config.head_dim},
                       {"max_position_embeddings", config.context},
                       {"rms_norm_eps", config.norm_eps},
                       {"rope_theta", config.rope_theta},
                       {"hidden_act", "silu"},
                       {"tie_word_embeddings", config.tied_head},
                       {"bos_token_id", 1},
                       {"eos_token_id", 2},
                       {"torch_dtype", "float32"}};
  return object.dump(2) + "\n";
}

std::int64_t parameters(const Config& config) {
  const std::int64_t attention = 2 * config.dim * (config.query_dim() + config.kv_dim());
  const std::int64_t layer = attention + 3 * config.dim * config.hidden + 2 * config.dim;
  const std::int64_t tables = (config.tied_head ? 1 : 2) * config.vocab * config.dim;
  return tables + config.layers * layer + config.dim;
}

}  // namespace crayon::train
