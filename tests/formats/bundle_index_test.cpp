#include "formats/bundle_index.h"

#include <gtest/gtest.h>

#include <string>

#include "formats/bundle_layout.h"
#include "tests/formats/bad_index.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::good_data_end;
using test::good_index;

TEST(BundleIndex, GoodOnesComeBack) {
  for (const BundleKind kind : {BundleKind::model, BundleKind::adapter, BundleKind::pool}) {
    const Index index = good_index(kind);
    const Index decoded = decode_index(encode_index(index));
    EXPECT_NO_THROW(check_index(decoded, good_data_end));
    EXPECT_EQ(decoded.info.kind, kind);
    EXPECT_EQ(decoded.info.provenance, index.info.provenance);
    EXPECT_EQ(decoded.info.config, index.info.config);
    EXPECT_EQ(decoded.info.tokenizer, index.info.tokenizer);
    EXPECT_EQ(decoded.info.base, index.info.base);
    ASSERT_EQ(decoded.info.adapters.size(), index.info.adapters.size());
    for (std::size_t i = 0; i < index.info.adapters.size(); ++i) {
      EXPECT_EQ(decoded.info.adapters[i].name, index.info.adapters[i].name);
      EXPECT_EQ(decoded.info.adapters[i].rank, index.info.adapters[i].rank);
      EXPECT_EQ(decoded.info.adapters[i].scale, index.info.adapters[i].scale);
    }
    ASSERT_EQ(decoded.frames.size(), 3u);
    EXPECT_EQ(decoded.frames[2].offset, index.frames[2].offset);
    ASSERT_EQ(decoded.info.tensors.size(), 5u);
    EXPECT_EQ(decoded.info.tensors[4].name, "e");
    EXPECT_EQ(decoded.info.tensors[4].offset, 20u);
  }
}

// A file of a few kilobytes must not make a reader set aside gigabytes.
TEST(BundleIndex, FramesDecodeToABoundedMultipleOfTheFile) {
  Index index = good_index(BundleKind::model);
  index.frames.clear();
  index.info.tensors.clear();
  std::uint64_t offset = header_size;
  for (int i = 0; i < 100; ++i) {
    index.frames.push_back({.offset = offset, .stored_size = 60, .decoded_size = 1 << 20});
    offset += 60;
  }
  index.info.tensors = {{.name = "bomb", .dtype = Dtype::f32, .shape = {100, 1 << 18}}};
  std::string sentence;
  EXPECT_EQ(code_of([&] { check_index(index, offset); }, &sentence), Code::over_limit);
  EXPECT_TRUE(sentence.starts_with("index.frames: ")) << sentence;
}

TEST(BundleIndex, TooLargeIsRefusedBeforeItIsBuilt) {
  Index index = good_index(BundleKind::model);
  TokenizerData& large = *index.info.tokenizer;
  large.pieces.assign(1u << 20, std::string(100, 'x'));
  large.types.assign(1u << 20, TokenType::normal);
  EXPECT_EQ(code_of([&] { (void)encode_index(index); }), Code::over_limit);
}

// Gemma's vocabulary is the largest in use: 256,000 pieces and 515,000 merges.
TEST(BundleIndex, TheLargestVocabularyInUseFits) {
  Index index = good_index(BundleKind::model);
  TokenizerData& large = *index.info.tokenizer;
  index.info.config->vocab_size = 256000;
  large.pieces.clear();
  for (int i = 0; i < 256000; ++i) {
    large.pieces.push_back("piece" + std::to_string(i));
  }
  large.types.assign(large.pieces.size(), TokenType::normal);
  large.merges.assign(515000, {0, 0});
  EXPECT_LT(encode_index(index).size(), max_index_size / 2 + max_index_size / 8);
}

}  // namespace
}  // namespace crayon::formats
