// FlatBuffer -> Index. Nothing here trusts a number.

#include <bundle_generated.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

// The schema nests two tables in the root. A hostile buffer can name one table many times over;
// the second limit is on visits.
constexpr std::uint32_t max_table_depth = 3;
constexpr std::uint32_t max_table_visits = max_tensors + max_adapters + 16;

// A missing string is an empty one. The limit comes before the copy: a hostile buffer can name
// one long string many times over.
std::string to_string(const flatbuffers::String* text, std::size_t limit, std::string_view field) {
  if (text == nullptr) {
    return {};
  }
  if (text->size() > limit) {
    fail(Code::over_limit, field, fmt::format("{} bytes are more than {}", text->size(), limit));
  }
  return text->str();
}

template <typename T>
std::uint32_t size_of(const flatbuffers::Vector<T>* values, std::size_t limit,
                      std::string_view field) {
  const std::uint32_t size = values == nullptr ? 0 : values->size();
  if (size > limit) {
    fail(Code::over_limit, field, fmt::format("{} entries are more than {}", size, limit));
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
  return {.source = to_string(provenance.source(), limit, "source"),
          .source_hash = to_string(provenance.source_hash(), limit, "source_hash"),
          .tool = to_string(provenance.tool(), limit, "tool"),
          .licence = to_string(provenance.licence(), limit, "licence")};
}

// A list with one entry a layer, or none.
std::vector<bool> decode_flags(const flatbuffers::Vector<std::uint8_t>* values,
                               std::string_view field) {
  std::vector<bool> flags;
  for (const std::uint8_t value : to_vector(values)) {
    if (value > 1) {
      fail(Code::corrupt, field, fmt::format("{} is neither 0 nor 1", value));
    }
    flags.push_back(value == 1);
  }
  return flags;
}

ModelConfig decode(const fbs::Config& config) {
  return {.architecture = to_string(config.architecture(), max_name_size, "architecture"),
          .vocab_size = config.vocab_size(),
          .dim = config.dim(),
          .layers = config.layers(),
          .heads = config.heads(),
          .kv_heads = config.kv_heads(),
          .head_dim = config.head_dim(),
          .hidden_dim = config.hidden_dim(),
          .max_context = config.max_context(),
          .tied_head = config.tied_head(),
          .norm = to_enum(config.norm(), Norm::layer, "norm"),
          .norm_eps = config.norm_eps(),
          .post_norms = config.post_norms(),
          .qk_norm = config.qk_norm(),
          .activation = to_enum(config.activation(), Activation::gelu_tanh, "activation"),
          .gated = config.gated(),
          .biases = config.biases(),
          .embedding_scale = config.embedding_scale(),
          .attention_scale = config.attention_scale(),
          .attention_softcap = config.attention_softcap(),
          .logit_softcap = config.logit_softcap(),
          .window = config.window(),
          .windowed = decode_flags(config.windowed(), "windowed"),
          .unrotated = decode_flags(config.unrotated(), "unrotated"),
          .positions = to_enum(config.positions(), Positions::learned, "positions"),
          .rope_dim = config.rope_dim(),
          .rope_theta = config.rope_theta(),
          .rope_window_theta = config.rope_window_theta(),
          .rope_scaling = to_enum(config.rope_scaling(), RopeScaling::longrope, "rope_scaling"),
          .rope_factor = config.rope_factor(),
          .rope_low_freq_factor = config.rope_low_freq_factor(),
          .rope_high_freq_factor = config.rope_high_freq_factor(),
          .rope_original_context = config.rope_original_context(),
          .rope_beta_fast = config.rope_beta_fast(),
          .rope_beta_slow = config.rope_beta_slow(),
          .rope_magnitude = config.rope_magnitude(),
          .rope_short_factors = to_vector(config.rope_short_factors()),
          .rope_long_factors = to_vector(config.rope_long_factors())};
}

std::vector<std::string> decode_pieces(const fbs::Tokenizer& tokenizer) {
  const std::uint32_t bytes = size_of(tokenizer.piece_bytes(), max_index_size, "piece_bytes");
  const std::uint32_t count = size_of(tokenizer.piece_ends(), max_tokens, "piece_ends");
  const char* const text =
      bytes == 0 ? "" : reinterpret_cast<const char*>(tokenizer.piece_bytes()->data());
  std::vector<std::string> pieces;
  pieces.reserve(count);
  std::uint32_t begin = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t end = tokenizer.piece_ends()->Get(i);
    if (end < begin || end > bytes) {
      fail(Code::corrupt, fmt::format("piece_ends[{}]", i),
           fmt::format("{} is not in {}..{}", end, begin, bytes));
    }
    pieces.emplace_back(text + begin, end - begin);
    begin = end;
  }
  if (begin != bytes) {
    fail(Code::corrupt, "piece_ends",
         fmt::format("the last is {} and there are {} bytes", begin, bytes));
  }
  return pieces;
}

