// What the numbers of an index mean, and which are legal.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "base/error.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"
#include "formats/error_context.h"

namespace crayon::formats {
namespace {

// Control characters could make a terminal lie when the text is printed.
void check_text(std::string_view field, std::string_view text, std::size_t least,
                std::size_t limit) {
  if (text.size() < least || text.size() > limit) {
    fail(text.size() > limit ? Code::over_limit : Code::corrupt, field,
         fmt::format("{} bytes are not in {}..{}", text.size(), least, limit));
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) {
    fail(Code::corrupt, field, "it has a control character");
  }
}

void check_size(std::string_view field, std::uint64_t value, std::uint64_t limit) {
  if (value == 0 || value > limit) {
    fail(value == 0 ? Code::corrupt : Code::over_limit, field,
         fmt::format("{} is not in 1..{}", value, limit));
  }
}

void check_count(std::string_view list, std::size_t count, std::size_t limit) {
  if (count > limit) {
    fail(Code::over_limit, list, fmt::format("{} are more than {}", count, limit));
  }
}

void check_frame(const Frame& frame, std::uint64_t expected_offset) {
  if (frame.offset != expected_offset) {
    fail(Code::corrupt, "offset",
         fmt::format("{} where what comes before ends at {}", frame.offset, expected_offset));
  }
  check_size("stored_size", frame.stored_size, max_stored_size);
  check_size("decoded_size", frame.decoded_size, max_decoded_size);
}

// The frames lie end to end from the header to `data_end`. Returns what they decode to.
std::uint64_t check_frames(const std::vector<Frame>& frames, std::uint64_t data_end) {
  check_count("frames", frames.size(), max_frames);
  // At most max_frames x about 1 MiB: these sums cannot wrap.
  std::uint64_t offset = header_size;
  std::uint64_t decoded = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    in_entry("frames", i, [&] { check_frame(frames[i], offset); });
    offset += frames[i].stored_size;
    decoded += frames[i].decoded_size;
  }
  if (offset != data_end) {
    fail(Code::corrupt, "frames",
         fmt::format("the last one ends at {} and the index starts at {}", offset, data_end));
  }
  const std::uint64_t limit = decoded_floor + decoded_ratio * data_end;
  if (decoded > limit) {
    fail(Code::over_limit, "frames",
         fmt::format("they decode to {} bytes, more than {} for a file of this size", decoded,
                     limit));
  }
  return decoded;
}

// A place in the decoded bytes of the frames.
struct Cursor {
  std::size_t frame = 0;
  std::uint64_t offset = 0;  // in the decoded bytes of `frame`
  std::uint64_t left = 0;    // to the end of the last frame

  void advance(std::uint64_t size, const std::vector<Frame>& frames) {
    left -= size;
    offset += size;
    while (frame < frames.size() && offset >= frames[frame].decoded_size) {
      offset -= frames[frame].decoded_size;
      ++frame;
    }
  }
};

// Returns the tensor's size.
std::uint64_t check_tensor(const TensorEntry& tensor, const Cursor& expected) {
  check_text("name", tensor.name, 1, max_name_size);
  if (tensor.shape.rows == 0 || tensor.shape.cols == 0) {
    fail(Code::corrupt, "shape", fmt::format("{} is empty", tensor.name));
  }
  const std::uint64_t size = stored_bytes(tensor.dtype, tensor.shape, "shape");
  if (size > expected.left) {
    fail(Code::corrupt, "shape",
         fmt::format("{} needs {} bytes and the frames have {} left", tensor.name, size,
                     expected.left));
  }
  if (tensor.first_frame != expected.frame || tensor.offset != expected.offset) {
    fail(Code::corrupt, tensor.first_frame != expected.frame ? "first_frame" : "offset",
         fmt::format("{} starts at {}:{} where what comes before ends at {}:{}", tensor.name,
                     tensor.first_frame, tensor.offset, expected.frame, expected.offset));
  }
  return size;
}

// The tensors lie end to end over the decoded bytes of the frames.
void check_tensors(const Index& index, std::uint64_t decoded) {
  const std::vector<TensorEntry>& tensors = index.info.tensors;
  check_count("tensors", tensors.size(), max_tensors);
  std::unordered_set<std::string_view> names;
  Cursor cursor{.left = decoded};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    in_entry("tensors", i, [&] {
      if (!names.insert(tensors[i].name).second) {
        fail(Code::corrupt, "name", fmt::format("there are two {}", tensors[i].name));
      }
      cursor.advance(check_tensor(tensors[i], cursor), index.frames);
    });
  }
  if (cursor.left != 0) {
    fail(Code::corrupt, "tensors",
         fmt::format("{} decoded bytes of the frames belong to none", cursor.left));
  }
}

void check_provenance(const Provenance& provenance) {
  check_text("provenance.source", provenance.source, 0, max_provenance_size);
  check_text("provenance.source_hash", provenance.source_hash, 0, max_provenance_size);
  check_text("provenance.tool", provenance.tool, 0, max_provenance_size);
  check_text("provenance.licence", provenance.licence, 0, max_provenance_size);
}

void require(bool present, bool needed, std::string_view field, BundleKind kind) {
  if (present != needed) {
    fail(Code::corrupt, field,
         fmt::format("a bundle of kind {} {}", kind_name(kind),
                     needed ? "needs it" : "cannot have it"));
  }
}

