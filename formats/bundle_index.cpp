#include "formats/bundle_index.h"

#include <bundle_generated.h>
#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "base/checked.h"
#include "base/error.h"
#include "formats/bundle_layout.h"

namespace crayon::formats {
namespace {

// The schema nests one table in the root. A hostile buffer can name one table many times over;
// the second limit is on visits.
constexpr std::uint32_t max_table_depth = 2;
constexpr std::uint32_t max_table_visits = max_tensors + max_adapters + 16;

[[noreturn]] void fail(Code code, std::string_view field, std::string_view problem) {
  throw Error(code, fmt::format("index.{}: {}", field, problem));
}

// ---- plain structs -> FlatBuffer ----

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

fbs::Hash to_fbs(const Hash& hash) {
  return fbs::Hash(flatbuffers::span<const std::uint8_t, 32>(hash));
}

template <typename Enum>
std::vector<std::uint8_t> to_bytes(const std::vector<Enum>& values) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(values.size());
  for (const Enum value : values) {
    bytes.push_back(static_cast<std::uint8_t>(value));
  }
  return bytes;
}

// A lower bound of the FlatBuffer's size, so that the builder, which asserts on 2 GiB, is never
// asked for much more than the limit.
std::uint64_t least_size(const Index& index) {
  std::uint64_t size = index.frames.size() * sizeof(fbs::Frame);
  for (const TensorEntry& tensor : index.info.tensors) {
    size += tensor.name.size() + 40;
  }
  if (const auto& tokenizer = index.info.tokenizer) {
    for (const std::string& piece : tokenizer->pieces) {
      size += piece.size() + 5;
    }
    for (const std::string& pattern : tokenizer->pre_tokenizers) {
      size += pattern.size();
    }
    size += tokenizer->merges.size() * sizeof(fbs::Merge);
  }
  const Provenance& provenance = index.info.provenance;
  return size + provenance.source.size() + provenance.source_hash.size() + provenance.tool.size() +
         provenance.licence.size();
}

void check_index_size(std::uint64_t size) {
  if (size > max_index_size) {
    throw Error(
        Code::over_limit,
        fmt::format("index: {} bytes are more than the {} that are allowed", size, max_index_size),
        "the vocabulary or the number of tensors is too large for a bundle");
  }
}

Offset<fbs::Provenance> encode(FlatBufferBuilder& builder, const Provenance& provenance) {
  const auto source = builder.CreateString(provenance.source);
  const auto source_hash = builder.CreateString(provenance.source_hash);
  const auto tool = builder.CreateString(provenance.tool);
  const auto licence = builder.CreateString(provenance.licence);
  return fbs::CreateProvenance(builder, source, source_hash, tool, licence);
}

Offset<fbs::Config> encode(FlatBufferBuilder& builder, const ModelConfig& config) {
  const auto architecture = builder.CreateString(config.architecture);
  return fbs::CreateConfig(builder, architecture, config.vocab_size, config.dim, config.layers,
                           config.heads, config.kv_heads, config.head_dim, config.hidden_dim,
                           config.max_context, config.norm_eps, config.rope_theta,
                           static_cast<std::uint8_t>(config.rope_scaling), config.rope_factor,
                           config.rope_low_freq_factor, config.rope_high_freq_factor,
                           config.rope_original_context, config.tied_head);
}

Offset<fbs::Tokenizer> encode(FlatBufferBuilder& builder, const TokenizerData& tokenizer) {
  std::vector<std::uint8_t> piece_bytes;
  std::vector<std::uint32_t> piece_ends;
  for (const std::string& piece : tokenizer.pieces) {
    piece_bytes.insert(piece_bytes.end(), piece.begin(), piece.end());
    piece_ends.push_back(static_cast<std::uint32_t>(piece_bytes.size()));
  }
  std::vector<fbs::Merge> merges;
  merges.reserve(tokenizer.merges.size());
  for (const auto [left, right] : tokenizer.merges) {
    merges.emplace_back(left, right);
  }
  const auto bytes = builder.CreateVector(piece_bytes);
  const auto ends = builder.CreateVector(piece_ends);
  const auto scores = builder.CreateVector(tokenizer.scores);
  const auto types = builder.CreateVector(to_bytes(tokenizer.types));
  const auto merge_structs = builder.CreateVectorOfStructs(merges);
  const auto patterns = builder.CreateVectorOfStrings(tokenizer.pre_tokenizers);
  const auto end_of_generation = builder.CreateVector(tokenizer.end_of_generation);
  const auto chat_format = builder.CreateString(tokenizer.chat_format);
  return fbs::CreateTokenizer(builder, static_cast<std::uint8_t>(tokenizer.kind), bytes, ends,
                              scores, types, merge_structs, patterns, tokenizer.ignore_merges,
                              tokenizer.add_bos, tokenizer.add_eos, tokenizer.add_space_prefix,
                              tokenizer.remove_extra_whitespace, tokenizer.normalize_nfc,
                              tokenizer.bos.value_or(-1), tokenizer.eos.value_or(-1),
                              tokenizer.unknown.value_or(-1), end_of_generation, chat_format);
}

// ---- FlatBuffer -> plain structs ----

// A missing string is an empty one. The limit comes before the copy: a hostile buffer can name
// one long string many times over.
std::string to_string(const flatbuffers::String* text, std::size_t limit, std::string_view field) {
  if (text == nullptr) {
    return {};
  }
  if (text->size() > limit) {
    fail(Code::over_limit, field,
         fmt::format("{} bytes are more than the {} that are allowed", text->size(), limit));
  }
  return text->str();
}

template <typename T>
std::size_t size_of(const flatbuffers::Vector<T>* values, std::size_t limit,
                    std::string_view field) {
  const std::size_t size = values == nullptr ? 0 : values->size();
  if (size > limit) {
    fail(Code::over_limit, field,
         fmt::format("{} entries are more than the {} that are allowed", size, limit));
  }
  return size;
}

template <typename T>
std::vector<T> to_vector(const flatbuffers::Vector<T>* values) {
  return values == nullptr ? std::vector<T>() : std::vector<T>(values->begin(), values->end());
}

template <typename Enum>
Enum to_enum(std::uint8_t value, Enum last, std::string_view field) {
  if (value > static_cast<std::uint8_t>(last)) {
    fail(Code::unsupported, field, fmt::format("{} is not known", value));
  }
  return static_cast<Enum>(value);
}

Hash to_hash(const fbs::Hash& hash) {
  Hash result;
  std::memcpy(result.data(), hash.bytes()->data(), result.size());
  return result;
}

std::optional<Token> to_token(std::int32_t id) {
  return id == -1 ? std::nullopt : std::optional<Token>(id);
}

Provenance decode(const fbs::Provenance& provenance) {
  constexpr std::size_t limit = max_provenance_size;
  return {.source = to_string(provenance.source(), limit, "provenance.source"),
          .source_hash = to_string(provenance.source_hash(), limit, "provenance.source_hash"),
          .tool = to_string(provenance.tool(), limit, "provenance.tool"),
          .licence = to_string(provenance.licence(), limit, "provenance.licence")};
}

ModelConfig decode(const fbs::Config& config) {
  return {
      .architecture = to_string(config.architecture(), max_name_size, "config.architecture"),
      .vocab_size = config.vocab_size(),
      .dim = config.dim(),
      .layers = config.layers(),
      .heads = config.heads(),
      .kv_heads = config.kv_heads(),
      .head_dim = config.head_dim(),
      .hidden_dim = config.hidden_dim(),
      .max_context = config.max_context(),
      .norm_eps = config.norm_eps(),
      .rope_theta = config.rope_theta(),
      .rope_scaling = to_enum(config.rope_scaling(), RopeScaling::llama3, "config.rope_scaling"),
      .rope_factor = config.rope_factor(),
      .rope_low_freq_factor = config.rope_low_freq_factor(),
      .rope_high_freq_factor = config.rope_high_freq_factor(),
      .rope_original_context = config.rope_original_context(),
      .tied_head = config.tied_head()};
}

std::vector<std::string> decode_pieces(const fbs::Tokenizer& tokenizer) {
  const std::size_t bytes =
      size_of(tokenizer.piece_bytes(), max_index_size, "tokenizer.piece_bytes");
  const std::size_t count = size_of(tokenizer.piece_ends(), max_index_size, "tokenizer.piece_ends");
  const char* const text =
      bytes == 0 ? "" : reinterpret_cast<const char*>(tokenizer.piece_bytes()->data());
  std::vector<std::string> pieces;
  pieces.reserve(count);
  std::uint32_t begin = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t end = tokenizer.piece_ends()->Get(i);
    if (end < begin || end > bytes) {
      fail(Code::corrupt, fmt::format("tokenizer.piece_ends[{}]", i),
           fmt::format("{} is not in {}..{}", end, begin, bytes));
    }
    pieces.emplace_back(text + begin, end - begin);
    begin = end;
  }
  if (begin != bytes) {
    fail(Code::corrupt, "tokenizer.piece_ends", "the last piece does not end where the bytes do");
  }
  return pieces;
}

