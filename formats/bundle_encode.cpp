// Index -> FlatBuffer.

#include <bundle_generated.h>
#include <fmt/format.h>

#include "base/error.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"

namespace crayon::formats {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::Vector;

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
    size += tensor.name.size() + 32;
  }
  if (const auto& tokenizer = index.info.tokenizer) {
    for (const std::string& piece : tokenizer->pieces) {
      size += piece.size() + 5;
    }
    for (const std::string& pattern : tokenizer->pre_tokenizers) {
      size += pattern.size();
    }
    size += tokenizer->merges.size() * sizeof(fbs::Merge) + tokenizer->charsmap.size();
  }
  if (const auto& routing = index.info.routing; routing && routing->probe) {
    size += routing->probe->weights.size() * sizeof(float);
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

template <typename T>
Offset<flatbuffers::Vector<T>> encode_list(FlatBufferBuilder& builder,
                                           const std::vector<T>& values) {
  return values.empty() ? Offset<flatbuffers::Vector<T>>() : builder.CreateVector(values);
}

Offset<flatbuffers::Vector<std::uint8_t>> encode_list(FlatBufferBuilder& builder,
                                                      const std::vector<bool>& values) {
  return encode_list(builder, std::vector<std::uint8_t>(values.begin(), values.end()));
}

Offset<fbs::Config> encode(FlatBufferBuilder& builder, const ModelConfig& config) {
  const auto architecture = builder.CreateString(config.architecture);
  const auto windowed = encode_list(builder, config.windowed);
  const auto unrotated = encode_list(builder, config.unrotated);
  const auto short_factors = encode_list(builder, config.rope_short_factors);
  const auto long_factors = encode_list(builder, config.rope_long_factors);
  return fbs::CreateConfig(
      builder, architecture, config.vocab_size, config.dim, config.layers, config.heads,
      config.kv_heads, config.head_dim, config.hidden_dim, config.max_context, config.norm_eps,
      config.rope_theta, static_cast<std::uint8_t>(config.rope_scaling), config.rope_factor,
      config.rope_low_freq_factor, config.rope_high_freq_factor, config.rope_original_context,
      config.tied_head, static_cast<std::uint8_t>(config.norm),
      static_cast<std::uint8_t>(config.activation), static_cast<std::uint8_t>(config.positions),
      config.gated, config.biases, config.qk_norm, config.post_norms, config.embedding_scale,
      config.attention_scale, config.attention_softcap, config.logit_softcap, config.window,
      windowed, unrotated, config.rope_dim, config.rope_window_theta, config.rope_beta_fast,
      config.rope_beta_slow, config.rope_magnitude, short_factors, long_factors, config.smoothed,
      config.static_ranges, config.causal, config.input_norm, config.output_dim, config.image_size,
      config.patch_size);
}

Offset<fbs::ImageTower> encode(FlatBufferBuilder& builder, const ImageTower& image) {
  const auto config = encode(builder, image.config);
  const auto mean = builder.CreateVector(image.pixels.mean.data(), image.pixels.mean.size());
  const auto deviation =
      builder.CreateVector(image.pixels.deviation.data(), image.pixels.deviation.size());
  return fbs::CreateImageTower(builder, config, mean, deviation, image.logit_scale);
}

Offset<fbs::Gallery> encode(FlatBufferBuilder& builder, const GalleryInfo& gallery) {
  const auto folder = builder.CreateString(gallery.folder);
  const auto names = builder.CreateVectorOfStrings(gallery.names);
  return fbs::CreateGallery(builder, folder, names);
}

Offset<Vector<std::uint8_t>> encode_charsmap(FlatBufferBuilder& builder,
                                             const TokenizerData& tokenizer) {
  const std::string& map = tokenizer.charsmap;
  return map.empty()
             ? 0
             : builder.CreateVector(reinterpret_cast<const std::uint8_t*>(map.data()), map.size());
}

Offset<Vector<const fbs::AddedToken*>> encode_added(FlatBufferBuilder& builder,
                                                    const TokenizerData& tokenizer) {
  std::vector<fbs::AddedToken> structs;
  for (const AddedToken& one : tokenizer.added) {
    structs.emplace_back(one.token, one.lstrip, one.rstrip, one.single_word, one.normalized);
  }
  return structs.empty() ? 0 : builder.CreateVectorOfStructs(structs);
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
  const auto chat_format = builder.CreateString(tokenizer.chat_format.name);
  const auto charsmap = encode_charsmap(builder, tokenizer);
  const auto added = encode_added(builder, tokenizer);
  return fbs::CreateTokenizer(
      builder, static_cast<std::uint8_t>(tokenizer.kind), bytes, ends, scores, types, merge_structs,
      patterns, tokenizer.ignore_merges, tokenizer.add_bos, tokenizer.add_eos,
      tokenizer.add_space_prefix, tokenizer.remove_extra_whitespace, tokenizer.normalize_nfc,
      tokenizer.bos.value_or(-1), tokenizer.eos.value_or(-1), tokenizer.unknown.value_or(-1),
      end_of_generation, chat_format, static_cast<std::uint8_t>(tokenizer.prefix_scope), charsmap,
      added, tokenizer.prefix_unless_space);
}

Offset<fbs::ChatWrap> encode(FlatBufferBuilder& builder, const ChatWrap& wrap) {
  const auto prefix = builder.CreateString(wrap.prefix);
  const auto suffix = builder.CreateString(wrap.suffix);
  const auto empty = wrap.empty ? builder.CreateString(*wrap.empty) : Offset<flatbuffers::String>();
  return fbs::CreateChatWrap(builder, prefix, suffix, static_cast<std::uint8_t>(wrap.strip), empty);
}

Offset<fbs::ChatFormat> encode(FlatBufferBuilder& builder, const ChatFormat& format) {
  const auto optional = [&](const std::optional<ChatWrap>& wrap) {
    return wrap ? encode(builder, *wrap) : Offset<fbs::ChatWrap>();
  };
  const auto note = builder.CreateString(format.note);
  const auto start = builder.CreateString(format.start);
  const auto system = optional(format.system);
  const auto later_system = optional(format.later_system);
  const auto user = encode(builder, format.user);
  const auto user_after_system = encode(builder, format.user_after_system);
  const auto assistant = encode(builder, format.assistant);
  const auto opening = builder.CreateString(format.opening);
  const auto thought_end = builder.CreateString(format.thought_end);
  const auto stops = builder.CreateVectorOfStrings(format.stops);
  return fbs::CreateChatFormat(builder, note, format.tokenizer_bos, start, system, later_system,
                               user, user_after_system, assistant, opening, format.system_last,
                               format.alternate, thought_end, format.thought_newlines, stops);
}

Offset<fbs::Routing> encode(FlatBufferBuilder& builder, const Routing& routing) {
  std::vector<Offset<fbs::RoutingSignal>> signals;
  for (const RoutingSignal& signal : routing.signals) {
    const auto name = builder.CreateString(signal.name);
    signals.push_back(
        fbs::CreateRoutingSignal(builder, name, signal.threshold, signal.auroc, signal.decides));
  }
  const auto tables = builder.CreateVector(signals);
  if (!routing.probe) {
    return fbs::CreateRouting(builder, routing.share, routing.examples, tables);
  }
  const auto embedding = builder.CreateString(embedding_name(routing.probe->embedding));
  const auto weights = builder.CreateVector(routing.probe->weights);
  return fbs::CreateRouting(builder, routing.share, routing.examples, tables, embedding, weights,
                            routing.probe->bias);
}

Offset<fbs::State> encode(FlatBufferBuilder& builder, const StateInfo& state) {
  const fbs::Hash adapters = to_fbs(state.adapters);
  const auto rule = builder.CreateString(state.rule.name);
  const auto catalyst = encode_list(builder, state.rule.catalyst);
  return fbs::CreateState(builder, &adapters, rule, state.rule.keep, state.rule.surprise_share,
                          state.rule.sinks, state.rule.observed, state.rule.pooled,
                          state.rule.sampled, catalyst, static_cast<std::uint8_t>(state.kv),
                          state.kv_heads, state.context, state.positions, state.distilled,
                          state.pinned, state.window_begin, state.dropped);
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
    const ExpertsInfo experts = adapter.experts.value_or(ExpertsInfo{{}, 0, 0.0f});
    const auto ranks = adapter.experts ? builder.CreateVector(experts.ranks) : 0;
    adapters.push_back(fbs::CreateAdapter(builder, name, adapter.rank, adapter.scale, ranks,
                                          experts.top_k, experts.temperature));
  }
  const auto adapter_tables = builder.CreateVector(adapters);
  const auto config = info.config ? encode(builder, *info.config) : Offset<fbs::Config>();
  const auto tokenizer =
      info.tokenizer ? encode(builder, *info.tokenizer) : Offset<fbs::Tokenizer>();
  const auto chat_format =
      info.tokenizer ? encode(builder, info.tokenizer->chat_format) : Offset<fbs::ChatFormat>();
  const Embedding embedding = info.scope ? info.scope->embedding : info.pool_embedding;
  const auto embedding_text = embedding == Embedding()
                                  ? Offset<flatbuffers::String>()
                                  : builder.CreateString(embedding_name(embedding));
  const auto scope =
      info.scope ? builder.CreateVector(info.scope->centre) : Offset<flatbuffers::Vector<float>>();
  const auto routing = info.routing ? encode(builder, *info.routing) : Offset<fbs::Routing>();
  const auto state = info.state ? encode(builder, *info.state) : Offset<fbs::State>();
  const auto image = info.image ? encode(builder, *info.image) : Offset<fbs::ImageTower>();
  const auto gallery = info.gallery ? encode(builder, *info.gallery) : Offset<fbs::Gallery>();
  const fbs::Hash base = to_fbs(info.base.value_or(Hash{}));
  fbs::FinishIndexBuffer(
      builder, fbs::CreateIndex(builder, static_cast<std::uint8_t>(info.kind), provenance,
                                frame_structs, tensor_tables, config, tokenizer, adapter_tables,
                                info.base ? &base : nullptr, info.pool_tau, embedding_text, scope,
                                chat_format, routing, state, image, gallery));
  check_index_size(builder.GetSize());
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

}  // namespace crayon::formats
