// Indices that no encoder of ours writes, the header and the footer field by field.

#include <bundle_generated.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::TempDir;

std::vector<std::uint8_t> finished(flatbuffers::FlatBufferBuilder& builder,
                                   flatbuffers::Offset<fbs::Index> root) {
  fbs::FinishIndexBuffer(builder, root);
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

Code refused(ByteSpan index, const std::string& field) {
  std::string sentence;
  const Code code = code_of([&] { check_index(decode_index(index), header_size); }, &sentence);
  EXPECT_TRUE(sentence.starts_with(field)) << sentence;
  return code;
}

TEST(BundleFields, NothingAtAll) {
  EXPECT_EQ(refused({}, "index: "), Code::corrupt);
  const std::vector<std::uint8_t> zeros(64);
  for (std::size_t size = 1; size <= zeros.size(); ++size) {
    EXPECT_EQ(refused(ByteSpan(zeros).first(size), "index: "), Code::corrupt);
  }
  flatbuffers::FlatBufferBuilder builder;
  EXPECT_EQ(refused(finished(builder, fbs::CreateIndex(builder)), "index.kind: "), Code::corrupt);
}

TEST(BundleFields, TablesWithoutFields) {
  flatbuffers::FlatBufferBuilder builder;
  const auto tensors = builder.CreateVector(
      std::vector<flatbuffers::Offset<fbs::Tensor>>{fbs::CreateTensor(builder)});
  EXPECT_EQ(refused(finished(builder, fbs::CreateIndex(builder, 1, 0, 0, tensors)),
                    "index.tensors[0].name: "),
            Code::corrupt);
  builder.Clear();
  const auto config = fbs::CreateConfig(builder);
  const auto tokenizer = fbs::CreateTokenizer(builder);
  EXPECT_EQ(refused(finished(builder, fbs::CreateIndex(builder, 1, 0, 0, 0, config, tokenizer)),
                    "index.config.architecture: "),
            Code::corrupt);
}

/// An index whose tokenizer has nothing but the name of a chat format.
std::vector<std::uint8_t> named_format(const char* name, bool table) {
  flatbuffers::FlatBufferBuilder builder;
  const auto text = builder.CreateString(name);
  fbs::TokenizerBuilder tokenizer(builder);
  tokenizer.add_chat_format(text);
  const auto tokenizer_table = tokenizer.Finish();
  const auto wrap = fbs::CreateChatWrap(builder, 0, 0, 9);
  const auto format = fbs::CreateChatFormat(builder, 0, false, 0, wrap);
  fbs::IndexBuilder index(builder);
  index.add_kind(1);
  index.add_tokenizer(tokenizer_table);
  if (table) {
    index.add_chat_format(format);
  }
  return finished(builder, index.Finish());
}

// Bundles that are older than the table of the chat format.
TEST(BundleFields, AChatFormatMayBeAName) {
  const Index index = decode_index(named_format("llama3", false));
  EXPECT_EQ(index.info.tokenizer->chat_format, chat_preset("llama3"));
  EXPECT_EQ(refused(named_format("morse", false), "index.tokenizer.chat_format: \"morse\""),
            Code::unsupported);
  EXPECT_EQ(refused(named_format("llama3", true), "index.chat_format.system.strip: 9"),
            Code::unsupported);
}

// One table that the vector names again and again: few bytes, many visits.
TEST(BundleFields, OneTableManyTimes) {
  const auto repeated = [](std::size_t times) {
    flatbuffers::FlatBufferBuilder builder;
    const auto name = builder.CreateString(std::string(max_name_size, 'n'));
    const auto tensor = fbs::CreateTensor(builder, name, 0, 1, 1);
    const auto tensors =
        builder.CreateVector(std::vector<flatbuffers::Offset<fbs::Tensor>>(times, tensor));
    return finished(builder, fbs::CreateIndex(builder, 1, 0, 0, tensors));
  };
  // The verifier stops at the limit on visits, the decoder at the bytes of the names.
  EXPECT_EQ(refused(repeated(max_tensors + max_adapters + 100), "index: "), Code::corrupt);
  EXPECT_EQ(refused(repeated(max_tensors + 1), "index.tensors: "), Code::over_limit);
  EXPECT_EQ(refused(repeated(max_tensors), "index.tensors: "), Code::corrupt);
}

TEST(BundleFields, PieceEndsMustClimbToTheEnd) {
  Index good;
  good.info.kind = BundleKind::model;
  good.info.config = test::sample_config();
  good.info.tokenizer = test::sample_tokenizer(TokenizerKind::byte_bpe);
  std::vector<std::uint8_t> index = encode_index(good);
  // "<s>" "a" "b" "ab" "\xff" ""
  const std::vector<std::uint32_t> ends = {3, 4, 5, 7, 8, 8};
  const ByteSpan pattern = as_bytes(std::span<const std::uint32_t>(ends));
  const auto found = std::search(index.begin(), index.end(), pattern.begin(), pattern.end());
  ASSERT_NE(found, index.end());
  std::uint8_t* const place = &*found;
  EXPECT_NO_THROW(check_index(decode_index(index), header_size));
  store_le(place + 4, std::uint32_t{2});
  EXPECT_EQ(refused(index, "index.tokenizer.piece_ends[1]: "), Code::corrupt);
  store_le(place + 4, std::uint32_t{9});
  EXPECT_EQ(refused(index, "index.tokenizer.piece_ends[1]: "), Code::corrupt);
  store_le(place + 4, std::uint32_t{4});
  store_le(place + 16, std::uint32_t{7});
  store_le(place + 20, std::uint32_t{7});
  EXPECT_EQ(refused(index, "index.tokenizer.piece_ends: "), Code::corrupt);
}

// ---- header and footer, their hashes being right ----

class Layout : public ::testing::Test {
 protected:
  Layout() {
    good_ = test::file_bytes(test::sample_bundle(BundleKind::adapter, dir_.path()));
    frames_ = test::frame_bytes(good_);
    index_ = test::index_bytes(good_);
  }

  Code open_code(ByteSpan bytes, const std::string& field) {
    const auto path = dir_ / "x.crayon";
    test::write_bytes(path, bytes);
    std::string sentence;
    const Code code = code_of([&] { (void)Bundle::open(path); }, &sentence);
    EXPECT_TRUE(sentence.starts_with(path.string() + ": " + field + ": ")) << sentence;
    return code;
  }

  // Changes a byte of the header, of the footer or of both (0: none) and makes the footer's hash
  // right again.
  std::vector<std::uint8_t> forged(std::size_t header_at, std::size_t footer_at,
                                   std::uint8_t value) const {
    std::vector<std::uint8_t> bytes = good_;
    if (header_at != 0) {
      bytes[header_at] = value;
    }
    const std::size_t footer = bytes.size() - footer_size;
    if (footer_at != 0) {
      bytes[footer + footer_at] = value;
    }
    Hasher hasher;
    hasher.update(ByteSpan(bytes).first(header_size));
    hasher.update(ByteSpan(bytes).subspan(footer, footer_size - sizeof(Hash)));
    store_le(&bytes[bytes.size() - sizeof(Hash)], hasher.finish());
    return bytes;
  }

  TempDir dir_;
  std::vector<std::uint8_t> good_, frames_, index_;
};

TEST_F(Layout, NewerMajorIsRefusedAndNewerMinorIsRead) {
  EXPECT_EQ(open_code(forged(14, 16, 2), "header.major"), Code::unsupported);
  EXPECT_EQ(open_code(forged(14, 16, 0), "header.major"), Code::unsupported);
  const auto path = dir_ / "minor.crayon";
  test::write_bytes(path, forged(16, 18, 7));
  EXPECT_NO_THROW(Bundle::open(path).verify({}));
}

TEST_F(Layout, OtherMagicIsAnotherFormat) {
  for (std::size_t at = 0; at < 14; ++at) {
    std::vector<std::uint8_t> bytes = good_;
    bytes[at] ^= 0x11;
    EXPECT_EQ(open_code(bytes, "header.magic"), Code::malformed);
  }
}

TEST_F(Layout, KindsMustAgree) {
  EXPECT_EQ(open_code(test::assemble(BundleKind::pool, frames_, index_), "index.kind"),
            Code::corrupt);
  EXPECT_EQ(open_code(forged(18, 0, 7), "header.kind"), Code::unsupported);
}

TEST_F(Layout, ReservedBytesAreZero) {
  for (std::size_t at = 19; at < header_size; ++at) {
    EXPECT_EQ(open_code(forged(at, 0, 1), "header.reserved"), Code::corrupt);
  }
  for (const std::size_t at : {20u, 23u, 152u, 167u}) {
    EXPECT_EQ(open_code(forged(0, at, 1), "footer.reserved"), Code::corrupt);
  }
  EXPECT_EQ(open_code(forged(0, 16, 9), "footer.version"), Code::corrupt);
}

TEST_F(Layout, IndexMustLieBetweenFramesAndFooter) {
  EXPECT_EQ(open_code(forged(0, 24, 0), "footer.index_offset"), Code::corrupt);
  EXPECT_EQ(open_code(forged(0, 31, 0xff), "footer.index_offset"), Code::corrupt);
  EXPECT_EQ(open_code(forged(0, 32, 0), "footer.index_offset"), Code::corrupt);
  EXPECT_EQ(open_code(forged(0, 35, 0xff), "footer.index_size"), Code::over_limit);
  EXPECT_EQ(open_code(forged(0, 39, 0xff), "footer.index_size"), Code::over_limit);
}

TEST_F(Layout, IndexMustBeASkippableFrame) {
  std::vector<std::uint8_t> bytes = good_;
  const std::size_t frame = bytes.size() - footer_size - index_.size() - skippable_header_size;
  for (std::size_t i = 0; i < skippable_header_size; ++i) {
    bytes = good_;
    bytes[frame + i] ^= 1;
    EXPECT_EQ(open_code(bytes, "index.frame"), Code::corrupt);
  }
}

// Who signed is for those to ask who trust somebody.
TEST_F(Layout, ReleaseAndKeyMayBeThereAndNoSignatureWithoutAKey) {
  const auto path = dir_ / "signed.crayon";
  test::write_bytes(path, forged(0, 80, 5));
  EXPECT_TRUE(Bundle::open(path).signer());
  for (const std::size_t at : {88u, 151u}) {
    EXPECT_EQ(open_code(forged(0, at, 5), "footer.signature"), Code::corrupt);
  }
  test::write_bytes(path, forged(0, 72, 5));
  EXPECT_EQ(Bundle::open(path).release(), 5u);
}

}  // namespace
}  // namespace crayon::formats