std::vector<TokenizerData::Merge> decode_merges(const fbs::Tokenizer& tokenizer) {
  const std::uint32_t count = size_of(tokenizer.merges(), max_merges, "merges");
  std::vector<TokenizerData::Merge> merges;
  merges.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const fbs::Merge& merge = *tokenizer.merges()->Get(i);
    merges.push_back({merge.left(), merge.right()});
  }
  return merges;
}

std::vector<std::string> decode_patterns(const fbs::Tokenizer& tokenizer) {
  const auto* const patterns = tokenizer.pre_tokenizers();
  const std::uint32_t count = size_of(patterns, max_pre_tokenizers, "pre_tokenizers");
  std::vector<std::string> result;
  for (std::uint32_t i = 0; i < count; ++i) {
    result.push_back(to_string(patterns->Get(i), max_pattern_bytes, "pre_tokenizers"));
  }
  return result;
}

std::string decode_charsmap(const fbs::Tokenizer& tokenizer) {
  const std::uint32_t size = size_of(tokenizer.charsmap(), max_charsmap_bytes, "charsmap");
  return size == 0 ? std::string()
                   : std::string(tokenizer.charsmap()->begin(), tokenizer.charsmap()->end());
}

std::vector<AddedToken> decode_added(const fbs::Tokenizer& tokenizer) {
  const std::uint32_t count = size_of(tokenizer.added(), max_tokens, "added");
  std::vector<AddedToken> added;
  added.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const fbs::AddedToken& one = *tokenizer.added()->Get(i);
    added.push_back({.token = one.token(),
                     .lstrip = one.lstrip(),
                     .rstrip = one.rstrip(),
                     .single_word = one.single_word(),
                     .normalized = one.normalized()});
  }
  return added;
}

TokenizerData decode(const fbs::Tokenizer& tokenizer) {
  TokenizerData data;
  data.kind = to_enum(tokenizer.kind(), TokenizerKind::clip_bpe, "kind");
  data.pieces = decode_pieces(tokenizer);
  data.scores = to_vector(tokenizer.scores());
  for (const std::uint8_t type : to_vector(tokenizer.types())) {
    data.types.push_back(to_enum(type, TokenType::unused, "types"));
  }
  data.merges = decode_merges(tokenizer);
  data.pre_tokenizers = decode_patterns(tokenizer);
  data.ignore_merges = tokenizer.ignore_merges();
  data.add_bos = tokenizer.add_bos();
  data.add_eos = tokenizer.add_eos();
  data.add_space_prefix = tokenizer.add_space_prefix();
  data.prefix_scope = to_enum(tokenizer.prefix_scope(), PrefixScope::after_control, "prefix_scope");
  data.prefix_unless_space = tokenizer.prefix_unless_space();
  data.remove_extra_whitespace = tokenizer.remove_extra_whitespace();
  data.normalize_nfc = tokenizer.normalize_nfc();
  data.charsmap = decode_charsmap(tokenizer);
  data.added = decode_added(tokenizer);
  data.bos = to_token(tokenizer.bos());
  data.eos = to_token(tokenizer.eos());
  data.unknown = to_token(tokenizer.unknown());
  data.end_of_generation = to_vector(tokenizer.end_of_generation());
  return data;
}

