#include <bit>
#include <cmath>
#include <filesystem>

#include "base/half.h"
#include "tests/formats/importers/model_writer.h"
#include "tests/formats/importers/safetensors_writer.h"
#include "tests/formats/importers/stored_tensors.h"

namespace crayon::test {
namespace {

using formats::ModelConfig;
using formats::RopeScaling;
using nlohmann::json;

const char* activation_name(const ModelConfig& config) {
  return config.activation == formats::Activation::silu ? "silu" : "gelu_pytorch_tanh";
}

json rope_scaling(const ModelConfig& config) {
  switch (config.rope_scaling) {
    case RopeScaling::none:
      return nullptr;
    case RopeScaling::linear:
      return {{"rope_type", "linear"}, {"factor", config.rope_factor}};
    case RopeScaling::llama3:
      return {{"rope_type", "llama3"},
              {"factor", config.rope_factor},
              {"low_freq_factor", config.rope_low_freq_factor},
              {"high_freq_factor", config.rope_high_freq_factor},
              {"original_max_position_embeddings", config.rope_original_context}};
    case RopeScaling::yarn:
      return {{"rope_type", "yarn"},
              {"factor", config.rope_factor},
              {"beta_fast", config.rope_beta_fast},
              {"beta_slow", config.rope_beta_slow},
              {"original_max_position_embeddings", config.rope_original_context}};
    case RopeScaling::longrope:
      return {{"type", "longrope"},
              {"short_factor", config.rope_short_factors},
              {"long_factor", config.rope_long_factors}};
  }
  return nullptr;
}

json layer_types(const ModelConfig& config) {
  json types = json::array();
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    types.push_back(config.is_windowed(layer) ? "sliding_attention" : "full_attention");
  }
  return types;
}

// Llama's fields, and those that its successors share.
json llama_json(const ModelConfig& config) {
  return {
      {"hidden_size", config.dim},
      {"num_hidden_layers", config.layers},
      {"num_attention_heads", config.heads},
      {"num_key_value_heads", config.kv_heads},
      {"head_dim", config.head_dim},
      {"intermediate_size", config.hidden_dim},
      {"max_position_embeddings", config.max_context},
      {"rms_norm_eps", config.norm_eps},
      {"hidden_act", activation_name(config)},
      {"attention_bias", config.architecture == "llama" && config.has_bias(formats::Projection::o)},
      {"mlp_bias", config.has_bias(formats::Projection::down)},
      {"rope_theta", config.rope_theta},
      {"rope_scaling", rope_scaling(config)}};
}

json gemma_json(const ModelConfig& config) {
  json out = llama_json(config);
  out["hidden_activation"] = activation_name(config);
  if (config.architecture != "gemma") {
    out["query_pre_attn_scalar"] = config.head_dim;
    out["sliding_window"] = config.window;
    out["layer_types"] = layer_types(config);
    const auto cap = [](float value) { return value == 0.0f ? json() : json(value); };
    out["attn_logit_softcapping"] = cap(config.attention_softcap);
    out["final_logit_softcapping"] = cap(config.logit_softcap);
  }
  if (config.architecture == "gemma3") {
    out["rope_local_base_freq"] = config.rope_window_theta;
  }
  return out;
}

json phi3_json(const ModelConfig& config) {
  json out = llama_json(config);
  out.erase("head_dim");
  if (config.rope_scaling == RopeScaling::longrope) {
    out["original_max_position_embeddings"] = config.rope_original_context;
  }
  out["partial_rotary_factor"] = static_cast<double>(config.rotated_dim()) / config.head_dim;
  out["sliding_window"] = config.windowed.empty() ? json() : json(config.window);
  return out;
}

json smollm3_json(const ModelConfig& config) {
  json out = llama_json(config);
  out.erase("head_dim");
  out["no_rope_layers"] = json::array();
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    out["no_rope_layers"].push_back(config.is_rotated(layer) ? 1 : 0);
  }
  return out;
}

json gpt2_json(const ModelConfig& config) {
  return {{"n_embd", config.dim},
          {"n_layer", config.layers},
          {"n_head", config.heads},
          {"n_inner", config.hidden_dim},
          {"n_positions", config.max_context},
          {"layer_norm_epsilon", config.norm_eps},
          {"activation_function", "gelu_new"}};
}