void check_model(const ModelConfig& config, const TokenizerData& tokenizer) {
  check(config);
  check_text("config.architecture", config.architecture, 1, max_name_size);
  check(tokenizer);
  check_text("tokenizer.chat_format.name", tokenizer.chat_format.name, 1, max_chat_format_bytes);
  check_text("tokenizer.chat_format.note", tokenizer.chat_format.note, 0, max_chat_text_bytes);
  // Fewer is usual: models round their vocabulary up.
  if (tokenizer.pieces.size() > config.vocab_size) {
    fail(Code::corrupt, "tokenizer.pieces",
         fmt::format("{} tokens for a model that knows {}", tokenizer.pieces.size(),
                     config.vocab_size));
  }
}

void check_experts(const AdapterInfo& adapter, BundleKind kind) {
  const ExpertsInfo& experts = *adapter.experts;
  require(true, kind == BundleKind::adapter, "expert_ranks", kind);
  std::uint64_t sum = 0;
  for (const std::uint32_t rank : experts.ranks) {
    check_size("expert_ranks", rank, max_rank);
    sum += rank;
  }
  if (sum != adapter.rank) {
    fail(Code::corrupt, "expert_ranks",
         fmt::format("they sum up to {}, not to rank {}", sum, adapter.rank));
  }
  check_size("router_top_k", experts.top_k, experts.ranks.size());
  if (!std::isfinite(experts.temperature) || experts.temperature <= 0) {
    fail(Code::corrupt, "router_temperature",
         fmt::format("{} is not a positive number", experts.temperature));
  }
}

void check_adapters(const BundleInfo& info) {
  check_count("adapters", info.adapters.size(),
              info.kind == BundleKind::adapter ? 1 : max_adapters);
  std::unordered_set<std::string_view> names;
  for (std::size_t i = 0; i < info.adapters.size(); ++i) {
    const AdapterInfo& adapter = info.adapters[i];
    in_entry("adapters", i, [&] {
      check_text("name", adapter.name, 1, max_name_size);
      if (!names.insert(adapter.name).second) {
        fail(Code::corrupt, "name", fmt::format("there are two {}", adapter.name));
      }
      check_size("rank", adapter.rank, max_rank);
      if (!std::isfinite(adapter.scale)) {
        fail(Code::corrupt, "scale", "not a finite number");
      }
      if (adapter.experts) {
        check_experts(adapter, info.kind);
      }
    });
  }
}

void check_pool(const BundleInfo& info) {
  if (!std::isfinite(info.pool_tau) || info.pool_tau <= 0.0f) {
    fail(Code::corrupt, "pool_tau", fmt::format("{} is not a positive number", info.pool_tau));
  }
  const std::string_view name = indicators(info.pool_embedding);
  const auto found =
      std::find_if(info.tensors.begin(), info.tensors.end(),
                   [name](const TensorEntry& tensor) { return tensor.name == name; });
  if (found == info.tensors.end() || found->shape.rows != info.adapters.size()) {
    fail(Code::corrupt, "tensors",
         fmt::format("a pool needs {} with a row for each of its {} adapters", name,
                     info.adapters.size()));
  }
}

void check_scope(const Scope& scope) {
  check_size("scope", scope.centre.size(), max_embedding_size);
  const auto finite = [](float value) { return std::isfinite(value); };
  if (!std::all_of(scope.centre.begin(), scope.centre.end(), finite)) {
    fail(Code::corrupt, "scope", "not a finite number");
  }
}

}  // namespace

const char* kind_name(BundleKind kind) {
  switch (kind) {
    case BundleKind::model:
      return "model";
    case BundleKind::adapter:
      return "adapter";
    case BundleKind::pool:
      return "pool";
    case BundleKind::state:
      return "state";
    case BundleKind::encoder:
      return "encoder";
    case BundleKind::gallery:
      return "gallery";
  }
  return "unknown";
}

void check_index(const Index& index, std::uint64_t data_end) {
  in_field("index", [&] {
    const BundleInfo& info = index.info;
    check_tensors(index, check_frames(index.frames, data_end));
    check_provenance(info.provenance);
    const bool encoder = info.kind == BundleKind::encoder;
    const bool model = encoder || info.kind == BundleKind::model;
    const bool adapters = info.kind == BundleKind::adapter || info.kind == BundleKind::pool;
    require(info.config.has_value(), model, "config", info.kind);
    require(info.tokenizer.has_value(), model, "tokenizer", info.kind);
    require(info.image.has_value(), encoder, "image", info.kind);
    require(!info.adapters.empty(), adapters, "adapters", info.kind);
    require(info.base.has_value(), !model, "base", info.kind);
    require(info.state.has_value(), info.kind == BundleKind::state, "state", info.kind);
    require(info.gallery.has_value(), info.kind == BundleKind::gallery, "gallery", info.kind);
    if (model) {
      check_model(*info.config, *info.tokenizer);
      require(info.config->is_encoder(), encoder, "config.output_dim", info.kind);
    }
    if (info.image) {
      check(*info.image, *info.config);
    }
    if (info.state) {
      check(*info.state, info.tensors);
    }
    if (info.gallery) {
      check(*info.gallery, info.tensors);
    }
    if (adapters) {
      check_adapters(info);
    }
    if (info.kind == BundleKind::pool) {
      check_pool(info);
    }
    if (info.scope) {
      require(true, info.kind == BundleKind::adapter, "scope", info.kind);
      check_scope(*info.scope);
    }
    if (info.routing) {
      require(true, adapters, "routing", info.kind);
      in_field("routing", [&] { check(*info.routing); });
    }
  });
}

}  // namespace crayon::formats
