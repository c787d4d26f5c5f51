#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "formats/bundle.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"
#include "formats/error_context.h"
#include "formats/value_check.h"
#include "formats/zstd_frame.h"

namespace crayon::formats {

struct BundleWriter::State {
  State(const std::filesystem::path& file_path, BundleKind bundle_kind)
      : path(file_path), file(file_path), kind(bundle_kind) {
    block.reserve(max_decoded_size);
  }

  void check_complete() const;
  void append(ByteSpan bytes);
  void flush();

  std::filesystem::path path;
  AtomicFile file;
  BundleKind kind;
  FrameEncoder encoder;
  std::vector<std::uint8_t> block;  // decoded bytes of the next frame
  Index index;
  std::optional<ValueCheck> values;  // of the tensor that is being written
  std::uint64_t left = 0;            // bytes that it still lacks
};

void BundleWriter::State::check_complete() const {
  if (left != 0) {
    throw Error(Code::bad_argument, fmt::format("{}: tensor {} lacks {} bytes", path.string(),
                                                index.info.tensors.back().name, left));
  }
}

void BundleWriter::State::append(ByteSpan bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min<std::size_t>(bytes.size(), max_decoded_size - block.size());
    block.insert(block.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (block.size() == max_decoded_size) {
      flush();
    }
  }
}

void BundleWriter::State::flush() {
  if (block.empty()) {
    return;
  }
  const ByteSpan stored = encoder.encode(block);
  index.frames.push_back({.offset = file.position(),
                          .stored_size = static_cast<std::uint32_t>(stored.size()),
                          .decoded_size = static_cast<std::uint32_t>(block.size()),
                          .hash = hash_of(stored)});
  file.write(stored);
  block.clear();
}

BundleWriter::BundleWriter(const std::filesystem::path& path, BundleKind kind)
    : state_(std::make_unique<State>(path, kind)) {
  state_->file.write(encode_header(kind));
}

BundleWriter::~BundleWriter() = default;

void BundleWriter::begin_tensor(std::string name, Dtype dtype, Shape shape) {
  State& state = *state_;
  state.check_complete();
  state.left = stored_bytes(dtype, shape, name);
  state.values.emplace(name, dtype, shape);
  state.index.info.tensors.push_back(
      {.name = std::move(name),
       .dtype = dtype,
       .shape = shape,
       .first_frame = static_cast<std::uint32_t>(state.index.frames.size()),
       .offset = static_cast<std::uint32_t>(state.block.size())});
}

void BundleWriter::write(ByteSpan bytes) {
  State& state = *state_;
  if (bytes.size() > state.left) {
    throw Error(Code::bad_argument, fmt::format("{}: {} bytes are more than the tensor lacks, {}",
                                                state.path.string(), bytes.size(), state.left));
  }
  if (bytes.empty()) {
    return;
  }
  state.values->feed(bytes);
  state.left -= bytes.size();
  state.append(bytes);
}

void BundleWriter::add_f32(std::string name, Shape shape, std::span<const float> values) {
  begin_tensor(std::move(name), Dtype::f32, shape);
  write(as_bytes(values));
}

Hash BundleWriter::finish(BundleInfo info) {
  State& state = *state_;
  state.check_complete();
  state.flush();
  info.kind = state.kind;
  info.tensors = std::move(state.index.info.tensors);
  state.index.info = std::move(info);
  const std::vector<std::uint8_t> index = in_file(state.path, [&] {
    check_index(state.index, state.file.position());
    return encode_index(state.index);
  });
  state.file.write(encode_index_header(index.size()));
  Footer footer;
  footer.index_offset = state.file.position();
  footer.index_size = index.size();
  footer.index_hash = hash_of(index);
  state.file.write(index);
  state.file.write(encode_footer(footer, encode_header(state.kind)));
  state.file.commit();
  return footer.index_hash;
}

}  // namespace crayon::formats
