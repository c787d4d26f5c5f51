#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "formats/bundle.h"
#include "formats/model_source.h"

namespace crayon::test {

/// The smallest decoder with every kind of tensor: 2 layers, dim 8, 4 heads of 2 on 2 KV heads,
/// MLP of 12, 6 tokens.
formats::ModelConfig sample_config();
/// The text side of a small dual encoder, of the sizes of sample_config(), and its image side: 3 x
/// 3 patches of 2 x 2 pixels.
formats::ModelConfig sample_text_tower();
formats::ImageTower sample_image_tower();
/// A charsmap without rules.
std::string sample_charsmap();

/// One merge, or scores and a charsmap, as the kind has it; 6 tokens.
formats::TokenizerData sample_tokenizer(formats::TokenizerKind kind);
/// Seeded random weights under sample_config().
formats::ModelSource sample_model(std::uint64_t seed);
/// A LoRA of rank 2 on q of layer 0 and down of layer 1.
formats::AdapterSource sample_adapter(const std::string& name, std::uint64_t seed);

/// Seeded normal numbers.
std::vector<float> random_floats(std::size_t count, std::uint64_t seed);
/// A weight of sample_model(seed), whole.
std::vector<float> sample_weights(const formats::ModelSource& model, const std::string& name);

/// The sample model's bundle, an adapter's, a pool's of two, a state of three positions, an encoder
/// or a gallery of two images, in `folder`; `kind` chooses.
std::filesystem::path sample_bundle(formats::BundleKind kind, const std::filesystem::path& folder);

/// The index of a bundle file as it is stored.
std::vector<std::uint8_t> index_bytes(ByteSpan file);
/// The data frames of a bundle file.
std::vector<std::uint8_t> frame_bytes(ByteSpan file);
/// A bundle file of any frames and any index, sizes and hashes of header and footer being right.
std::vector<std::uint8_t> assemble(formats::BundleKind kind, ByteSpan frames, ByteSpan index);

std::vector<std::uint8_t> file_bytes(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, ByteSpan bytes);

}  // namespace crayon::test
