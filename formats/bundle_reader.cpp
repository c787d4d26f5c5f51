#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "base/half.h"
#include "formats/bundle.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"
#include "formats/error_context.h"
#include "formats/quantize.h"
#include "formats/value_check.h"
#include "formats/zstd_frame.h"

namespace crayon::formats {

struct Bundle::LastFrame {
  std::mutex mutex;
  std::size_t index = 0;
  std::shared_ptr<const std::vector<std::uint8_t>> decoded;  // null: none yet
};

Bundle::Bundle(File file) : file_(std::move(file)), last_frame_(std::make_unique<LastFrame>()) {}
Bundle::Bundle(Bundle&&) noexcept = default;
Bundle::~Bundle() = default;

Bundle Bundle::open(const std::filesystem::path& path) {
  Bundle bundle{File(path)};
  in_file(path, [&] { bundle.load(); });
  return bundle;
}

void Bundle::load() {
  const std::uint64_t size = file_.size();
  HeaderBytes header{};
  file_.read_at(0, MutableByteSpan(header).first(std::min<std::uint64_t>(size, header.size())));
  if (size < header_size + skippable_header_size + footer_size) {
    throw Error(Code::truncated, fmt::format("header: {} bytes are too few for a bundle", size),
                "copy or download the file again");
  }
  const BundleKind kind = decode_header(header);

  FooterBytes footer_bytes;
  file_.read_at(size - footer_size, footer_bytes);
  const Footer footer = decode_footer(footer_bytes, header, size);

  SkippableHeader index_header;
  const std::uint64_t data_end = footer.index_offset - skippable_header_size;
  file_.read_at(data_end, index_header);
  check_index_header(index_header, footer.index_size);
  std::vector<std::uint8_t> bytes(footer.index_size);
  file_.read_at(footer.index_offset, bytes);
  if (hash_of(bytes) != footer.index_hash) {
    throw Error(Code::corrupt, "footer.index_hash: the index is damaged",
                "copy or download the file again");
  }

  Index index = decode_index(bytes);
  if (index.info.kind != kind) {
    throw Error(Code::corrupt, fmt::format("index.kind: {} where the header says {}",
                                           kind_name(index.info.kind), kind_name(kind)));
  }
  check_index(index, data_end);
  info_ = std::move(index.info);
  frames_ = std::move(index.frames);
  id_ = footer.index_hash;
  release_ = footer.release;
  if (footer.is_signed()) {
    signer_ = footer.key_id;
    const auto message = signed_bytes(footer, header);
    signed_bytes_.assign(message.begin(), message.end());
    signature_ = footer.signature;
  }

  frame_starts_.reserve(frames_.size() + 1);
  frame_starts_.push_back(0);
  for (const Frame& frame : frames_) {
    frame_starts_.push_back(frame_starts_.back() + frame.decoded_size);
  }

  by_name_.resize(info_.tensors.size());
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::sort(by_name_.begin(), by_name_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return info_.tensors[a].name < info_.tensors[b].name;
  });
}

bool Bundle::is_signed_by(const PublicKey& key) const {
  return signer_ == key.id() && formats::verify(signed_bytes_, signature_, key);
}

const TensorEntry* Bundle::find(std::string_view name) const {
  const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                      [&](std::uint32_t index, std::string_view wanted) {
                                        return info_.tensors[index].name < wanted;
                                      });
  if (found == by_name_.end() || info_.tensors[*found].name != name) {
    return nullptr;
  }
  return &info_.tensors[*found];
}

const TensorEntry& Bundle::at(std::string_view name) const {
  const TensorEntry* const tensor = find(name);
  if (tensor == nullptr) {
    throw Error(Code::missing_tensor,
                fmt::format("{}: there is no tensor {}", path().string(), name),
                "pack the bundle again from a complete source");
  }
  return *tensor;
}

void Bundle::decode_frame(std::size_t index, FrameBuffers& buffers) const {
  const Frame& frame = frames_[index];
  buffers.stored.resize(frame.stored_size);
  file_.read_at(frame.offset, buffers.stored);
  if (hash_of(buffers.stored) != frame.hash) {
    throw Error(Code::corrupt, fmt::format("frames[{}].hash: the weights are damaged", index),
                "copy or download the file again");
  }
  buffers.decoded.resize(frame.decoded_size);
  in_entry("frames", index, [&] { buffers.decoder.decode(buffers.stored, buffers.decoded); });
}