std::optional<ChatWrap> decode(const fbs::ChatWrap* wrap, std::string_view field) {
  if (wrap == nullptr) {
    return std::nullopt;
  }
  return in_field(field, [&] {
    ChatWrap result;
    result.prefix = to_string(wrap->prefix(), max_chat_text_bytes, "prefix");
    result.suffix = to_string(wrap->suffix(), max_chat_text_bytes, "suffix");
    result.strip = to_enum(wrap->strip(), Strip::both, "strip");
    if (wrap->empty() != nullptr) {
      result.empty = to_string(wrap->empty(), max_chat_text_bytes, "empty");
    }
    return std::optional(result);
  });
}

ChatFormat decode(const fbs::ChatFormat& chat, std::string name) {
  ChatFormat format;
  format.name = std::move(name);
  format.note = to_string(chat.note(), max_chat_text_bytes, "note");
  format.tokenizer_bos = chat.tokenizer_bos();
  format.start = to_string(chat.start(), max_chat_text_bytes, "start");
  format.system = decode(chat.system(), "system");
  format.later_system = decode(chat.later_system(), "later_system");
  format.user = decode(chat.user(), "user").value_or(ChatWrap());
  format.user_after_system =
      decode(chat.user_after_system(), "user_after_system").value_or(ChatWrap());
  format.assistant = decode(chat.assistant(), "assistant").value_or(ChatWrap());
  format.opening = to_string(chat.opening(), max_chat_text_bytes, "opening");
  format.system_last = chat.system_last();
  format.alternate = chat.alternate();
  format.thought_end = to_string(chat.thought_end(), max_chat_text_bytes, "thought_end");
  format.thought_newlines = chat.thought_newlines();
  const std::uint32_t stops = size_of(chat.stops(), max_chat_stops, "stops");
  for (std::uint32_t i = 0; i < stops; ++i) {
    format.stops.push_back(to_string(chat.stops()->Get(i), max_chat_text_bytes, "stops"));
  }
  return format;
}

/// Of a model's index. Bundles that are older than the table have a preset's name alone.
ChatFormat decode_chat_format(const fbs::Index& index) {
  constexpr std::string_view field = "tokenizer.chat_format";
  std::string name = to_string(index.tokenizer()->chat_format(), max_chat_format_bytes, field);
  if (index.chat_format() != nullptr) {
    return in_field("chat_format", [&] { return decode(*index.chat_format(), std::move(name)); });
  }
  const std::vector<std::string_view> presets = chat_preset_names();
  if (std::ranges::find(presets, name) != presets.end()) {
    return chat_preset(name);
  }
  if (!name.empty()) {
    fail(Code::unsupported, field, fmt::format("\"{}\" is not known", name));
  }
  ChatFormat missing;  // what is missing is found, by its name, in the checks
  missing.name.clear();
  return missing;
}

std::vector<Frame> decode_frames(const fbs::Index& index) {
  const std::uint32_t count = size_of(index.frames(), max_frames, "frames");
  std::vector<Frame> frames;
  frames.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    // The verifier does not check that a vector of structs is aligned to their 8 bytes.
    fbs::Frame frame;
    std::memcpy(&frame, index.frames()->Data() + i * sizeof frame, sizeof frame);
    frames.push_back({.offset = frame.offset(),
                      .stored_size = frame.stored_size(),
                      .decoded_size = frame.decoded_size(),
                      .hash = to_hash(frame.hash())});
  }
  return frames;
}

TensorEntry decode(const fbs::Tensor& tensor) {
  return {.name = to_string(tensor.name(), max_name_size, "name"),
          .dtype = to_enum(tensor.dtype(), Dtype::i8, "dtype"),
          .shape = {.rows = tensor.rows(), .cols = tensor.cols()},
          .first_frame = tensor.first_frame(),
          .offset = tensor.offset()};
}

