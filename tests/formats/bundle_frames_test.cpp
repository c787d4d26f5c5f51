// Data frames that lie, under an index whose hashes are right.

#include <gtest/gtest.h>
#include <zstd.h>

#include <cmath>
#include <limits>

#include "formats/bundle.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"
#include "formats/value_check.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::TempDir;

struct FrameOptions {
  bool content_size = true;
  bool checksum = true;
};

std::vector<std::uint8_t> compress(ByteSpan bytes, FrameOptions options = {}) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, options.content_size ? 1 : 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, options.checksum ? 1 : 0);
  std::vector<std::uint8_t> stored(ZSTD_compressBound(bytes.size()));
  stored.resize(ZSTD_compress2(context, stored.data(), stored.size(), bytes.data(), bytes.size()));
  ZSTD_freeCCtx(context);
  return stored;
}

// A model bundle of one tensor "t" [rows][cols], whose one frame is `stored` and is said to decode
// to `decoded_size` bytes.
void write_bundle(const std::filesystem::path& path, ByteSpan stored, std::uint32_t decoded_size,
                  Dtype dtype, Shape shape) {
  Index index;
  index.info.kind = BundleKind::model;
  index.info.config = test::sample_config();
  index.info.tokenizer = test::sample_tokenizer(TokenizerKind::byte_bpe);
  index.info.tensors = {{.name = "t", .dtype = dtype, .shape = shape}};
  index.frames = {{.offset = header_size,
                   .stored_size = static_cast<std::uint32_t>(stored.size()),
                   .decoded_size = decoded_size,
                   .hash = hash_of(stored)}};
  test::write_bytes(path, test::assemble(BundleKind::model, stored, encode_index(index)));
}

class BundleFrames : public ::testing::Test {
 protected:
  // The file opens; reading it fails, naming `field`.
  void expect_refused(ByteSpan stored, std::uint32_t decoded_size, const std::string& field) {
    write_bundle(dir_ / "m", stored, decoded_size, Dtype::f32,
                 {.rows = 1, .cols = decoded_size / 4});
    const Bundle bundle = Bundle::open(dir_ / "m");
    std::string sentence;
    EXPECT_EQ(code_of([&] { bundle.verify({}); }, &sentence), Code::corrupt);
    EXPECT_TRUE(sentence.starts_with((dir_ / "m").string() + ": frames[0]." + field + ":"))
        << sentence;
  }

  TempDir dir_;
  std::vector<float> values_ = std::vector<float>(100, 1.5f);
  ByteSpan bytes_ = as_bytes(std::span<const float>(values_));
};

TEST_F(BundleFrames, AnHonestOneIsRead) {
  write_bundle(dir_ / "m", compress(bytes_), 400, Dtype::f32, {.rows = 4, .cols = 25});
  const Bundle bundle = Bundle::open(dir_ / "m");
  EXPECT_EQ(bundle.read_f32(bundle.at("t")), values_);
}

TEST_F(BundleFrames, SizesMustBeTrue) {
  expect_refused(compress(bytes_), 404, "decoded_size");
  expect_refused(compress(bytes_), 396, "decoded_size");
  expect_refused(compress(bytes_), 4, "decoded_size");
  expect_refused(compress(bytes_), 1 << 20, "decoded_size");
  expect_refused(compress(bytes_, {.content_size = false}), 400, "decoded_size");
}

TEST_F(BundleFrames, AFrameIsOneFrame) {
  std::vector<std::uint8_t> stored = compress(bytes_);
  stored.push_back(0);
  expect_refused(stored, 400, "stored_size");
  stored.pop_back();
  stored.pop_back();
  expect_refused(stored, 400, "stored_size");
  std::vector<std::uint8_t> two = compress(bytes_.first(200));
  const std::vector<std::uint8_t> second = compress(bytes_.subspan(200));
  two.insert(two.end(), second.begin(), second.end());
  expect_refused(two, 400, "decoded_size");
  expect_refused(two, 200, "stored_size");
  // Skippable frames and other bytes.
  expect_refused(encode_header(BundleKind::model), 400, "zstd");
  expect_refused(std::vector<std::uint8_t>(3, 0x28), 400, "zstd");
  expect_refused(std::vector<std::uint8_t>(400, 4), 400, "decoded_size");
}

TEST_F(BundleFrames, AChecksumIsNeeded) {
  expect_refused(compress(bytes_, {.checksum = false}), 400, "zstd");
  std::vector<std::uint8_t> stored = compress(bytes_);
  stored.back() ^= 1;
  expect_refused(stored, 400, "zstd");
}

// Each byte of a frame, under a forged hash: refused, or the same numbers.
TEST_F(BundleFrames, DamageUnderAForgedHashIsFound) {
  std::vector<std::uint8_t> bytes(400);
  for (std::size_t i = 0; i < 360; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * i % 31);
  }
  const std::vector<std::uint8_t> stored = compress(bytes);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::vector<std::uint8_t> damaged = stored;
      damaged[i] = static_cast<std::uint8_t>(damaged[i] ^ (1 << bit));
      write_bundle(dir_ / "m", damaged, 400, Dtype::i8, {.rows = 10, .cols = 36});
      const Bundle bundle = Bundle::open(dir_ / "m");
      try {
        std::vector<std::uint8_t> read;
        bundle.read(bundle.at("t"),
                    [&](ByteSpan piece) { read.insert(read.end(), piece.begin(), piece.end()); });
        EXPECT_EQ(read, bytes) << i;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::corrupt) << error.what();
      }
    }
  }
}

