#include "tests/formats/bundle_samples.h"

#include <algorithm>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/random.h"
#include "formats/architecture.h"
#include "formats/bundle_layout.h"
#include "formats/packer.h"
#include "tests/support/support.h"

namespace crayon::test {

using namespace formats;

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return static_cast<float>(random.normal()); });
  return values;
}

ModelConfig sample_config() {
  ModelConfig config;
  config.architecture = "llama";
  config.vocab_size = 6;
  config.dim = 8;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 2;
  config.hidden_dim = 12;
  config.max_context = 32;
  config.rope_theta = 500000.0f;
  config.rope_scaling = RopeScaling::llama3;
  config.rope_factor = 8.0f;
  config.rope_original_context = 16;
  return config;
}

ModelConfig sample_text_tower() {
  ModelConfig config = sample_config();
  config.norm = Norm::layer;
  config.activation = Activation::gelu_quick;
  config.gated = false;
  config.positions = Positions::learned;
  config.output_dim = 5;
  return config;
}

ImageTower sample_image_tower() {
  ImageTower image{.config = sample_text_tower()};
  image.config.vocab_size = 0;
  image.config.causal = false;
  image.config.input_norm = true;
  image.config.activation = Activation::gelu_erf;
  image.config.image_size = 6;
  image.config.patch_size = 2;
  image.config.max_context = image.config.patches() + 1;
  image.pixels = {{0.1f, 0.2f, 0.3f}, {1, 2, 3}};
  image.logit_scale = 14.5f;
  return image;
}

std::string sample_charsmap() {
  // Two units, of which the root leads nowhere, and one text.
  return std::string(
      "\x08\0\0\0"
      "\0\0\0\0"
      "\0\0\0\0"
      "b\0",
      14);
}

TokenizerData sample_tokenizer(TokenizerKind kind) {
  TokenizerData tokenizer;
  tokenizer.kind = kind;
  tokenizer.pieces = {"<s>", "a", "b", "ab", "\xff", ""};
  tokenizer.types = {TokenType::control, TokenType::normal, TokenType::normal,
                     TokenType::normal,  TokenType::byte,   TokenType::unused};
  if (!has_scores(kind)) {
    tokenizer.merges = {{1, 2}};
    tokenizer.pre_tokenizers = {"\\p{N}", "\\s+(?!\\S)|\\s+"};
    tokenizer.ignore_merges = true;
    tokenizer.normalize_nfc = true;
  } else {
    tokenizer.scores = {0, -1, -2, -0.5f, -3, -4};
    tokenizer.add_space_prefix = true;
    tokenizer.prefix_unless_space = true;
    tokenizer.prefix_scope = PrefixScope::after_control;
    tokenizer.remove_extra_whitespace = true;
    tokenizer.charsmap = sample_charsmap();
    tokenizer.unknown = 5;
  }
  tokenizer.add_bos = true;
  tokenizer.bos = 0;
  tokenizer.eos = 0;
  tokenizer.added = {
      {.token = 0, .lstrip = true, .rstrip = true, .single_word = true, .normalized = true}};
  tokenizer.end_of_generation = {0, 5};
  tokenizer.chat_format = chat_preset("phi3");
  tokenizer.chat_format.note = "a note";
  tokenizer.chat_format.start = "start";
  tokenizer.chat_format.user.strip = Strip::right;
  tokenizer.chat_format.system_last = true;
  tokenizer.chat_format.alternate = true;
  tokenizer.chat_format.tokenizer_bos = false;
  tokenizer.chat_format.thought_end = "</think>";
  tokenizer.chat_format.thought_newlines = true;
  tokenizer.chat_format.stops = {"one", "two"};
  return tokenizer;
}

