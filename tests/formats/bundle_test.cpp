#include "formats/bundle.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <numeric>
#include <thread>

#include "formats/packer.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::TempDir;

BundleInfo model_info(TokenizerKind kind = TokenizerKind::byte_bpe) {
  BundleInfo info;
  info.config = test::sample_config();
  info.tokenizer = test::sample_tokenizer(kind);
  return info;
}

std::string name_of(std::size_t tensor) {
  return fmt::format("t{}", tensor);
}

bool have_zstd() {
  return std::system("zstd --version > /dev/null 2>&1") == 0;
}

TEST(Bundle, IsALegalZstdStream) {
  if (!have_zstd()) {
    GTEST_SKIP() << "no zstd program";
  }
  const TempDir dir;
  pack_model(test::sample_model(1), {}, dir / "m.crayon", {});
  EXPECT_EQ(std::system(("zstd -tq " + (dir / "m.crayon").string()).c_str()), 0);
  // What it decodes to is the tensors, end to end.
  const Bundle bundle = Bundle::open(dir / "m.crayon");
  std::vector<std::uint8_t> expected;
  for (const TensorEntry& tensor : bundle.info().tensors) {
    bundle.read(tensor, [&](ByteSpan piece) {
      expected.insert(expected.end(), piece.begin(), piece.end());
    });
  }
  EXPECT_EQ(
      std::system(("zstd -dqc " + (dir / "m.crayon").string() + " > " + (dir / "decoded").string())
                      .c_str()),
      0);
  EXPECT_EQ(test::file_bytes(dir / "decoded"), expected);
}

TEST(Bundle, KeepsBothKindsOfTokenizer) {
  const TempDir dir;
  for (const TokenizerKind kind : {TokenizerKind::byte_bpe, TokenizerKind::sentencepiece_bpe,
                                   TokenizerKind::unigram, TokenizerKind::clip_bpe}) {
    BundleWriter writer(dir / "m", BundleKind::model);
    writer.finish(model_info(kind));
    const Bundle bundle = Bundle::open(dir / "m");
    EXPECT_EQ(bundle.info().tokenizer, test::sample_tokenizer(kind));
    EXPECT_EQ(bundle.info().config, test::sample_config());
    EXPECT_EQ(bundle.release(), 0u);
  }
}

// Tensors that start and end within frames, at frames' borders, and span several.
TEST(Bundle, LaysTensorsEndToEndOverFrames) {
  const TempDir dir;
  const std::vector<std::size_t> sizes = {3,       1 << 20, (1 << 20) - 3, 1,
                                          3 << 20, 5,       (1 << 20) - 5, 7};
  const auto byte_at = [](std::size_t tensor, std::size_t i) {
    return static_cast<std::uint8_t>((i * 31 + tensor) % 127);
  };
  BundleWriter writer(dir / "m", BundleKind::model);
  for (std::size_t t = 0; t < sizes.size(); ++t) {
    std::vector<std::uint8_t> bytes(sizes[t]);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = byte_at(t, i);
    }
    writer.begin_tensor(name_of(t), Dtype::i8, {.rows = 1, .cols = sizes[t]});
    for (std::size_t i = 0; i < bytes.size(); i += 300000) {
      writer.write(ByteSpan(bytes).subspan(i, std::min<std::size_t>(300000, bytes.size() - i)));
    }
    const float scale = 0.5f;
    writer.write(as_bytes(std::span<const float>(&scale, 1)));
  }
  writer.finish(model_info());

  const Bundle bundle = Bundle::open(dir / "m");
  for (std::size_t t = 0; t < sizes.size(); ++t) {
    std::size_t position = 0;
    bundle.read(bundle.at(name_of(t)), [&](ByteSpan piece) {
      ASSERT_LE(piece.size(), 1u << 20);
      for (const std::uint8_t byte : piece) {
        if (position < sizes[t]) {
          ASSERT_EQ(byte, byte_at(t, position));
        }
        ++position;
      }
    });
    EXPECT_EQ(position, sizes[t] + 4);
    EXPECT_EQ(bundle.read_f32(bundle.at(name_of(t))).back(), 0.5f * byte_at(t, sizes[t] - 1));
  }
  double share = 0;
  bundle.verify([&](double done) {
    EXPECT_GT(done, share);
    share = done;
  });
  EXPECT_EQ(share, 1.0);
}

TEST(Bundle, IsReadByThreadsSideBySide) {
  const TempDir dir;
  constexpr std::size_t tensors = 16;
  BundleWriter writer(dir / "m", BundleKind::model);
  for (std::size_t t = 0; t < tensors; ++t) {
    writer.add_f32(name_of(t), {.rows = 1, .cols = 100000},
                   std::vector<float>(100000, static_cast<float>(t)));
  }
  writer.finish(model_info());
  const Bundle bundle = Bundle::open(dir / "m");
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t thread = 0; thread < wrong.size(); ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = 0; i < tensors; ++i) {
        const std::size_t t = (i + 4 * thread) % tensors;
        const auto values = bundle.read_f32(bundle.at(name_of(t)));
        wrong[thread] += values != std::vector<float>(100000, static_cast<float>(t));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, std::vector<int>(wrong.size()));
}