json gpt_neo_json(const ModelConfig& config) {
  json kinds = json::array();
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    kinds.push_back(config.is_windowed(layer) ? "local" : "global");
  }
  return {{"hidden_size", config.dim},
          {"num_layers", config.layers},
          {"num_heads", config.heads},
          {"intermediate_size", config.hidden_dim},
          {"max_position_embeddings", config.max_context},
          {"window_size", config.window},
          {"attention_types", {{kinds, 1}}},
          {"layer_norm_epsilon", config.norm_eps},
          {"activation_function", "gelu_new"}};
}

json family_json(const ModelConfig& config, const std::string& huggingface) {
  if (config.architecture.starts_with("gemma")) {
    return gemma_json(config);
  }
  if (config.architecture == "phi3") {
    return phi3_json(config);
  }
  if (config.architecture == "smollm3") {
    return smollm3_json(config);
  }
  if (config.architecture == "gpt2") {
    return gpt2_json(config);
  }
  if (config.architecture == "gpt_neo") {
    return gpt_neo_json(config);
  }
  json out = llama_json(config);
  if (huggingface == "MistralForCausalLM") {
    out["sliding_window"] = config.windowed.empty() ? json() : json(config.window);
  }
  return out;
}

const char* model_type(const ModelConfig& config, const std::string& huggingface) {
  return huggingface == "MistralForCausalLM" ? "mistral"
         : config.architecture == "gemma3"   ? "gemma3_text"
                                             : config.architecture.c_str();
}

std::vector<std::uint8_t> bytes_of(const std::vector<float>& values, const std::string& dtype) {
  ByteWriter out;
  for (const float value : values) {
    if (dtype == "F16") {
      out.put(f32_to_f16(value));
    } else if (dtype == "BF16") {
      out.put(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16));
    } else {
      out.put(value);
    }
  }
  return out.bytes();
}

}  // namespace

json model_config_json(const ModelConfig& config, const std::string& huggingface) {
  json out = family_json(config, huggingface);
  out["architectures"] = {huggingface};
  out["model_type"] = model_type(config, huggingface);
  out["vocab_size"] = config.vocab_size;
  out["tie_word_embeddings"] = config.tied_head;
  out["bos_token_id"] = 1;
  out["eos_token_id"] = 2;
  return out;
}

json model_tokenizer_json(const formats::TokenizerData& data) {
  json vocab = json::object();
  for (std::size_t i = 0; i < data.pieces.size(); ++i) {
    vocab[data.pieces[i]] = i;
  }
  return {{"added_tokens",
           {{{"id", 0}, {"content", "<unk>"}, {"special", true}},
            {{"id", 1}, {"content", "<s>"}, {"special", true}},
            {{"id", 2}, {"content", "</s>"}, {"special", true}}}},
          {"normalizer",
           {{"type", "Sequence"},
            {"normalizers",
             {{{"type", "Prepend"}, {"prepend", "\u2581"}},
              {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}}}}}},
          {"pre_tokenizer", nullptr},
          {"post_processor", nullptr},
          {"model",
           {{"type", "BPE"},
            {"byte_fallback", true},
            {"fuse_unk", true},
            {"unk_token", "<unk>"},
            {"vocab", vocab},
            {"merges", json::array()}}}};
}

void write_huggingface_folder(const formats::ModelSource& model, const std::string& huggingface,
                              const std::filesystem::path& folder, const std::string& dtype) {
  std::filesystem::create_directories(folder);
  SafetensorsWriter weights;
  for (const StoredTensor& tensor : stored_tensors(model, importers::Naming::huggingface)) {
    weights.add(tensor.name, dtype, tensor.sizes, bytes_of(tensor.values, dtype));
  }
  write_file(folder / "model.safetensors", weights.bytes());
  write_json(folder / "config.json", model_config_json(model.config, huggingface));
  write_json(folder / "tokenizer.json", model_tokenizer_json(model.tokenizer));
}

}  // namespace crayon::test