// Values that a kernel must not meet, wherever pieces of the file break.
TEST_F(BundleFrames, ValuesAreChecked) {
  const auto expect_bad_row = [&](std::vector<std::uint8_t> bytes, Dtype dtype, Shape shape,
                                  const std::string& row) {
    write_bundle(dir_ / "m", compress(bytes), static_cast<std::uint32_t>(bytes.size()), dtype,
                 shape);
    const Bundle bundle = Bundle::open(dir_ / "m");
    std::string sentence;
    EXPECT_EQ(code_of([&] { (void)bundle.read_f32(bundle.at("t")); }, &sentence), Code::corrupt);
    EXPECT_NE(sentence.find("tensor t, row " + row + ":"), std::string::npos) << sentence;
    EXPECT_TRUE(sentence.starts_with((dir_ / "m").string() + ": ")) << sentence;
  };
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    std::vector<std::uint8_t> bytes(24);
    store_le(&bytes[12], bad);
    expect_bad_row(bytes, Dtype::f32, {.rows = 2, .cols = 3}, "1");
    bytes.assign(6 + 2 * 4, 1);
    store_le(&bytes[6], bad);
    expect_bad_row(bytes, Dtype::i8, {.rows = 2, .cols = 3}, "0");
  }
  std::vector<std::uint8_t> halves(12);
  store_le(&halves[10], std::uint16_t{0xfc00});
  expect_bad_row(halves, Dtype::f16, {.rows = 3, .cols = 2}, "2");
  std::vector<std::uint8_t> weights(6 + 2 * 4);
  store_le(&weights[10], -1.0f);
  expect_bad_row(weights, Dtype::i8, {.rows = 2, .cols = 3}, "1");
  weights.assign(6 + 2 * 4, 0);
  weights[4] = 0x80;
  expect_bad_row(weights, Dtype::i8, {.rows = 2, .cols = 3}, "1");
}

// Rows of 35 inputs: 32 bytes of nibbles and two scales each, all of them zeros.
std::vector<std::uint8_t> i4_rows(std::size_t rows) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t row = 0; row < rows; ++row) {
    bytes.insert(bytes.end(), 32, 0x88);
    bytes.insert(bytes.end(), 4, 0);
  }
  return bytes;
}

TEST_F(BundleFrames, ValuesOfI4AreChecked) {
  const auto read = [&](const std::vector<std::uint8_t>& bytes) {
    write_bundle(dir_ / "m", compress(bytes), static_cast<std::uint32_t>(bytes.size()), Dtype::i4,
                 {.rows = 3, .cols = 35});
    const Bundle bundle = Bundle::open(dir_ / "m");
    return bundle.read_f32(bundle.at("t"));
  };
  const std::vector<std::uint8_t> zeros = i4_rows(3);
  EXPECT_EQ(read(zeros), std::vector<float>(3 * 35));
  // Row 1, from byte 36: any nibble of 32 inputs, and three more.
  for (std::size_t byte = 0; byte < 32; ++byte) {
    for (const int other : {0x80, 0x08}) {
      std::vector<std::uint8_t> bytes = zeros;
      bytes[36 + byte] ^= static_cast<std::uint8_t>(other);
      if (byte < 16 || (byte < 19 && other == 0x08)) {
        EXPECT_NO_THROW(read(bytes)) << byte;
      } else {
        std::string sentence;
        EXPECT_EQ(code_of([&] { read(bytes); }, &sentence), Code::corrupt) << byte;
        EXPECT_NE(sentence.find("tensor t, row 1: an int4 weight in the padding"),
                  std::string::npos)
            << sentence;
      }
    }
  }
  for (const int bad : {0x7c00, 0xfc00, 0x7e00, 0xffff}) {
    std::vector<std::uint8_t> bytes = zeros;
    store_le(&bytes[36 + 36 + 34], static_cast<std::uint16_t>(bad));
    std::string sentence;
    EXPECT_EQ(code_of([&] { read(bytes); }, &sentence), Code::corrupt);
    EXPECT_NE(sentence.find("tensor t, row 2: a scale"), std::string::npos) << sentence;
  }
}

// As above, in pieces that break within a scale and within the padding.
TEST(ValueCheckI4, PiecesOfAnySizeAreTheSame) {
  for (std::size_t piece = 1; piece < 40; ++piece) {
    for (std::size_t bad = 0; bad < 3 * 36; ++bad) {
      std::vector<std::uint8_t> bytes = i4_rows(3);
      const std::size_t in_row = bad % 36;
      bytes[bad] = 0x7f;  // in the high byte of a scale: NaN; in the padding: not 0
      const bool refused = in_row == 33 || in_row == 35 || (in_row >= 16 && in_row < 32);
      ValueCheck check("t", Dtype::i4, {.rows = 3, .cols = 35});
      const auto feed = [&] {
        for (std::size_t begin = 0; begin < bytes.size(); begin += piece) {
          check.feed(ByteSpan(bytes).subspan(begin, std::min(piece, bytes.size() - begin)));
        }
      };
      if (refused) {
        std::string sentence;
        ASSERT_EQ(code_of(feed, &sentence), Code::corrupt) << piece << " " << bad;
        ASSERT_NE(sentence.find("row " + std::to_string(bad / 36) + ":"), std::string::npos);
      } else {
        ASSERT_NO_THROW(feed()) << piece << " " << bad;
      }
    }
  }
}

}  // namespace
}  // namespace crayon::formats
