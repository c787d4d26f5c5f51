#include "formats/tensor_reader.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/random.h"
#include "formats/value_check.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::TempDir;

/// A bundle of three tensors over several frames; the first is not a whole number of frames.
class Parts : public testing::Test {
 protected:
  Parts() {
    BundleWriter writer(dir_ / "m", BundleKind::model);
    for (const Dtype dtype : {Dtype::i8, Dtype::i4, Dtype::f32}) {
      const Shape shape{.rows = 700, .cols = 2000};
      Random random(static_cast<std::uint64_t>(dtype));
      std::vector<std::uint8_t> bytes(stored_bytes(dtype, shape, "t"));
      for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(random.below(0x3c));  // whole, half and single are finite
      }
      if (dtype == Dtype::i4) {
        for (std::size_t row = 0; row < shape.rows; ++row) {  // 2000 = 62 x 32 + 16
          std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(row * 63 * 18 + 62 * 16), 16,
                      std::uint8_t{0x83});
        }
      }
      writer.begin_tensor(dtype_name(dtype), dtype, shape);
      writer.write(bytes);
      bytes_.push_back(std::move(bytes));
    }
    BundleInfo info;
    info.config = test::sample_config();
    info.tokenizer = test::sample_tokenizer(TokenizerKind::byte_bpe);
    writer.finish(info);
  }

  /// Any part of a tensor that begins where a row does.
  void expect_random_part(const Bundle& bundle, TensorReader& reader, Random& random) const {
    const std::size_t t = random.below(3);
    const TensorEntry& tensor = bundle.info().tensors[t];
    const std::uint64_t row = stored_bytes(tensor.dtype, {1, 2000}, "t") - (t == 0 ? 4 : 0);
    const std::uint64_t first = random.below(700);
    const std::uint64_t count = 1 + random.below(700 - first);
    const ByteSpan part = reader.read(tensor, first * row, count * row);
    ASSERT_EQ(part.size(), count * row);
    ASSERT_TRUE(std::equal(part.begin(), part.end(),
                           bytes_[t].begin() + static_cast<std::ptrdiff_t>(first * row)));
  }

  TempDir dir_;
  std::vector<std::vector<std::uint8_t>> bytes_;
};

TEST_F(Parts, AreThoseOfTheTensor) {
  const Bundle bundle = Bundle::open(dir_ / "m");
  TensorReader reader(bundle);
  Random random(3);
  for (int i = 0; i < 100; ++i) {
    expect_random_part(bundle, reader, random);
  }
  // The scales behind int8, and all of it.
  const TensorEntry& i8 = bundle.info().tensors[0];
  for (const std::uint64_t begin : {std::uint64_t{0}, std::uint64_t{700 * 2000 + 12}}) {
    const ByteSpan part = reader.read(i8, begin, bytes_[0].size() - begin);
    EXPECT_TRUE(std::equal(part.begin(), part.end(),
                           bytes_[0].begin() + static_cast<std::ptrdiff_t>(begin)));
  }
}

TEST_F(Parts, AreReadByManyThreads) {
  const Bundle bundle = Bundle::open(dir_ / "m");
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      TensorReader reader(bundle);
      Random random(seed);
      for (int i = 0; i < 20; ++i) {
        expect_random_part(bundle, reader, random);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(Parts, ThatAreNotThereAreRefused) {
  const Bundle bundle = Bundle::open(dir_ / "m");
  TensorReader reader(bundle);
  TensorEntry tensor = bundle.info().tensors[2];
  const std::uint64_t size = bytes_[2].size();
  EXPECT_NO_THROW(reader.read(tensor, size - 4, 4));
  EXPECT_EQ(code_of([&] { reader.read(tensor, size - 4, 8); }), Code::corrupt);
  EXPECT_EQ(code_of([&] { reader.read(tensor, size, 4); }), Code::corrupt);
  EXPECT_EQ(code_of([&] { reader.read(tensor, ~std::uint64_t{0}, 4); }), Code::corrupt);
  tensor.shape.rows += 1;
  EXPECT_EQ(code_of([&] { reader.read(tensor, 0, 4); }), Code::bad_argument);
  tensor.first_frame = 1u << 20;
  EXPECT_EQ(code_of([&] { reader.read(tensor, 0, 4); }), Code::bad_argument);
}

// Every byte that is wrong is found by the part that holds it, and by no other.
TEST(ValueCheckParts, CheckTheirOwnValues) {
  const Shape shape{.rows = 4, .cols = 40};
  for (const Dtype dtype : {Dtype::i8, Dtype::i4, Dtype::f16, Dtype::f32}) {
    std::vector<std::uint8_t> bytes(stored_bytes(dtype, shape, "t"));
    const std::size_t row = (bytes.size() - (dtype == Dtype::i8 ? 16 : 0)) / 4;
    if (dtype == Dtype::i4) {
      std::fill(bytes.begin(), bytes.end(), std::uint8_t{0x08});
      for (std::size_t r = 0; r < 4; ++r) {  // bytes of the last group: 8 used, 8 padding
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(r * row + 16), 16,
                    std::uint8_t{0x88});
      }
    }
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(2 * row), 1, std::uint8_t{0x80});
    if (dtype != Dtype::i8) {  // a NaN at the end of row 2
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(3 * row - 4), 4, std::uint8_t{0xff});
    }
    for (std::size_t r = 0; r < 4; ++r) {
      std::string sentence;
      const auto feed = [&] {
        ValueCheck(std::string(dtype_name(dtype)), dtype, shape, r * row)
            .feed(ByteSpan(bytes).subspan(r * row, row));
      };
      if (r == 2) {
        EXPECT_EQ(code_of(feed, &sentence), Code::corrupt) << dtype_name(dtype);
        EXPECT_NE(sentence.find("row 2:"), std::string::npos) << sentence;
      } else {
        EXPECT_NO_THROW(feed()) << dtype_name(dtype) << " " << r;
      }
    }
    if (dtype == Dtype::i8) {
      store_le(&bytes[160 + 8], -1.0f);
      std::string sentence;
      const auto feed = [&](std::size_t first) {
        ValueCheck("t", dtype, shape, 160 + 4 * first)
            .feed(ByteSpan(bytes).subspan(160 + 4 * first));
      };
      EXPECT_EQ(code_of([&] { feed(1); }, &sentence), Code::corrupt);
      EXPECT_NE(sentence.find("row 2:"), std::string::npos) << sentence;
      EXPECT_NO_THROW(feed(3));
    }
  }
}

}  // namespace
}  // namespace crayon::formats