std::vector<std::string> decode_patterns(const fbs::Tokenizer& tokenizer) {
  constexpr std::size_t max_patterns = 64;
  constexpr std::size_t max_pattern_size = 1u << 16;
  const std::size_t count =
      size_of(tokenizer.pre_tokenizers(), max_patterns, "tokenizer.pre_tokenizers");
  std::vector<std::string> patterns;
  for (std::uint32_t i = 0; i < count; ++i) {
    patterns.push_back(to_string(tokenizer.pre_tokenizers()->Get(i), max_pattern_size,
                                 "tokenizer.pre_tokenizers"));
  }
  return patterns;
}

TokenizerData decode(const fbs::Tokenizer& tokenizer) {
  TokenizerData data;
  data.kind = to_enum(tokenizer.kind(), TokenizerKind::byte_bpe, "tokenizer.kind");
  data.pieces = decode_pieces(tokenizer);
  data.scores = to_vector(tokenizer.scores());
  for (const std::uint8_t type : to_vector(tokenizer.types())) {
    data.types.push_back(to_enum(type, TokenType::unused, "tokenizer.types"));
  }
  const std::size_t merges = size_of(tokenizer.merges(), max_index_size, "tokenizer.merges");
  data.merges.reserve(merges);
  for (std::uint32_t i = 0; i < merges; ++i) {
    const fbs::Merge& merge = *tokenizer.merges()->Get(i);
    data.merges.push_back({merge.left(), merge.right()});
  }
  data.pre_tokenizers = decode_patterns(tokenizer);
  data.ignore_merges = tokenizer.ignore_merges();
  data.add_bos = tokenizer.add_bos();
  data.add_eos = tokenizer.add_eos();
  data.add_space_prefix = tokenizer.add_space_prefix();
  data.remove_extra_whitespace = tokenizer.remove_extra_whitespace();
  data.normalize_nfc = tokenizer.normalize_nfc();
  data.bos = to_token(tokenizer.bos());
  data.eos = to_token(tokenizer.eos());
  data.unknown = to_token(tokenizer.unknown());
  data.end_of_generation = to_vector(tokenizer.end_of_generation());
  data.chat_format = to_string(tokenizer.chat_format(), max_name_size, "tokenizer.chat_format");
  return data;
}