namespace {

ModelSource sample_source(const ModelConfig& config, const std::optional<ImageTower>& image,
                          std::uint64_t seed) {
  ModelSource model;
  model.config = config;
  model.image = image;
  model.tokenizer = sample_tokenizer(TokenizerKind::byte_bpe);
  model.provenance = {
      .source = "sample", .source_hash = std::string(64, 'a'), .tool = "", .licence = "CC0"};
  for (const ExpectedTensor& tensor : expected_tensors(config, image ? &*image : nullptr)) {
    const auto weights = std::make_shared<const std::vector<float>>(
        random_floats(tensor.shape.rows * tensor.shape.cols, seed++));
    model.tensors.push_back(
        {.name = tensor.name,
         .shape = tensor.shape,
         .read_rows = [weights, cols = tensor.shape.cols](std::uint64_t begin, std::uint64_t count,
                                                          std::span<float> out) {
           std::copy_n(weights->data() + begin * cols, count * cols, out.data());
         }});
  }
  return model;
}

ModelSource sample_encoder(std::uint64_t seed) {
  return sample_source(sample_text_tower(), sample_image_tower(), seed);
}

}  // namespace

ModelSource sample_model(std::uint64_t seed) {
  return sample_source(sample_config(), std::nullopt, seed);
}

std::vector<float> sample_weights(const ModelSource& model, const std::string& name) {
  for (const SourceTensor& tensor : model.tensors) {
    if (tensor.name == name) {
      std::vector<float> values(tensor.shape.rows * tensor.shape.cols);
      tensor.read_rows(0, tensor.shape.rows, values);
      return values;
    }
  }
  throw Error(Code::missing_tensor, name);
}

AdapterSource sample_adapter(const std::string& name, std::uint64_t seed) {
  const ModelConfig config = sample_config();
  AdapterSource adapter;
  adapter.name = name;
  adapter.rank = 2;
  adapter.scale = 4.0f;
  adapter.provenance = {
      .source = name, .source_hash = std::string(64, 'b'), .tool = "", .licence = "CC0"};
  // The down projection first: packing puts them in order.
  adapter.factors.push_back({.layer = 1,
                             .projection = Projection::down,
                             .rank = 2,
                             .a = random_floats(2ul * config.hidden_dim, seed),
                             .b = random_floats(2ul * config.dim, seed + 1)});
  adapter.factors.push_back({.layer = 0,
                             .projection = Projection::q,
                             .rank = 1,
                             .a = random_floats(config.dim, seed + 2),
                             .b = random_floats(config.query_dim(), seed + 3)});
  return adapter;
}

namespace {

void write_gallery(const std::filesystem::path& path) {
  BundleWriter writer(path, BundleKind::gallery);
  writer.begin_tensor(std::string(embeddings), Dtype::i8, {2, 5});
  writer.write(std::vector<std::uint8_t>(10, 7));
  writer.write(as_bytes(std::span<const float>(std::vector<float>(2, 0.5f))));
  BundleInfo info;
  info.base = Hash{9};
  info.gallery = GalleryInfo{"pictures", {"a.png", "deep/b.jpg"}};
  writer.finish(std::move(info));
}

/// Keys and values in int8, and all that a rule can need besides.
void write_state(const Bundle& base, const std::filesystem::path& path) {
  const ModelConfig& config = *base.info().config;
  constexpr std::uint32_t positions = 3;
  const std::uint64_t rows = config.kv_heads * positions;
  BundleWriter writer(path, BundleKind::state);
  for (std::uint32_t layer = 0; layer < config.layers; ++layer) {
    for (const char* const name : {state_keys, state_values}) {
      writer.begin_tensor(layer_tensor(layer, name), Dtype::i8, {rows, config.head_dim});
      writer.write(std::vector<std::uint8_t>(rows * config.head_dim, 5));
      writer.write(as_bytes(std::span<const float>(std::vector<float>(rows, 0.5f))));
    }
  }
  const std::uint64_t heads = std::uint64_t{config.layers} * config.kv_heads;
  writer.add_f32(state_surprise, {heads, positions}, random_floats(heads * positions, 1));
  writer.add_f32(state_hidden, {1, config.dim}, random_floats(config.dim, 2));
  writer.add_f32(state_queries, {2 * config.layers, config.query_dim()},
                 random_floats(2ul * config.layers * config.query_dim(), 3));
  BundleInfo info;
  info.base = base.id();
  info.provenance = {.source = "a text", .source_hash = "", .tool = "", .licence = ""};
  info.state = StateInfo{.rule = {.name = "infinipot", .catalyst = {1, 2}},
                         .kv = Dtype::i8,
                         .kv_heads = config.kv_heads,
                         .context = 8,
                         .positions = positions,
                         .distilled = 2,
                         .pinned = 1,
                         .dropped = 9};
  writer.finish(std::move(info));
}

}  // namespace

