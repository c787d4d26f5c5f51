#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "formats/importers/architectures.h"
#include "formats/importers/assemble.h"
#include "formats/importers/llama2c.h"
#include "formats/importers/named_check.h"

namespace crayon::importers {
namespace {

using formats::ModelConfig;
using formats::Shape;

constexpr std::uint32_t magic = 0x616b3432;  // "ak42", read as a little-endian number
constexpr std::uint64_t version1_header = 256;
constexpr std::size_t header_numbers = 7;
constexpr std::uint64_t legacy_header = header_numbers * sizeof(std::int32_t);

struct Header {
  ModelConfig config;
  bool legacy = true;
};

// A run of tensors: one, or one for each layer, at `offset` in the file.
struct Block {
  std::string_view name;  // in GGUF's naming, whose order of rows llama2.c shares
  Shape shape;
  std::uint64_t offset = 0;
};

struct Layout {
  std::vector<Block> blocks;
  std::uint64_t file_size = 0;  // that the header promises
};

ModelConfig config_of(const std::array<std::int32_t, header_numbers>& numbers) {
  const auto size = [&numbers](std::size_t i) {
    return static_cast<std::uint32_t>(std::max(0, numbers[i]));
  };
  ModelConfig config;
  config.architecture = "llama";
  config.dim = size(0);
  config.hidden_dim = size(1);
  config.layers = size(2);
  config.heads = size(3);
  config.kv_heads = size(4);
  config.vocab_size = size(5);
  config.max_context = size(6);
  config.head_dim = config.heads == 0 ? 0 : config.dim / config.heads;
  config.tied_head = true;
  return config;
}

// `numbers` in the order of run.c's struct Config.
std::array<std::int32_t, header_numbers> read_numbers(const File& file, std::uint64_t offset) {
  std::array<std::int32_t, header_numbers> numbers{};
  file.read_at(offset, as_writable_bytes(std::span<std::int32_t>(numbers)));
  return numbers;
}

Header read_header(const File& file) {
  Header header;
  std::uint8_t start[8];
  file.read_at(0, start);
  if (load_le<std::uint32_t>(start) != magic) {
    auto numbers = read_numbers(file, 0);
    const bool untied = numbers[5] < 0;  // a negative vocabulary says that the head has weights
    if (untied && numbers[5] > -(1 << 30)) {
      numbers[5] = -numbers[5];
    }
    header.config = config_of(numbers);
    header.config.tied_head = !untied;
    return header;
  }
  const auto version = load_le<std::uint32_t>(start + 4);
  if (version != 1) {
    throw Error(Code::unsupported,
                fmt::format("{} has llama2.c version {}; 0 (legacy) and 1 are known",
                            file.path().string(), version),
                "export the model again with version 1");
  }
  header.legacy = false;
  header.config = config_of(read_numbers(file, sizeof start));
  std::uint8_t tied = 0;
  file.read_at(sizeof start + legacy_header, {&tied, 1});
  header.config.tied_head = tied != 0;
  return header;
}

// The order of the tensors in a file: export.py, legacy_export and version1_export.
Layout layout_of(const Header& header) {
  const ModelConfig& config = header.config;
  const Shape norm{1, config.dim};
  const Shape hidden{config.hidden_dim, config.dim};
  const Block embedding{"token_embd.weight", {config.vocab_size, config.dim}};
  const Block attention_norm{"blk.N.attn_norm.weight", norm};
  const Block mlp_norm{"blk.N.ffn_norm.weight", norm};
  const Block output_norm{"output_norm.weight", norm};
  const std::array attention = {
      Block{"blk.N.attn_q.weight", {config.query_dim(), config.dim}},
      Block{"blk.N.attn_k.weight", {config.kv_dim(), config.dim}},
      Block{"blk.N.attn_v.weight", {config.kv_dim(), config.dim}},
      Block{"blk.N.attn_output.weight", {config.dim, config.query_dim()}}};
  const std::array mlp = {Block{"blk.N.ffn_gate.weight", hidden},
                          Block{"blk.N.ffn_down.weight", {config.dim, config.hidden_dim}},
                          Block{"blk.N.ffn_up.weight", hidden}};
  Layout layout;
  std::vector<Block>& blocks = layout.blocks;
  if (header.legacy) {
    // Behind the last norm lie two tables of cosines and sines, which follow from the shape.
    const Block table{"freq_cis", {config.max_context, config.head_dim / 2}};
    blocks = {embedding, attention_norm};
    blocks.insert(blocks.end(), attention.begin(), attention.end());
    blocks.push_back(mlp_norm);
    blocks.insert(blocks.end(), mlp.begin(), mlp.end());
    blocks.insert(blocks.end(), {output_norm, table, table});
  } else {
    blocks = {attention_norm, mlp_norm, output_norm, embedding};
    blocks.insert(blocks.end(), attention.begin(), attention.end());
    blocks.insert(blocks.end(), mlp.begin(), mlp.end());
  }
  if (!config.tied_head) {
    blocks.push_back({"output.weight", {config.vocab_size, config.dim}});
  }
  std::uint64_t offset = header.legacy ? legacy_header : version1_header;
  for (Block& block : blocks) {
    block.offset = offset;
    const bool of_layer = block.name.find('N') != std::string_view::npos;
    const std::uint64_t bytes = formats::stored_bytes(formats::Dtype::f32, block.shape, block.name);
    offset = checked_add(offset, checked_mul(bytes, of_layer ? config.layers : 1, block.name),
                         block.name);
  }
  layout.file_size = offset;
  return layout;
}

RawTensor raw_tensor(const std::shared_ptr<const File>& file, std::string name, Shape shape,
                     std::uint64_t offset) {
  return {std::move(name), shape,
          [file, shape, offset](std::uint64_t begin, std::uint64_t count, std::span<float> out) {
            check_range(begin, count, shape.rows, "rows");
            const std::uint64_t row_bytes = shape.cols * sizeof(float);
            file->read_at(offset + begin * row_bytes,
                          as_writable_bytes(out.first(count * shape.cols)));
          }};
}

std::vector<RawTensor> raw_tensors(const std::shared_ptr<const File>& file, const Layout& layout,
                                   std::uint32_t layers) {
  std::vector<RawTensor> raw;
  for (const Block& block : layout.blocks) {
    const std::size_t place = block.name.find('N');
    if (place == std::string_view::npos) {
      if (block.name != "freq_cis") {
        raw.push_back(raw_tensor(file, std::string(block.name), block.shape, block.offset));
      }
      continue;
    }
    const std::uint64_t bytes = block.shape.rows * block.shape.cols * sizeof(float);
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      raw.push_back(raw_tensor(
          file,
          fmt::format("{}{}{}", block.name.substr(0, place), layer, block.name.substr(place + 1)),
          block.shape, block.offset + layer * bytes));
    }
  }
  return raw;
}

}  // namespace