std::vector<Frame> decode_frames(const fbs::Index& index) {
  const std::size_t count = size_of(index.frames(), max_frames, "frames");
  std::vector<Frame> frames;
  frames.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const fbs::Frame& frame = *index.frames()->Get(i);
    frames.push_back({.offset = frame.offset(),
                      .stored_size = frame.stored_size(),
                      .decoded_size = frame.decoded_size(),
                      .hash = to_hash(frame.hash())});
  }
  return frames;
}

std::vector<TensorEntry> decode_tensors(const fbs::Index& index) {
  const std::size_t count = size_of(index.tensors(), max_tensors, "tensors");
  std::vector<TensorEntry> tensors;
  tensors.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const fbs::Tensor& tensor = *index.tensors()->Get(i);
    const std::string field = fmt::format("tensors[{}]", i);
    tensors.push_back({.name = to_string(tensor.name(), max_name_size, field + ".name"),
                       .dtype = to_enum(tensor.dtype(), Dtype::i8, field + ".dtype"),
                       .shape = {.rows = tensor.rows(), .cols = tensor.cols()},
                       .first_frame = tensor.first_frame(),
                       .offset = tensor.offset()});
  }
  return tensors;
}

std::vector<AdapterInfo> decode_adapters(const fbs::Index& index) {
  const std::size_t count = size_of(index.adapters(), max_adapters, "adapters");
  std::vector<AdapterInfo> adapters;
  for (std::uint32_t i = 0; i < count; ++i) {
    const fbs::Adapter& adapter = *index.adapters()->Get(i);
    adapters.push_back({.name = to_string(adapter.name(), max_name_size, "adapters.name"),
                        .rank = adapter.rank(),
                        .scale = adapter.scale()});
  }
  return adapters;
}

}  // namespace

