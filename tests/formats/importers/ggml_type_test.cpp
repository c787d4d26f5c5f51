// ggml's types against the floats that ggml makes of the same blocks (tests/data/README.md).

#include "formats/importers/ggml_type.h"

#include "base/file.h"
#include "formats/importers/gguf.h"
#include "tests/formats/importers/gguf_writer.h"
#include "tests/support/support.h"

namespace crayon::importers {
namespace {

const GgmlType& type_named(const std::string& name) {
  for (std::uint32_t id = 0; id < 64; ++id) {
    if (const GgmlType* type = find_ggml_type(id); type != nullptr && type->name == name) {
      return *type;
    }
  }
  throw Error(Code::bad_argument, "no type " + name);
}

class Blocks : public testing::TestWithParam<std::string> {
 protected:
  std::vector<std::uint8_t> blocks() const { return read<std::uint8_t>("blocks"); }
  std::vector<std::uint32_t> float_bits() const { return read<std::uint32_t>("f32"); }

  /// A GGUF with one tensor of this type: its columns, the bytes of its one row.
  GgufFile file_with(std::uint64_t cols, ByteSpan bytes) {
    test::GgufWriter writer;
    writer.alignment = 1;
    writer.add_u32("general.alignment", 1);
    writer.add_tensor("t", {cols}, type_.id, bytes);
    test::write_file(folder_ / "t.gguf", writer.bytes());
    return GgufFile(folder_ / "t.gguf");
  }

  const GgmlType& type_ = type_named(GetParam());

 private:
  template <typename T>
  std::vector<T> read(const std::string& suffix) const {
    const File file(test::data() / "ggml" / (GetParam() + "." + suffix));
    std::vector<T> values(file.size() / sizeof(T));
    file.read_at(0, as_writable_bytes(std::span(values)));
    return values;
  }

  test::TempDir folder_;
};

TEST_P(Blocks, AreGgmlsFloatsBitForBit) {
  const std::vector<std::uint8_t> bytes = blocks();
  const std::vector<std::uint32_t> expected = float_bits();
  ASSERT_EQ(bytes.size() / type_.block_bytes * type_.block_elements, expected.size());
  ASSERT_GE(bytes.size() / type_.block_bytes, 12u);
  std::vector<float> floats(expected.size());
  type_.dequantize(bytes, floats);
  for (std::size_t i = 0; i < floats.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(floats[i]), expected[i])
        << "block " << i / type_.block_elements << ", number " << i % type_.block_elements << ": "
        << floats[i] << " for " << std::bit_cast<float>(expected[i]);
  }
}

TEST_P(Blocks, ARowOfBrokenBlocksIsRefused) {
  const std::vector<std::uint8_t> bytes = blocks();
  const std::uint64_t cols = float_bits().size();
  EXPECT_EQ(file_with(cols, bytes).tensors().at(0).shape.cols, cols);
  for (const std::uint64_t odd : {cols - 1, cols + 1, cols - type_.block_elements / 2}) {
    std::string sentence;
    EXPECT_EQ(test::code_of([&] { file_with(odd, bytes); }, &sentence), Code::corrupt) << odd;
    EXPECT_NE(sentence.find(GetParam()), std::string::npos) << sentence;
  }
  const ByteSpan all = bytes;
  for (const std::size_t kept : {all.size() - 1, all.size() - type_.block_bytes, std::size_t{0}}) {
    EXPECT_EQ(test::code_of([&] { file_with(cols, all.first(kept)); }), Code::truncated) << kept;
  }
}

INSTANTIATE_TEST_SUITE_P(, Blocks,
                         testing::Values("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K",
                                         "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"),
                         [](const auto& value) { return value.param; });

TEST(GgmlTypes, AreReadOrKnownByName) {
  EXPECT_EQ(readable_ggml_types(),
            "F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, "
            "BF16");
  EXPECT_EQ(ggml_type_name(29), "IQ1_M");
  EXPECT_EQ(find_ggml_type(29)->dequantize, nullptr);
  EXPECT_EQ(ggml_type_name(99), "type 99");
  EXPECT_EQ(find_ggml_type(99), nullptr);
}

}  // namespace
}  // namespace crayon::importers
