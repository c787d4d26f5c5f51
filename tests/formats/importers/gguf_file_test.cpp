// GGUF as bytes: types, versions, counts that lie, what is cut off or damaged.
#include "base/half.h"
#include "formats/importers/gguf.h"
#include "tests/formats/importers/with_gguf.h"

namespace crayon::importers {
namespace {

using formats::ModelSource;
using test::code_of;
using test::GgufWriter;

using GgufBytes = test::WithGguf;

// One tensor of 64 numbers in two rows, in each type.
class GgufTypes : public GgufBytes {
 protected:
  std::vector<float> read(std::uint32_t type, ByteSpan bytes) {
    GgufWriter writer;
    writer.add_tensor("t", {32, 2}, type, bytes);
    const GgufFile file(write(writer));
    std::vector<float> values(64);
    file.read_rows(file.tensors().at(0), 0, 2, values);
    std::vector<float> second(32);
    file.read_rows(file.tensors().at(0), 1, 1, second);
    EXPECT_TRUE(std::equal(second.begin(), second.end(), values.begin() + 32));
    return values;
  }
};

TEST_F(GgufTypes, F16AndBf16) {
  test::ByteWriter half;
  test::ByteWriter brain;
  for (int i = 0; i < 64; ++i) {
    half.put(f32_to_f16(static_cast<float>(i) - 31.5f));
    brain.put(
        static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(i)) >> 16));
  }
  const std::vector<float> halves = read(1, half.bytes());
  const std::vector<float> brains = read(30, brain.bytes());
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(halves[static_cast<std::size_t>(i)], static_cast<float>(i) - 31.5f);
    EXPECT_EQ(brains[static_cast<std::size_t>(i)], static_cast<float>(i));
  }
}

TEST_F(GgufTypes, Q8_0) {
  test::ByteWriter bytes;
  for (int row = 0; row < 2; ++row) {
    bytes.put(f32_to_f16(row == 0 ? 0.5f : -2.0f));
    for (int i = 0; i < 32; ++i) {
      bytes.put(static_cast<std::int8_t>(i * 8 - 128));
    }
  }
  const std::vector<float> values = read(8, bytes.bytes());
  EXPECT_EQ(values[0], -64.0f);
  EXPECT_EQ(values[31], 60.0f);
  EXPECT_EQ(values[32], 256.0f);
  EXPECT_EQ(values[48], 0.0f);
}

TEST_F(GgufTypes, Q4_0) {
  test::ByteWriter bytes;
  for (int row = 0; row < 2; ++row) {
    bytes.put(f32_to_f16(row == 0 ? 1.0f : 0.25f));
    for (int i = 0; i < 16; ++i) {
      bytes.put(static_cast<std::uint8_t>(i | (15 - i) << 4));
    }
  }
  const std::vector<float> values = read(2, bytes.bytes());
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(values[i], static_cast<float>(i) - 8.0f);
    EXPECT_EQ(values[16 + i], 7.0f - static_cast<float>(i));
    EXPECT_EQ(values[32 + i], (static_cast<float>(i) - 8.0f) / 4);
  }
}

TEST_F(GgufBytes, RefusesVersionsAndByteOrdersItDoesNotKnow) {
  GgufWriter writer = test::tiny_gguf();
  writer.version = 2;
  EXPECT_NO_THROW(import(writer));
  writer.version = 1;
  EXPECT_EQ(failure(writer), Code::unsupported);
  writer.version = 0x03000000;
  std::string sentence;
  EXPECT_EQ(failure(writer, &sentence), Code::unsupported);
  EXPECT_NE(sentence.find("big-endian"), std::string::npos);
}

TEST_F(GgufBytes, RefusesDuplicates) {
  GgufWriter keys;
  keys.add_u32("k", 1);
  keys.add_u32("k", 1);
  EXPECT_EQ(code_of([&] { GgufFile{write(keys)}; }), Code::malformed);
  GgufWriter tensors;
  tensors.add_f32_tensor("t", {1}, std::vector<float>{1});
  tensors.add_f32_tensor("t", {1}, std::vector<float>{1});
  EXPECT_EQ(code_of([&] { GgufFile{write(tensors)}; }), Code::malformed);
}

TEST_F(GgufBytes, RefusesHostileCounts) {
  const auto code = [&](const GgufWriter& writer) {
    return code_of([&] { GgufFile{write(writer)}; });
  };
  test::ByteWriter array;  // 2^60 floats
  array.put<std::uint32_t>(6);
  array.put<std::uint64_t>(1ull << 60);
  GgufWriter writer;
  writer.add_raw("k", 9, array.bytes());
  EXPECT_EQ(code(writer), Code::truncated);

  test::ByteWriter nested;
  nested.put<std::uint32_t>(9);
  nested.put<std::uint64_t>(1);
  writer = {};
  writer.add_raw("k", 9, nested.bytes());
  EXPECT_EQ(code(writer), Code::unsupported);

  writer = {};
  writer.add_raw("k", 77, nested.bytes());
  EXPECT_EQ(code(writer), Code::unsupported);

  writer = {};
  writer.add_tensor("t", {1ull << 40, 1ull << 40}, 0, {});
  EXPECT_EQ(code(writer), Code::corrupt);
  writer = {};
  writer.add_tensor("t", {1ull << 40}, 0, {});
  EXPECT_EQ(code(writer), Code::truncated);
  writer = {};
  writer.add_tensor("t", {1, 0}, 0, {});
  EXPECT_EQ(code(writer), Code::malformed);
  writer = {};
  writer.add_tensor("t", {33}, 8, std::vector<std::uint8_t>(34));
  EXPECT_EQ(code(writer), Code::corrupt);
  writer = {};
  writer.add_u32("general.alignment", 48);
  EXPECT_EQ(code(writer), Code::malformed);
  writer = {};
  writer.add_raw("flag", 7, std::vector<std::uint8_t>{2});
  EXPECT_EQ(code(writer), Code::malformed);
}

TEST_F(GgufBytes, HonoursAnotherAlignment) {
  GgufWriter writer;
  writer.alignment = 64;
  writer.add_u32("general.alignment", 64);
  writer.add_f32_tensor("a", {1}, std::vector<float>{1});
  writer.add_f32_tensor("b", {1}, std::vector<float>{2});
  const GgufFile file(write(writer));
  float value = 0;
  file.read_rows(*file.find_tensor("b"), 0, 1, {&value, 1});
  EXPECT_EQ(value, 2);
}

TEST_F(GgufBytes, EveryTruncationIsAnError) {
  const std::vector<std::uint8_t> bytes = test::tiny_gguf().bytes();
  for (std::size_t size = 0; size < bytes.size() - 32; ++size) {  // the end is padding
    const auto path = write(ByteSpan(bytes).first(size));
    const Code code = code_of([&] { import_model(path, {}); });
    EXPECT_NE(code, Code::io) << size;
  }
}

TEST_F(GgufBytes, EveryCorruptedByteIsAnErrorOrAModel) {
  const GgufWriter writer = test::tiny_gguf();
  std::vector<std::uint8_t> bytes = writer.bytes();
  int refused = 0;
  for (std::size_t i = 0; i < writer.header_size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
      try {
        const ModelSource model = import_model(write(bytes), {});
        for (const formats::SourceTensor& tensor : model.tensors) {
          test::read_all(model, tensor.name);
        }
      } catch (const Error&) {
        ++refused;
      }
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ flip);
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace crayon::importers
