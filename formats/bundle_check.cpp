// What the numbers of an index mean, and which are legal.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "base/checked.h"
#include "base/error.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"

namespace crayon::formats {
namespace {

[[noreturn]] void fail(Code code, std::string_view field, std::string_view problem) {
  throw Error(code, fmt::format("index.{}: {}", field, problem));
}

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

// The frames lie end to end from the header to `data_end`. Returns what they decode to.
std::uint64_t check_frames(const std::vector<Frame>& frames, std::uint64_t data_end) {
  if (frames.size() > max_frames) {
    fail(Code::over_limit, "frames",
         fmt::format("{} are more than the {} that are allowed", frames.size(), max_frames));
  }
  std::uint64_t offset = header_size;
  std::uint64_t decoded = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Frame& frame = frames[i];
    const auto field = [&](const char* name) { return fmt::format("frames[{}].{}", i, name); };
    if (frame.offset != offset) {
      fail(Code::corrupt, field("offset"),
           fmt::format("{} where the frame before ends at {}", frame.offset, offset));
    }
    if (frame.stored_size == 0 || frame.stored_size > max_stored_size) {
      fail(Code::over_limit, field("stored_size"),
           fmt::format("{} is not in 1..{}", frame.stored_size, max_stored_size));
    }
    if (frame.decoded_size == 0 || frame.decoded_size > max_decoded_size) {
      fail(Code::over_limit, field("decoded_size"),
           fmt::format("{} is not in 1..{}", frame.decoded_size, max_decoded_size));
    }
    // At most max_frames x about 1 MiB: these sums cannot wrap.
    offset += frame.stored_size;
    decoded += frame.decoded_size;
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

// The tensors lie end to end over the decoded bytes of the frames.
void check_tensors(const Index& index, std::uint64_t decoded) {
  const std::vector<TensorEntry>& tensors = index.info.tensors;
  if (tensors.size() > max_tensors) {
    fail(Code::over_limit, "tensors",
         fmt::format("{} are more than the {} that are allowed", tensors.size(), max_tensors));
  }
  std::unordered_set<std::string_view> names;
  std::size_t frame = 0;
  std::uint64_t offset = 0;  // in the decoded bytes of `frame`
  std::uint64_t left = decoded;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorEntry& tensor = tensors[i];
    const auto field = [&](const char* name) {
      return fmt::format("tensors[{}]{}{}", i, *name == 0 ? "" : ".", name);
    };
    check_text(field("name"), tensor.name, 1, max_name_size);
    if (!names.insert(tensor.name).second) {
      fail(Code::corrupt, field("name"), fmt::format("there are two {}", tensor.name));
    }
    if (tensor.shape.rows == 0 || tensor.shape.cols == 0) {
      fail(Code::corrupt, field("shape"), fmt::format("{} is empty", tensor.name));
    }
    const std::uint64_t size = stored_bytes(
        tensor.dtype, tensor.shape, fmt::format("index.{} ({})", field("shape"), tensor.name));
    if (size > left) {
      fail(Code::corrupt, field("shape"),
           fmt::format("{} needs {} bytes and the frames have {} left", tensor.name, size, left));
    }
    if (tensor.first_frame != frame || tensor.offset != offset) {
      fail(Code::corrupt, field(tensor.first_frame != frame ? "first_frame" : "offset"),
           fmt::format("{} starts at {}:{} where the tensor before ends at {}:{}", tensor.name,
                       tensor.first_frame, tensor.offset, frame, offset));
    }
    left -= size;
    offset += size;
    while (frame < index.frames.size() && offset >= index.frames[frame].decoded_size) {
      offset -= index.frames[frame].decoded_size;
      ++frame;
    }
  }
  if (left != 0) {
    fail(Code::corrupt, "tensors",
         fmt::format("{} decoded bytes of the frames belong to none", left));
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

void check_model(const BundleInfo& info) {
  check(*info.config);
  check_text("config.architecture", info.config->architecture, 1, max_name_size);
  check(*info.tokenizer);
  check_text("tokenizer.chat_format", info.tokenizer->chat_format, 1, max_name_size);
  // Fewer is usual: models round their vocabulary up.
  if (info.tokenizer->pieces.size() > info.config->vocab_size) {
    fail(Code::corrupt, "tokenizer.pieces",
         fmt::format("{} tokens for a model that knows {}", info.tokenizer->pieces.size(),
                     info.config->vocab_size));
  }
}

void check_adapters(const BundleInfo& info) {
  if (info.adapters.size() > max_adapters) {
    fail(Code::over_limit, "adapters",
         fmt::format("{} are more than the {} that are allowed", info.adapters.size(),
                     max_adapters));
  }
  if (info.kind == BundleKind::adapter && info.adapters.size() != 1) {
    fail(Code::corrupt, "adapters",
         fmt::format("{} where an adapter bundle has one", info.adapters.size()));
  }
  std::unordered_set<std::string_view> names;
  for (std::size_t i = 0; i < info.adapters.size(); ++i) {
    const AdapterInfo& adapter = info.adapters[i];
    const auto field = [&](const char* name) { return fmt::format("adapters[{}].{}", i, name); };
    check_text(field("name"), adapter.name, 1, max_name_size);
    if (!names.insert(adapter.name).second) {
      fail(Code::corrupt, field("name"), fmt::format("there are two {}", adapter.name));
    }
    if (adapter.rank == 0 || adapter.rank > max_rank) {
      fail(Code::over_limit, field("rank"),
           fmt::format("{} is not in 1..{}", adapter.rank, max_rank));
    }
    if (!std::isfinite(adapter.scale)) {
      fail(Code::corrupt, field("scale"), "not a finite number");
    }
  }
}

void check_pool(const BundleInfo& info) {
  if (!std::isfinite(info.pool_tau) || info.pool_tau <= 0.0f) {
    fail(Code::corrupt, "pool_tau", fmt::format("{} is not a positive number", info.pool_tau));
  }
  const auto found = std::find_if(info.tensors.begin(), info.tensors.end(),
                                  [](const TensorEntry& t) { return t.name == "indicators"; });
  if (found == info.tensors.end() || found->shape.rows != info.adapters.size()) {
    fail(Code::corrupt, "tensors",
         fmt::format("a pool needs indicators with a row for each of its {} adapters",
                     info.adapters.size()));
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
  }
  return "unknown";
}

void check_index(const Index& index, std::uint64_t data_end) {
  const BundleInfo& info = index.info;
  check_tensors(index, check_frames(index.frames, data_end));
  check_provenance(info.provenance);
  const bool model = info.kind == BundleKind::model;
  require(info.config.has_value(), model, "config", info.kind);
  require(info.tokenizer.has_value(), model, "tokenizer", info.kind);
  require(!info.adapters.empty(), !model, "adapters", info.kind);
  require(info.base.has_value(), !model, "base", info.kind);
  if (model) {
    check_model(info);
  } else {
    check_adapters(info);
  }
  if (info.kind == BundleKind::pool) {
    check_pool(info);
  }
}

}  // namespace crayon::formats
