// Whatever happens to a bundle's bytes, opening or reading it is an Error of the file family that
// names the file and a field: never a crash, never an answer.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/random.h"
#include "formats/bundle.h"
#include "formats/bundle_index.h"
#include "formats/bundle_layout.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::TempDir;

// Every bit, and all at once, for the smallest kind; two changes a byte for the others, whose
// layout is the same, so that emulated CPUs need seconds and not minutes.
std::vector<int> changes(BundleKind kind, std::size_t position) {
  if (kind == BundleKind::adapter) {
    return {1, 2, 4, 8, 16, 32, 64, 128, 255};
  }
  return {1 << (position % 8), 255};
}

constexpr std::array all_kinds = {BundleKind::model, BundleKind::adapter, BundleKind::pool,
                                  BundleKind::state, BundleKind::encoder, BundleKind::gallery};

// A file that is damaged in place, which is much faster than writing it anew each time.
class Patch {
 public:
  explicit Patch(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)) {}
  ~Patch() { ::close(descriptor_); }
  Patch(const Patch&) = delete;
  Patch& operator=(const Patch&) = delete;

  void set(std::size_t offset, std::uint8_t value) const {
    ASSERT_EQ(::pwrite(descriptor_, &value, 1, static_cast<off_t>(offset)), 1);
  }
  void resize(std::size_t size) const {
    ASSERT_EQ(::ftruncate(descriptor_, static_cast<off_t>(size)), 0);
  }

 private:
  int descriptor_;
};

// Opening fails as it should.
void expect_refused(const std::filesystem::path& path, const std::string& what) {
  std::string sentence;
  const int code = static_cast<int>(code_of([&] { (void)Bundle::open(path); }, &sentence));
  EXPECT_TRUE(code >= 100 && code < 200) << what << ": " << sentence;
  EXPECT_TRUE(sentence.starts_with(path.string() + ": header") ||
              sentence.starts_with(path.string() + ": index") ||
              sentence.starts_with(path.string() + ": footer."))
      << what << ": " << sentence;
}

TEST(BundleCorruption, EveryBitOfHeaderIndexAndFooterCounts) {
  const TempDir dir;
  for (const BundleKind kind : all_kinds) {
    const auto path = test::sample_bundle(kind, dir.path());
    const std::vector<std::uint8_t> bytes = test::file_bytes(path);
    const std::size_t data_end = header_size + test::frame_bytes(bytes).size();
    const Patch patch(path);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i >= header_size && i < data_end) {
        continue;  // the data frames are checked when they are read
      }
      for (const int change : changes(kind, i)) {
        patch.set(i, static_cast<std::uint8_t>(bytes[i] ^ change));
        expect_refused(path, "byte " + std::to_string(i) + " ^ " + std::to_string(change));
        if (::testing::Test::HasFailure()) {
          return;  // one is enough to know; thousands are not
        }
      }
      patch.set(i, bytes[i]);
    }
    EXPECT_NO_THROW((void)Bundle::open(path));
  }
}

TEST(BundleCorruption, EveryBitOfTheDataFramesCounts) {
  const TempDir dir;
  for (const BundleKind kind : all_kinds) {
    const auto path = test::sample_bundle(kind, dir.path());
    const std::vector<std::uint8_t> bytes = test::file_bytes(path);
    const std::size_t data_end = header_size + test::frame_bytes(bytes).size();
    const Patch patch(path);
    for (std::size_t i = header_size; i < data_end; i += kind == BundleKind::adapter ? 1 : 7) {
      patch.set(i, static_cast<std::uint8_t>(bytes[i] ^ (1 << (i % 8))));
      const Bundle bundle = Bundle::open(path);
      std::string sentence;
      ASSERT_EQ(code_of([&] { bundle.verify({}); }, &sentence), Code::corrupt);
      ASSERT_TRUE(sentence.starts_with(path.string() + ": frames[0].hash: ")) << sentence;
      ASSERT_EQ(code_of([&] { (void)bundle.read_f32(bundle.info().tensors.back()); }),
                Code::corrupt);
      patch.set(i, bytes[i]);
    }
    EXPECT_NO_THROW(Bundle::open(path).verify({}));
  }
}

