#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/formats/importers/byte_writer.h"
#include "tests/formats/importers/tiny_llama.h"

namespace crayon::test {

/// Puts a safetensors file together.
class SafetensorsWriter {
 public:
  void add(const std::string& name, const std::string& dtype,
           const std::vector<std::uint64_t>& shape, ByteSpan bytes) {
    const std::size_t begin = data_.bytes().size();
    data_.put_bytes(bytes);
    header[name] = {
        {"dtype", dtype}, {"shape", shape}, {"data_offsets", {begin, data_.bytes().size()}}};
  }
  void add_f32(const std::string& name, const std::vector<std::uint64_t>& shape,
               std::span<const float> values) {
    add(name, "F32", shape, as_bytes(values));
  }

  std::vector<std::uint8_t> bytes() const { return with_header(header.dump()); }
  /// With any text for the header.
  std::vector<std::uint8_t> with_header(const std::string& text) const {
    ByteWriter out;
    out.put(static_cast<std::uint64_t>(text.size()));
    out.put_text(text);
    out.put_bytes(data_.bytes());
    return out.bytes();
  }

  nlohmann::json header = nlohmann::json::object();

 private:
  ByteWriter data_;
};

inline void write_json(const std::filesystem::path& path, const nlohmann::json& json) {
  write_file(path, as_bytes(std::string_view(json.dump())));
}

/// The tiny model's config.json.
inline nlohmann::json tiny_config_json() {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"hidden_size", 8},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 2},
          {"num_key_value_heads", 1},
          {"intermediate_size", 12},
          {"max_position_embeddings", 32},
          {"vocab_size", 10},
          {"rms_norm_eps", 1e-6},
          {"rope_theta", 5000.0},
          {"rope_scaling", nullptr},
          {"hidden_act", "silu"}};
}

/// The shape as a file has it: a norm is a vector.
inline std::vector<std::uint64_t> file_shape(const TinyTensor& tensor) {
  return tensor.shape.rows == 1 ? std::vector{tensor.shape.cols}
                                : std::vector{tensor.shape.rows, tensor.shape.cols};
}

}  // namespace crayon::test
