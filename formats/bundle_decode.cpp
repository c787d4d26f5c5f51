// FlatBuffer -> Index. Nothing here trusts a number.

#include <bundle_generated.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "formats/bundle_decode_parts.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

// The schema nests two tables in the root. A hostile buffer can name one table many times over;
// the second limit is on visits.
constexpr std::uint32_t max_table_depth = 3;
constexpr std::uint32_t max_table_visits = max_tensors + max_adapters + 16;

Hash to_hash(const fbs::Hash& hash) {
  Hash result;
  std::memcpy(result.data(), hash.bytes()->data(), result.size());
  return result;
}

Provenance decode(const fbs::Provenance& provenance) {
  constexpr std::size_t limit = max_provenance_size;
  return {.source = to_string(provenance.source(), limit, "source"),
          .source_hash = to_string(provenance.source_hash(), limit, "source_hash"),
          .tool = to_string(provenance.tool(), limit, "tool"),
          .licence = to_string(provenance.licence(), limit, "licence")};
}

/// Of a model's index. Bundles that are older than the table have a preset's name alone.
ChatFormat decode_chat_format(const fbs::Index& index) {
  constexpr std::string_view field = "tokenizer.chat_format";
  std::string name = to_string(index.tokenizer()->chat_format(), max_chat_format_bytes, field);
  if (index.chat_format() != nullptr) {
    return in_field("chat_format",
                    [&] { return decode_chat(*index.chat_format(), std::move(name)); });
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
          .dtype = to_enum(tensor.dtype(), Dtype::i4, "dtype"),
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

GalleryInfo decode(const fbs::Gallery& gallery, std::size_t index_size) {
  GalleryInfo info;
  info.folder = to_string(gallery.folder(), max_image_name, "folder");
  const std::uint32_t count = size_of(gallery.names(), max_images, "names");
  std::size_t name_bytes = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    info.names.push_back(to_string(gallery.names()->Get(i), max_image_name, "names"));
    name_bytes += info.names.back().size();
    if (name_bytes > index_size) {  // one long name, many times over
      fail(Code::corrupt, "names", "they are larger than the index");
    }
  }
  return info;
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
  info.kind = to_enum(root.kind(), last_kind, "kind");
  info.tensors = decode_tensors(root, index_size);
  if (const auto* const provenance = root.provenance()) {
    info.provenance = in_field("provenance", [&] { return decode(*provenance); });
  }
  if (const auto* const config = root.config()) {
    info.config = in_field("config", [&] { return decode_config(*config); });
  }
  if (const auto* const tokenizer = root.tokenizer()) {
    info.tokenizer = in_field("tokenizer", [&] { return decode_tokenizer(*tokenizer); });
    info.tokenizer->chat_format = decode_chat_format(root);
  }
  info.adapters = decode_adapters(root);
  if (const auto* const base = root.base()) {
    info.base = to_hash(*base);
  }
  info.pool_tau = root.pool_tau();
  decode_embedding(root, info);
  if (const auto* const routing = root.routing()) {
    info.routing = in_field("routing", [&] { return decode_routing(*routing); });
  }
  if (const auto* const state = root.state()) {
    info.state = in_field("state", [&] { return decode_state(*state); });
  }
  if (const auto* const image = root.image()) {
    info.image = in_field("image", [&] { return decode_image(*image); });
  }
  if (const auto* const gallery = root.gallery()) {
    info.gallery = in_field("gallery", [&] { return decode(*gallery, index_size); });
  }
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