TEST(BundleCorruption, EveryTruncationIsFound) {
  const TempDir dir;
  const auto path = test::sample_bundle(BundleKind::adapter, dir.path());
  const Patch patch(path);
  for (std::size_t size = test::file_bytes(path).size(); size-- > 0;) {
    patch.resize(size);
    expect_refused(path, "cut to " + std::to_string(size));
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
}

TEST(BundleCorruption, GarbageBehindOrBetweenIsFound) {
  const TempDir dir;
  const auto path = test::sample_bundle(BundleKind::adapter, dir.path());
  const std::vector<std::uint8_t> bytes = test::file_bytes(path);
  for (const std::size_t count : {1u, 8u, 199u, 200u, 5000u}) {
    std::vector<std::uint8_t> longer = bytes;
    longer.resize(bytes.size() + count);
    test::write_bytes(path, longer);
    expect_refused(path, "appended " + std::to_string(count));
  }
  std::vector<std::uint8_t> twice = bytes;
  twice.insert(twice.end(), bytes.begin(), bytes.end());
  test::write_bytes(path, twice);
  expect_refused(path, "twice");
  const std::size_t data_end = header_size + test::frame_bytes(bytes).size();
  for (const std::size_t place : {std::size_t{0}, header_size, data_end, bytes.size() - 200}) {
    std::vector<std::uint8_t> longer = bytes;
    longer.insert(longer.begin() + static_cast<std::ptrdiff_t>(place), 0);
    test::write_bytes(path, longer);
    expect_refused(path, "inserted at " + std::to_string(place));
  }
}

TEST(BundleCorruption, OtherFilesAreNoBundles) {
  const TempDir dir;
  const auto path = dir / "x.crayon";
  Random random(1);
  for (const std::size_t size : {0u, 1u, 4u, 31u, 32u, 239u, 240u, 241u, 4096u}) {
    std::vector<std::uint8_t> bytes(size);
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(random.next());
    }
    test::write_bytes(path, bytes);
    expect_refused(path, std::to_string(size) + " random bytes");
  }
  EXPECT_EQ(code_of([&] { (void)Bundle::open(dir / "none"); }), Code::not_found);
  EXPECT_EQ(code_of([&] { (void)Bundle::open(dir.path()); }), Code::io);
}

// decode_index and check_index, as open() calls them when the hashes are right.
bool accepts(ByteSpan index, std::uint64_t data_end) {
  try {
    check_index(decode_index(index), data_end);
    return true;
  } catch (const Error& error) {
    const int code = static_cast<int>(error.code());
    EXPECT_TRUE((code >= 100 && code < 200) || error.code() == Code::bad_tokenizer) << error.what();
    EXPECT_TRUE(std::string(error.what()).starts_with("index")) << error.what();
    return false;
  }
}

// An index that was forged together with its hash. Each byte is changed in several ways; what is
// accepted then must be harmless, which the sanitizers judge.
TEST(BundleCorruption, ForgedIndicesAreAcceptedOrRefused) {
  const TempDir dir;
  for (const BundleKind kind : all_kinds) {
    const auto path = test::sample_bundle(kind, dir.path());
    const std::vector<std::uint8_t> file = test::file_bytes(path);
    const std::uint64_t data_end = header_size + test::frame_bytes(file).size();
    std::vector<std::uint8_t> index = test::index_bytes(file);
    ASSERT_TRUE(accepts(index, data_end));
    std::size_t accepted = 0;
    for (std::uint8_t& byte : index) {
      const std::uint8_t original = byte;
      for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
        byte = static_cast<std::uint8_t>(original ^ change);
        accepted += accepts(index, data_end) ? 1 : 0;
      }
      byte = original;
    }
    // Hashes, scales and texts may have any value; structure may not.
    EXPECT_GT(accepted, 0u);
    EXPECT_LT(accepted, index.size() * 9 / 2);

    Random random(static_cast<std::uint64_t>(kind));
    for (int round = 0; round < 2000; ++round) {
      std::vector<std::uint8_t> forged = index;
      const std::uint64_t changes = 1 + random.below(6);
      for (std::uint64_t i = 0; i < changes; ++i) {
        // Numbers taken from elsewhere in the index are better forgeries than noise.
        const std::size_t to = random.below(forged.size() - 4);
        const std::size_t from = random.below(forged.size() - 4);
        const std::uint32_t value = random.below(2) == 0
                                        ? load_le<std::uint32_t>(&forged[from])
                                        : static_cast<std::uint32_t>(random.next());
        store_le(&forged[to], value);
      }
      (void)accepts(forged, data_end);
    }
    for (std::size_t size = 0; size < index.size(); ++size) {
      (void)accepts(std::vector<std::uint8_t>(index.begin(),
                                              index.begin() + static_cast<std::ptrdiff_t>(size)),
                    data_end);
    }
  }
}

// The same through open(): what opens can be verified or read, or says why not.
TEST(BundleCorruption, ForgedIndicesOfFilesAreHarmless) {
  const TempDir dir;
  const auto path = test::sample_bundle(BundleKind::model, dir.path());
  const std::vector<std::uint8_t> file = test::file_bytes(path);
  const std::vector<std::uint8_t> frames = test::frame_bytes(file);
  std::vector<std::uint8_t> index = test::index_bytes(file);
  for (std::size_t i = 0; i < index.size(); i += 5) {
    const std::uint8_t original = index[i];
    index[i] = static_cast<std::uint8_t>(original ^ (1 << (i % 8)));
    test::write_bytes(path, test::assemble(BundleKind::model, frames, index));
    try {
      const Bundle bundle = Bundle::open(path);
      for (const TensorEntry& tensor : bundle.info().tensors) {
        (void)bundle.read_f32(tensor);
      }
      bundle.verify({});
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(path.string() + ": ")) << error.what();
    }
    index[i] = original;
  }
}

}  // namespace
}  // namespace crayon::formats