std::filesystem::path sample_bundle(BundleKind kind, const std::filesystem::path& folder) {
  if (kind == BundleKind::encoder) {
    pack_model(sample_encoder(1), {}, folder / "encoder.crayon", {});
    return folder / "encoder.crayon";
  }
  if (kind == BundleKind::gallery) {
    write_gallery(folder / "gallery.crayon");
    return folder / "gallery.crayon";
  }
  std::filesystem::path model = folder / "model.crayon";
  // i4 in the layers and i8 in embedding and head, so that damage meets both.
  pack_model(sample_model(1), {.weights = Dtype::i4}, model, {});
  if (kind == BundleKind::model) {
    return model;
  }
  const Bundle base = Bundle::open(model);
  if (kind == BundleKind::adapter) {
    AdapterSource adapter = sample_adapter("a", 1);
    adapter.scope = Scope{{}, random_floats(base.info().config->query_dim(), 4)};
    pack_adapter(adapter, base, folder / "adapter.crayon");
    const Routing routing{
        .share = 0.2f,
        .examples = 9,
        .signals = {{.name = "probe", .threshold = 0.25, .auroc = 0.5f, .decides = true}},
        .probe = LinearProbe{{2, true}, random_floats(base.info().config->dim, 5), -0.5f}};
    pack_routing(Bundle::open(folder / "adapter.crayon"), routing, folder / "adapter.crayon");
    return folder / "adapter.crayon";
  }
  if (kind == BundleKind::state) {
    write_state(base, folder / "state.crayon");
    return folder / "state.crayon";
  }
  const std::vector<AdapterSource> adapters = {sample_adapter("a", 1), sample_adapter("b", 2)};
  pack_pool(adapters, {random_floats(2ul * base.info().config->dim, 3), 0.1f, {1, true}}, base,
            folder / "pool.crayon");
  return folder / "pool.crayon";
}

std::vector<std::uint8_t> index_bytes(ByteSpan file) {
  const auto size = load_le<std::uint64_t>(file.last(footer_size).data() + 32);
  const ByteSpan index = file.first(file.size() - footer_size).last(size);
  return {index.begin(), index.end()};
}

std::vector<std::uint8_t> frame_bytes(ByteSpan file) {
  const std::size_t behind = skippable_header_size + index_bytes(file).size() + footer_size;
  const ByteSpan frames = file.first(file.size() - behind).subspan(header_size);
  return {frames.begin(), frames.end()};
}

std::vector<std::uint8_t> assemble(BundleKind kind, ByteSpan frames, ByteSpan index) {
  std::vector<std::uint8_t> file;
  const auto append = [&](ByteSpan bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); };
  const HeaderBytes header = encode_header(kind);
  append(header);
  append(frames);
  append(encode_index_header(index.size()));
  Footer footer;
  footer.index_offset = file.size();
  footer.index_size = index.size();
  footer.index_hash = hash_of(index);
  append(index);
  append(encode_footer(footer, header));
  return file;
}

std::vector<std::uint8_t> file_bytes(const std::filesystem::path& path) {
  const File file(path);
  std::vector<std::uint8_t> bytes(file.size());
  file.read_at(0, bytes);
  return bytes;
}

void write_bytes(const std::filesystem::path& path, ByteSpan bytes) {
  // A new file: some file systems wait for the disk when one that has content is overwritten.
  std::filesystem::remove(path);
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.good());
}

}  // namespace crayon::test
