#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/model_source.h"
#include "tests/formats/importers/gguf_writer.h"

namespace crayon::test {

/// Two layers of width 8 with 2 heads of 4, 1 KV head, an MLP of 12, 10 tokens; untied.
formats::ModelConfig tiny_llama_config();

/// A number that tells tensor, row and column apart: exact in f32, f16 and bf16.
float tiny_weight(std::size_t tensor, std::uint64_t row, std::uint64_t col);

/// One tensor of the tiny model under its source name.
struct TinyTensor {
  std::string bundle;
  std::string source;
  formats::Shape shape;
  std::vector<float> values;  ///< [rows][cols], in the bundle's order of rows
};
/// `huggingface` or else GGUF names.
std::vector<TinyTensor> tiny_llama_tensors(bool huggingface);

/// Rows of q or k from the half-split order into the interleaved one, for heads of `head` rows.
std::vector<float> interleave(const std::vector<float>& values, std::uint64_t cols,
                              std::uint64_t head);

/// The keys of the tiny model, tokenizer included, with no tensors yet.
GgufWriter tiny_gguf_keys();
/// The whole model in F32.
GgufWriter tiny_gguf();

/// All rows of a tensor of a model; fails the test when there is none of this name.
std::vector<float> read_all(const formats::ModelSource& model, const std::string& name);

}  // namespace crayon::test
