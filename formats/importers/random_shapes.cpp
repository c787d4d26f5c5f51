#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "formats/importers/clip.h"
#include "formats/importers/huggingface.h"
#include "formats/importers/random_parts.h"

namespace crayon::importers {
namespace {

constexpr std::uint64_t largest_config = 16 << 20;

struct Shape {
  std::string_view name;
  std::string_view config;  ///< what its config.json says, without what is default
};

// Models that boards run, in the sizes that were published.
constexpr std::array shapes = {
    Shape{"tiny", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 64,
        "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4,
        "intermediate_size": 192, "max_position_embeddings": 256, "rms_norm_eps": 1e-5,
        "vocab_size": 384})"},
    Shape{"smollm2-135m", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 576,
        "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
        "intermediate_size": 1536, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
        "rope_theta": 100000, "tie_word_embeddings": true, "vocab_size": 49152})"},
    Shape{"smollm2-360m", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 960,
        "num_hidden_layers": 32, "num_attention_heads": 15, "num_key_value_heads": 5,
        "intermediate_size": 2560, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
        "rope_theta": 100000, "tie_word_embeddings": true, "vocab_size": 49152})"},
    Shape{"qwen2.5-0.5b", R"({"architectures": ["Qwen2ForCausalLM"], "hidden_size": 896,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
        "intermediate_size": 4864, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6,
        "rope_theta": 1000000, "tie_word_embeddings": true, "vocab_size": 151936})"},
    Shape{"qwen3-0.6b", R"({"architectures": ["Qwen3ForCausalLM"], "hidden_size": 1024,
        "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8,
        "head_dim": 128, "intermediate_size": 3072, "max_position_embeddings": 40960,
        "rms_norm_eps": 1e-6, "rope_theta": 1000000, "tie_word_embeddings": true,
        "vocab_size": 151936})"},
    Shape{"llama-3.2-1b", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 2048,
        "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8,
        "head_dim": 64, "intermediate_size": 8192, "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-5, "rope_theta": 500000, "rope_scaling": {"rope_type": "llama3",
        "factor": 32, "low_freq_factor": 1, "high_freq_factor": 4,
        "original_max_position_embeddings": 8192}, "tie_word_embeddings": true,
        "vocab_size": 128256})"},
    Shape{"gemma-3-270m", R"({"architectures": ["Gemma3ForCausalLM"], "hidden_size": 640,
        "num_hidden_layers": 18, "num_attention_heads": 4, "num_key_value_heads": 1,
        "head_dim": 256, "intermediate_size": 2048, "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6, "rope_theta": 1000000, "rope_local_base_freq": 10000,
        "query_pre_attn_scalar": 256, "sliding_window": 512, "sliding_window_pattern": 6,
        "hidden_activation": "gelu_pytorch_tanh", "vocab_size": 262144})"},
    Shape{"gpt2", R"({"architectures": ["GPT2LMHeadModel"], "n_embd": 768, "n_layer": 12,
        "n_head": 12, "n_positions": 1024, "layer_norm_epsilon": 1e-5,
        "activation_function": "gelu_new", "vocab_size": 50257})"},
    Shape{"tiny-clip", R"({"architectures": ["CLIPModel"], "projection_dim": 32,
        "text_config": {"vocab_size": 384, "hidden_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "intermediate_size": 96, "max_position_embeddings": 77},
        "vision_config": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 128, "image_size": 32, "patch_size": 8}})"},
    // The sizes of ViT-B/32 are what its config.json leaves out.
    Shape{"clip-vit-b32", R"({"architectures": ["CLIPModel"]})"},
    Shape{"clip-vit-b16", R"({"architectures": ["CLIPModel"], "vision_config":
        {"patch_size": 16}})"},
};

std::string known_shapes() {
  std::string names;
  for (const Shape& shape : shapes) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", shape.name);
  }
  return names;
}

RandomShape shape_of(const Json& json, const std::string& name) {
  const JsonObject object(json, name);
  if (is_clip_config(json)) {
    ClipConfig clip = read_clip_config(object);
    return {std::move(clip.text), std::move(clip.image)};
  }
  return {read_huggingface_config(object)};
}

}  // namespace

RandomShape random_model_shape(const std::string& shape) {
  for (const Shape& known : shapes) {
    if (known.name == shape) {
      return shape_of(parse_json(known.config, shape), shape);
    }
  }
  if (!std::filesystem::is_regular_file(shape)) {
    throw Error(Code::bad_argument, fmt::format("the random model {} is not known", shape),
                fmt::format("use a config.json, or one of these: {}", known_shapes()));
  }
  return shape_of(read_json(shape, largest_config), shape);
}

}  // namespace crayon::importers