std::vector<TensorEntry> decode_tensors(const fbs::Index& index, std::size_t index_size) {
  const std::uint32_t count = size_of(index.tensors(), max_tensors, "tensors");
  std::vector<TensorEntry> tensors;
  tensors.reserve(count);
  std::size_t name_bytes = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    in_entry("tensors", i, [&] { tensors.push_back(decode(*index.tensors()->Get(i))); });
    // Unique names take up room of their own; in a trap, one long name is there many times over.
    name_bytes += tensors.back().name.size();
    if (name_bytes > index_size) {
      fail(Code::corrupt, "tensors", "their names are larger than the index");
    }
  }
  return tensors;
}

std::optional<ExpertsInfo> decode_experts(const fbs::Adapter& adapter) {
  const std::uint32_t count = size_of(adapter.expert_ranks(), max_adapters, "expert_ranks");
  if (count == 0) {
    return std::nullopt;
  }
  return ExpertsInfo{.ranks = {adapter.expert_ranks()->begin(), adapter.expert_ranks()->end()},
                     .top_k = adapter.router_top_k(),
                     .temperature = adapter.router_temperature()};
}

std::vector<AdapterInfo> decode_adapters(const fbs::Index& index) {
  const std::uint32_t count = size_of(index.adapters(), max_adapters, "adapters");
  std::vector<AdapterInfo> adapters;
  for (std::uint32_t i = 0; i < count; ++i) {
    in_entry("adapters", i, [&] {
      const fbs::Adapter& adapter = *index.adapters()->Get(i);
      adapters.push_back({.name = to_string(adapter.name(), max_name_size, "name"),
                          .rank = adapter.rank(),
                          .scale = adapter.scale(),
                          .experts = decode_experts(adapter)});
    });
  }
  return adapters;
}

void decode_embedding(const fbs::Index& root, BundleInfo& info) {
  const std::string name = to_string(root.embedding(), max_name_size, "embedding");
  const Embedding embedding = name.empty() ? Embedding() : parse_embedding(name);
  size_of(root.scope(), max_embedding_size, "scope");
  if (info.kind == BundleKind::pool) {
    info.pool_embedding = embedding;
  } else if (!name.empty() && root.scope() == nullptr) {
    fail(Code::corrupt, "embedding", "there is nothing that it is of");
  }
  if (root.scope() != nullptr) {
    info.scope = Scope{embedding, to_vector(root.scope())};
  }
}

BundleInfo decode_info(const fbs::Index& root, std::size_t index_size) {
  BundleInfo info;
  if (root.kind() == 0) {
    fail(Code::corrupt, "kind", "it is missing");
  }
  info.kind = to_enum(root.kind(), BundleKind::pool, "kind");
  info.tensors = decode_tensors(root, index_size);
  if (const auto* const provenance = root.provenance()) {
    info.provenance = in_field("provenance", [&] { return decode(*provenance); });
  }
  if (const auto* const config = root.config()) {
    info.config = in_field("config", [&] { return decode(*config); });
  }
  if (const auto* const tokenizer = root.tokenizer()) {
    info.tokenizer = in_field("tokenizer", [&] { return decode(*tokenizer); });
    info.tokenizer->chat_format = decode_chat_format(root);
  }
  info.adapters = decode_adapters(root);
  if (const auto* const base = root.base()) {
    info.base = to_hash(*base);
  }
  info.pool_tau = root.pool_tau();
  decode_embedding(root, info);
  return info;
}

}  // namespace

Index decode_index(ByteSpan bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), max_table_depth, max_table_visits);
  if (bytes.size() > max_index_size || !fbs::VerifyIndexBuffer(verifier)) {
    throw Error(Code::corrupt, "index: not a FlatBuffer of its schema");
  }
  const fbs::Index& root = *fbs::GetIndex(bytes.data());
  return in_field("index", [&] {
    return Index{.info = decode_info(root, bytes.size()), .frames = decode_frames(root)};
  });
}

}  // namespace crayon::formats
