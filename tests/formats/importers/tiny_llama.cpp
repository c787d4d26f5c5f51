#include "tests/formats/importers/tiny_llama.h"

#include <gtest/gtest.h>

#include "formats/importers/architectures.h"

namespace crayon::test {

formats::ModelConfig tiny_llama_config() {
  formats::ModelConfig config;
  config.architecture = "llama";
  config.vocab_size = 10;
  config.dim = 8;
  config.layers = 2;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dim = 4;
  config.hidden_dim = 12;
  config.max_context = 32;
  config.norm_eps = 1e-6f;
  config.rope_theta = 5000.0f;
  return config;
}

float tiny_weight(std::size_t tensor, std::uint64_t row, std::uint64_t col) {
  // Eight significant bits.
  return static_cast<float>((tensor * 31 + row * 8 + col) % 256) / 128.0f - 1.0f;
}

std::vector<TinyTensor> tiny_llama_tensors(bool huggingface) {
  using namespace importers;
  const Naming naming = huggingface ? Naming::huggingface : Naming::gguf;
  const std::string_view name = huggingface ? "LlamaForCausalLM" : "llama";
  std::vector<TinyTensor> tensors;
  for (const ExpectedTensor& expected :
       expected_tensors(find_architecture(name, naming, "here"), tiny_llama_config(), naming)) {
    TinyTensor tensor{expected.bundle, expected.source, expected.shape, {}};
    for (std::uint64_t row = 0; row < tensor.shape.rows; ++row) {
      for (std::uint64_t col = 0; col < tensor.shape.cols; ++col) {
        tensor.values.push_back(tiny_weight(tensors.size(), row, col));
      }
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::vector<float> interleave(const std::vector<float>& values, std::uint64_t cols,
                              std::uint64_t head) {
  std::vector<float> result(values.size());
  const std::uint64_t half = head / 2;
  for (std::uint64_t start = 0; start < values.size() / cols; start += head) {
    for (std::uint64_t i = 0; i < half; ++i) {
      for (std::uint64_t j = 0; j < 2; ++j) {
        for (std::uint64_t col = 0; col < cols; ++col) {
          result[(start + 2 * i + j) * cols + col] = values[(start + j * half + i) * cols + col];
        }
      }
    }
  }
  return result;
}

GgufWriter tiny_gguf_keys() {
  GgufWriter writer;
  writer.add_text("general.architecture", "llama");
  writer.add_text("general.license", "mit");
  writer.add_u32("llama.context_length", 32);
  writer.add_u32("llama.embedding_length", 8);
  writer.add_u32("llama.block_count", 2);
  writer.add_u32("llama.feed_forward_length", 12);
  writer.add_u32("llama.attention.head_count", 2);
  writer.add_u32("llama.attention.head_count_kv", 1);
  writer.add_f32("llama.attention.layer_norm_rms_epsilon", 1e-6f);
  writer.add_f32("llama.rope.freq_base", 5000.0f);
  writer.add_text("tokenizer.ggml.model", "llama");
  writer.add_texts("tokenizer.ggml.tokens",
                   {"<unk>", "<s>", "</s>", "<0x41>", "\u2581", "a", "b", "ab", "<|im_end|>", "?"});
  writer.add_floats("tokenizer.ggml.scores", {0, 0, 0, 0, -1, -2, -3, -0.5f, 0, 0});
  writer.add_ints("tokenizer.ggml.token_type", {2, 3, 3, 6, 1, 1, 1, 1, 3, 5});
  writer.add_u32("tokenizer.ggml.bos_token_id", 1);
  writer.add_u32("tokenizer.ggml.eos_token_id", 2);
  writer.add_u32("tokenizer.ggml.unknown_token_id", 0xffffffffu);
  return writer;
}

GgufWriter tiny_gguf() {
  GgufWriter writer = tiny_gguf_keys();
  for (const TinyTensor& tensor : tiny_llama_tensors(false)) {
    const bool rotates = tensor.bundle.ends_with(".q") || tensor.bundle.ends_with(".k");
    const auto& shape = tensor.shape;
    writer.add_f32_tensor(tensor.source,
                          shape.rows == 1 ? std::vector<std::uint64_t>{shape.cols}
                                          : std::vector<std::uint64_t>{shape.cols, shape.rows},
                          rotates ? interleave(tensor.values, shape.cols, 4) : tensor.values);
  }
  return writer;
}

std::vector<float> read_all(const formats::ModelSource& model, const std::string& name) {
  for (const formats::SourceTensor& tensor : model.tensors) {
    if (tensor.name == name) {
      std::vector<float> values(tensor.shape.rows * tensor.shape.cols);
      tensor.read_rows(0, tensor.shape.rows, values);
      return values;
    }
  }
  ADD_FAILURE() << "no tensor " << name;
  return {};
}

}  // namespace crayon::test