TEST(Bundle, FindsTensorsByName) {
  const TempDir dir;
  pack_model(test::sample_model(1), {}, dir / "m.crayon", {});
  const Bundle bundle = Bundle::open(dir / "m.crayon");
  for (const TensorEntry& tensor : bundle.info().tensors) {
    EXPECT_EQ(bundle.find(tensor.name), &tensor);
  }
  EXPECT_EQ(bundle.find("layers.9.q"), nullptr);
  EXPECT_EQ(bundle.find(""), nullptr);
  std::string sentence;
  EXPECT_EQ(code_of([&] { (void)bundle.at("layers.9.q"); }, &sentence), Code::missing_tensor);
  EXPECT_NE(sentence.find("layers.9.q"), std::string::npos);
  EXPECT_TRUE(sentence.starts_with((dir / "m.crayon").string()));
}

TEST(Bundle, RefusesAnEntryFromElsewhere) {
  const TempDir dir;
  pack_model(test::sample_model(1), {}, dir / "m", {});
  const Bundle bundle = Bundle::open(dir / "m");
  TensorEntry entry = bundle.info().tensors.back();
  entry.shape.rows = 1u << 30;
  EXPECT_EQ(code_of([&] { (void)bundle.read_f32(entry); }), Code::bad_argument);
  entry = bundle.info().tensors.back();
  entry.first_frame = 7;
  EXPECT_EQ(code_of([&] { (void)bundle.read_f32(entry); }), Code::bad_argument);
  entry = bundle.info().tensors.back();
  entry.offset = 1u << 20;
  EXPECT_EQ(code_of([&] { (void)bundle.read_f32(entry); }), Code::bad_argument);
}

TEST(BundleWriter, LeavesNothingWithoutFinish) {
  const TempDir dir;
  {
    BundleWriter writer(dir / "m", BundleKind::model);
    writer.add_f32("t", {.rows = 1, .cols = 2}, std::vector<float>{1, 2});
    EXPECT_FALSE(std::filesystem::exists(dir / "m"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

TEST(BundleWriter, KeepsAnOlderFileUntilItIsDone) {
  const TempDir dir;
  pack_model(test::sample_model(1), {}, dir / "m", {});
  const auto before = test::file_bytes(dir / "m");
  { BundleWriter writer(dir / "m", BundleKind::model); }
  EXPECT_EQ(test::file_bytes(dir / "m"), before);
}

TEST(BundleWriter, KilledHalfWayLeavesNoBundle) {
  const TempDir dir;
  const pid_t child = ::fork();
  if (child == 0) {
    BundleWriter writer(dir / "m", BundleKind::model);
    writer.begin_tensor("t", Dtype::i8, {.rows = 1, .cols = 4 << 20});
    writer.write(std::vector<std::uint8_t>(3 << 20));
    ::_exit(0);  // no destructor runs, as with SIGKILL
  }
  ASSERT_GT(child, 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(std::filesystem::exists(dir / "m"));
  // Where the file system knows no files without a name, a part of one may be left.
  for (const auto& left : std::filesystem::directory_iterator(dir.path())) {
    EXPECT_EQ(code_of([&] { Bundle::open(left.path()); }), Code::truncated) << left.path();
  }
}

TEST(BundleWriter, RefusesMisuse) {
  const TempDir dir;
  const std::vector<float> two = {1, 2};
  {
    BundleWriter writer(dir / "m", BundleKind::model);
    EXPECT_EQ(code_of([&] { writer.add_f32("t", {.rows = 1, .cols = 1}, two); }),
              Code::bad_argument);
  }
  {
    BundleWriter writer(dir / "m", BundleKind::model);
    writer.begin_tensor("t", Dtype::f32, {.rows = 1, .cols = 3});
    writer.write(as_bytes(std::span<const float>(two)));
    EXPECT_EQ(code_of([&] { writer.begin_tensor("u", Dtype::f32, {.rows = 1, .cols = 1}); }),
              Code::bad_argument);
    EXPECT_EQ(code_of([&] { writer.finish(model_info()); }), Code::bad_argument);
  }
  {
    BundleWriter writer(dir / "m", BundleKind::model);
    EXPECT_EQ(code_of([&] { writer.begin_tensor("t", Dtype::f32, {~0ull, 2}); }), Code::corrupt);
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

}  // namespace
}  // namespace crayon::formats