std::vector<std::uint8_t> encode_index(const Index& index) {
  check_index_size(least_size(index));
  const BundleInfo& info = index.info;
  FlatBufferBuilder builder(1u << 16);
  const auto provenance = encode(builder, info.provenance);
  std::vector<fbs::Frame> frames;
  frames.reserve(index.frames.size());
  for (const Frame& frame : index.frames) {
    frames.emplace_back(frame.offset, frame.stored_size, frame.decoded_size, to_fbs(frame.hash));
  }
  const auto frame_structs = builder.CreateVectorOfStructs(frames);
  std::vector<Offset<fbs::Tensor>> tensors;
  for (const TensorEntry& tensor : info.tensors) {
    const auto name = builder.CreateString(tensor.name);
    tensors.push_back(fbs::CreateTensor(builder, name, static_cast<std::uint8_t>(tensor.dtype),
                                        tensor.shape.rows, tensor.shape.cols, tensor.first_frame,
                                        tensor.offset));
  }
  const auto tensor_tables = builder.CreateVector(tensors);
  std::vector<Offset<fbs::Adapter>> adapters;
  for (const AdapterInfo& adapter : info.adapters) {
    const auto name = builder.CreateString(adapter.name);
    adapters.push_back(fbs::CreateAdapter(builder, name, adapter.rank, adapter.scale));
  }
  const auto adapter_tables = builder.CreateVector(adapters);
  const auto config = info.config ? encode(builder, *info.config) : Offset<fbs::Config>();
  const auto tokenizer =
      info.tokenizer ? encode(builder, *info.tokenizer) : Offset<fbs::Tokenizer>();
  const fbs::Hash base = to_fbs(info.base.value_or(Hash{}));
  fbs::FinishIndexBuffer(
      builder, fbs::CreateIndex(builder, static_cast<std::uint8_t>(info.kind), provenance,
                                frame_structs, tensor_tables, config, tokenizer, adapter_tables,
                                info.base ? &base : nullptr, info.pool_tau));
  check_index_size(builder.GetSize());
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

Index decode_index(ByteSpan bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), max_table_depth, max_table_visits);
  if (bytes.size() > max_index_size || !fbs::VerifyIndexBuffer(verifier)) {
    throw Error(Code::corrupt, "index: not a FlatBuffer of its schema");
  }
  const fbs::Index& root = *fbs::GetIndex(bytes.data());
  Index index;
  if (root.kind() == 0) {
    fail(Code::corrupt, "kind", "it is missing");
  }
  index.info.kind = to_enum(root.kind(), BundleKind::pool, "kind");
  index.frames = decode_frames(root);
  index.info.tensors = decode_tensors(root);
  if (root.provenance() != nullptr) {
    index.info.provenance = decode(*root.provenance());
  }
  if (root.config() != nullptr) {
    index.info.config = decode(*root.config());
  }
  if (root.tokenizer() != nullptr) {
    index.info.tokenizer = decode(*root.tokenizer());
  }
  index.info.adapters = decode_adapters(root);
  if (root.base() != nullptr) {
    index.info.base = to_hash(*root.base());
  }
  index.info.pool_tau = root.pool_tau();
  return index;
}

}  // namespace crayon::formats