bool is_llama2c_model(const File& file) {
  if (file.size() < legacy_header) {
    return false;
  }
  std::uint8_t start[4];
  file.read_at(0, start);
  if (load_le<std::uint32_t>(start) == magic) {
    return true;
  }
  try {
    formats::check(read_header(file).config);
    return true;
  } catch (const Error&) {
    return false;  // the numbers are no header
  }
}

Llama2cModel read_llama2c_model(const std::shared_ptr<const File>& file) {
  const std::string where = file->path().string();
  const Header header = read_header(*file);
  const ModelConfig& config = header.config;
  check_config(config, where);
  if (config.head_dim * config.heads != config.dim) {
    throw Error(Code::corrupt, fmt::format("{}: {} heads do not divide the width {}", where,
                                           config.heads, config.dim));
  }
  const Layout layout = layout_of(header);
  if (file->size() != layout.file_size) {
    throw Error(file->size() < layout.file_size ? Code::truncated : Code::corrupt,
                fmt::format("{} has {} bytes, but its header promises {}", where, file->size(),
                            layout.file_size),
                "copy or export the file again");
  }
  const Architecture& architecture = find_architecture("llama", Naming::gguf, where);
  return {config, assemble(raw_tensors(file, layout, config.layers),
                           expected_tensors(architecture, config, Naming::gguf), {}, where)};
}

std::filesystem::path find_llama2c_tokenizer(const std::filesystem::path& model,
                                             std::uint32_t vocab_size) {
  const std::string sized = fmt::format("tok{}.bin", vocab_size);
  for (const std::string& name : {sized, std::string("tokenizer.bin")}) {
    const std::filesystem::path path = model.parent_path() / name;
    if (std::filesystem::is_regular_file(path)) {
      return path;
    }
  }
  throw Error(Code::not_found,
              fmt::format("{} has no tokenizer in it, and neither {} nor tokenizer.bin lies beside",
                          model.string(), sized),
              "name the tokenizer file");
}

}  // namespace crayon::importers