std::shared_ptr<const std::vector<std::uint8_t>> Bundle::frame(std::size_t index) const {
  {
    const std::lock_guard lock(last_frame_->mutex);
    if (last_frame_->decoded != nullptr && last_frame_->index == index) {
      return last_frame_->decoded;
    }
  }
  // Outside of the lock, so that threads decode side by side.
  FrameBuffers buffers;
  decode_frame(index, buffers);
  auto decoded = std::make_shared<const std::vector<std::uint8_t>>(std::move(buffers.decoded));
  const std::lock_guard lock(last_frame_->mutex);
  last_frame_->index = index;
  last_frame_->decoded = decoded;
  return decoded;
}

// An entry is normally one of info()'s, where everything fits; it need not be.
std::uint64_t Bundle::checked_size(const TensorEntry& tensor) const {
  const std::uint64_t size = stored_bytes(tensor.dtype, tensor.shape, tensor.name);
  const std::uint64_t end = checked_add(tensor.offset, size, tensor.name);
  if (tensor.first_frame >= frames_.size() ||
      tensor.offset >= frames_[tensor.first_frame].decoded_size ||
      end > frame_starts_.back() - frame_starts_[tensor.first_frame]) {
    throw Error(Code::bad_argument,
                fmt::format("tensor {} does not lie in {}", tensor.name, path().string()));
  }
  return size;
}

void Bundle::read(const TensorEntry& tensor, const std::function<void(ByteSpan)>& sink) const {
  std::uint64_t left = checked_size(tensor);
  std::size_t offset = tensor.offset;
  ValueCheck values(tensor.name, tensor.dtype, tensor.shape);
  for (std::size_t index = tensor.first_frame; left > 0; ++index) {
    const auto decoded = in_file(path(), [&] { return frame(index); });
    const ByteSpan bytes = ByteSpan(*decoded).subspan(offset);
    const ByteSpan piece = bytes.first(std::min<std::uint64_t>(left, bytes.size()));
    in_file(path(), [&] { values.feed(piece); });
    sink(piece);
    left -= piece.size();
    offset = 0;
  }
}

std::vector<float> Bundle::read_f32(const TensorEntry& tensor) const {
  const std::uint64_t size = checked_size(tensor);
  const std::size_t cols = tensor.shape.cols;
  std::vector<float> values(tensor.shape.rows * cols);
  // f32 needs no second copy.
  std::vector<std::uint8_t> other(tensor.dtype == Dtype::f32 ? 0 : size);
  const MutableByteSpan stored = tensor.dtype == Dtype::f32
                                     ? as_writable_bytes(std::span<float>(values))
                                     : MutableByteSpan(other);
  std::size_t filled = 0;
  read(tensor, [&](ByteSpan piece) {
    std::copy(piece.begin(), piece.end(), stored.subspan(filled).begin());
    filled += piece.size();
  });
  if (tensor.dtype == Dtype::f16) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = f16_to_f32(load_le<std::uint16_t>(&stored[i * sizeof(std::uint16_t)]));
    }
  } else if (tensor.dtype == Dtype::i4) {
    const std::size_t row_bytes = i4_row_bytes(cols);
    for (std::size_t row = 0; row < tensor.shape.rows; ++row) {
      dequantize_row_i4(stored.subspan(row * row_bytes, row_bytes),
                        std::span(values).subspan(row * cols, cols));
    }
  } else if (tensor.dtype == Dtype::i8) {
    const MutableByteSpan scales = stored.subspan(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto scale = load_le<float>(&scales[i / cols * sizeof(float)]);
      values[i] = scale * static_cast<float>(static_cast<std::int8_t>(stored[i]));
    }
  }
  return values;
}

void Bundle::verify(const std::function<void(double)>& progress) const {
  std::uint64_t total = 0;
  for (const TensorEntry& tensor : info_.tensors) {
    total += stored_bytes(tensor.dtype, tensor.shape, tensor.name);
  }
  std::uint64_t done = 0;
  for (const TensorEntry& tensor : info_.tensors) {
    read(tensor, [&](ByteSpan piece) {
      done += piece.size();
      if (progress) {
        progress(static_cast<double>(done) / static_cast<double>(total));
      }
    });
  }
}

}  // namespace crayon::formats
