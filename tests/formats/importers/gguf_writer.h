#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/formats/importers/byte_writer.h"

namespace crayon::test {

/// Puts a GGUF together, well-formed or not.
class GgufWriter {
 public:
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;  ///< of the tensors; written nowhere by itself

  // Types are those of docs/gguf.md.
  void add_u32(std::string_view key, std::uint32_t value) { start(key, 4).put(value); }
  void add_f32(std::string_view key, float value) { start(key, 6).put(value); }
  void add_bool(std::string_view key, bool value) {
    start(key, 7).put<std::uint8_t>(value ? 1 : 0);
  }
  void add_text(std::string_view key, std::string_view value) { put_string(start(key, 8), value); }
  void add_texts(std::string_view key, const std::vector<std::string>& values) {
    ByteWriter& out = start_array(key, 8, values.size());
    for (const std::string& value : values) {
      put_string(out, value);
    }
  }
  void add_floats(std::string_view key, const std::vector<float>& values) {
    start_array(key, 6, values.size()).put_floats(values);
  }
  void add_ints(std::string_view key, const std::vector<std::int32_t>& values) {
    ByteWriter& out = start_array(key, 5, values.size());
    for (const std::int32_t value : values) {
      out.put(value);
    }
  }
  /// A key with any type and any bytes.
  void add_raw(std::string_view key, std::uint32_t type, ByteSpan bytes) {
    start(key, type).put_bytes(bytes);
  }

  /// `sizes` fastest first, as ggml has them.
  void add_tensor(std::string_view name, const std::vector<std::uint64_t>& sizes,
                  std::uint32_t type, ByteSpan bytes) {
    put_string(tensors_, name);
    tensors_.put(static_cast<std::uint32_t>(sizes.size()));
    for (const std::uint64_t size : sizes) {
      tensors_.put(size);
    }
    tensors_.put(type);
    tensors_.put(static_cast<std::uint64_t>(data_.bytes().size()));
    data_.put_bytes(bytes);
    data_.pad_to(alignment);
    ++tensor_count_;
  }
  void add_f32_tensor(std::string_view name, const std::vector<std::uint64_t>& sizes,
                      std::span<const float> values) {
    add_tensor(name, sizes, 0, as_bytes(values));
  }

  std::vector<std::uint8_t> bytes() const {
    ByteWriter out;
    out.put_text("GGUF");
    out.put(version);
    out.put(tensor_count_);
    out.put(key_count_);
    out.put_bytes(keys_.bytes());
    out.put_bytes(tensors_.bytes());
    out.pad_to(alignment);
    out.put_bytes(data_.bytes());
    return out.bytes();
  }
  /// Bytes in front of the tensors' numbers.
  std::size_t header_size() const { return bytes().size() - data_.bytes().size(); }

 private:
  static void put_string(ByteWriter& out, std::string_view text) {
    out.put(static_cast<std::uint64_t>(text.size()));
    out.put_text(text);
  }
  ByteWriter& start(std::string_view key, std::uint32_t type) {
    put_string(keys_, key);
    keys_.put(type);
    ++key_count_;
    return keys_;
  }
  ByteWriter& start_array(std::string_view key, std::uint32_t type, std::uint64_t count) {
    ByteWriter& out = start(key, 9);
    out.put(type);
    out.put(count);
    return out;
  }

  ByteWriter keys_, tensors_, data_;
  std::uint64_t key_count_ = 0;
  std::uint64_t tensor_count_ = 0;
};

}  // namespace crayon::test
