#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "base/random.h"
#include "formats/importers/architectures.h"
#include "formats/importers/importers.h"
#include "formats/importers/provenance.h"
#include "formats/importers/special_tokens.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using formats::Shape;
using formats::TokenizerData;
using formats::TokenType;

ModelConfig tiny_config() {
  ModelConfig config;
  config.architecture = "llama";
  config.dim = 64;
  config.layers = 4;
  config.heads = 8;
  config.kv_heads = 4;
  config.head_dim = 8;
  config.hidden_dim = 192;
  config.max_context = 256;
  return config;
}

void add_token(TokenizerData& data, std::string piece, TokenType type) {
  // Merges prefer a higher score, so an earlier piece.
  data.scores.push_back(-static_cast<float>(data.pieces.size()));
  data.pieces.push_back(std::move(piece));
  data.types.push_back(type);
}

// Three specials, 256 bytes, printable ASCII and some merges of it: 384 tokens.
TokenizerData ascii_tokenizer() {
  constexpr std::array<std::string_view, 30> merged = {
      "\u2581t", "\u2581a",   "he",       "in",  "re",        "on",      "er",      "\u2581s",
      "nd",      "ou",        "at",       "is",  "it",        "en",      "or",      "es",
      "an",      "ed",        "th",       "ing", "\u2581the", "\u2581w", "\u2581o", "\u2581b",
      "ll",      "\u2581and", "\u2581to", "ar",  "st",        "al"};
  TokenizerData data;
  add_token(data, "<unk>", TokenType::unknown);
  add_token(data, "<s>", TokenType::control);
  add_token(data, "</s>", TokenType::control);
  for (int byte = 0; byte < 256; ++byte) {
    add_token(data, fmt::format("<0x{:02X}>", byte), TokenType::byte);
  }
  add_token(data, "\u2581", TokenType::normal);
  for (char character = '!'; character <= '~'; ++character) {
    add_token(data, std::string(1, character), TokenType::normal);
  }
  for (const std::string_view piece : merged) {
    add_token(data, std::string(piece), TokenType::normal);
  }
  data.unknown = 0;
  data.bos = 1;
  data.eos = 2;
  data.add_bos = true;
  data.add_space_prefix = true;
  complete_end_of_generation(data);
  return data;
}

// FNV-1a (Fowler, Noll, Vo), to give each tensor a stream of its own.
std::uint64_t hash_of_name(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char character : name) {
    hash = (hash ^ static_cast<std::uint8_t>(character)) * 0x100000001b3u;
  }
  return hash;
}

// Any row of the tensor, without the rows before it.
void fill_row(std::uint64_t seed, std::uint64_t row, bool norm, std::span<float> out) {
  // Uniform numbers and no normal ones: they need no logarithm or cosine, whose last bit may
  // differ between machines. sqrt(3) makes their deviation 1.
  const double deviation = 1.0 / std::sqrt(static_cast<double>(out.size()));
  Random random(seed ^ Random(row).next());
  for (float& value : out) {
    const double spread = (2.0 * random.uniform() - 1.0) * std::sqrt(3.0);
    value = static_cast<float>(norm ? 1.0 + 0.1 * spread : spread * deviation);
  }
}

}  // namespace

formats::ModelSource random_model(const std::string& shape, std::uint64_t seed) {
  if (shape != "tiny") {
    throw Error(Code::bad_argument, fmt::format("the random model {} is not known", shape),
                "the known ones: tiny");
  }
  formats::ModelSource source;
  source.config = tiny_config();
  source.tokenizer = ascii_tokenizer();
  source.config.vocab_size = static_cast<std::uint32_t>(source.tokenizer.pieces.size());
  source.provenance.source = fmt::format("random {}, seed {}", shape, seed);
  source.provenance.tool = tool_name();
  const Architecture& architecture = find_architecture("llama", Naming::gguf, shape);
  for (const ExpectedTensor& tensor :
       expected_tensors(architecture, source.config, Naming::huggingface)) {
    const std::uint64_t stream = Random(seed).next() ^ hash_of_name(tensor.bundle);
    const Shape size = tensor.shape;
    const bool norm = size.rows == 1;
    source.tensors.push_back(
        {tensor.bundle, size,
         [stream, size, norm](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
           for (std::uint64_t i = 0; i < count; ++i) {
             fill_row(stream, begin + i, norm, out.subspan(i * size.cols, size.cols));
           }
         }});
  }
  return source;
}

}  // namespace crayon::importers
