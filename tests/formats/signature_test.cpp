#include "formats/signature.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/exit.h"
#include "base/file.h"
#include "formats/bundle.h"
#include "formats/bundle_layout.h"
#include "tests/formats/bundle_samples.h"
#include "tests/support/support.h"

namespace crayon::formats {
namespace {

using test::code_of;
using test::TempDir;

// RFC 8032, 7.1, tests 1 to 3: seed, public key, message, signature.
TEST(Signature, IsThatOfTheRfc) {
  const struct {
    const char *seed, *key, *message, *signature;
  } vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf"
       "9"
       "b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
       "1"
       "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984"
       "d"
       "c6594a7c15e9716ed28dc027beceea1ec40a"},
  };
  for (const auto& vector : vectors) {
    SecretKey key;
    ASSERT_TRUE(from_hex(vector.seed, key.seed));
    EXPECT_EQ(to_hex(key.public_key().bytes), vector.key);
    std::vector<std::uint8_t> message(std::string_view(vector.message).size() / 2);
    ASSERT_TRUE(from_hex(vector.message, message));
    const SignatureBytes signature = sign(message, key);
    EXPECT_EQ(to_hex(signature), vector.signature);
    EXPECT_TRUE(verify(message, signature, key.public_key()));
    message.push_back(0);
    EXPECT_FALSE(verify(message, signature, key.public_key()));
  }
}

class SignedBundle : public testing::Test {
 protected:
  std::filesystem::path signed_bundle(BundleKind kind = BundleKind::model) const {
    const std::filesystem::path path = test::sample_bundle(kind, dir_.path());
    sign_bundle(path, dir_ / "signed.crayon", key_, 7);
    return dir_ / "signed.crayon";
  }

  TempDir dir_;
  SecretKey key_ = make_secret_key();
};

TEST_F(SignedBundle, SaysByWhomAndKeepsItsId) {
  for (const BundleKind kind : {BundleKind::model, BundleKind::adapter, BundleKind::pool}) {
    const Bundle bundle = Bundle::open(signed_bundle(kind));
    EXPECT_EQ(bundle.release(), 7u);
    EXPECT_EQ(bundle.signer(), key_.public_key().id());
    EXPECT_TRUE(bundle.is_signed_by(key_.public_key()));
    EXPECT_FALSE(bundle.is_signed_by(make_secret_key().public_key()));
    const Bundle before = Bundle::open(test::sample_bundle(kind, dir_.path()));
    EXPECT_EQ(bundle.id(), before.id());
    EXPECT_FALSE(before.signer());
    EXPECT_FALSE(before.is_signed_by(key_.public_key()));
  }
}

TEST_F(SignedBundle, CanBeSignedInPlaceAndAnew) {
  const std::filesystem::path path = signed_bundle();
  const SecretKey other = make_secret_key();
  sign_bundle(path, path, other, 8);
  EXPECT_TRUE(Bundle::open(path).is_signed_by(other.public_key()));
  EXPECT_EQ(Bundle::open(path).release(), 8u);
}

// Whoever changes a signed field and mends the footer's hash is found out by the signature.
TEST_F(SignedBundle, NoSignedByteCanChange) {
  const std::vector<std::uint8_t> good = test::file_bytes(signed_bundle());
  const std::size_t footer_at = good.size() - footer_size;
  HeaderBytes header;
  std::copy_n(good.begin(), header.size(), header.begin());
  FooterBytes footer_bytes;
  std::copy_n(good.begin() + static_cast<std::ptrdiff_t>(footer_at), footer_size,
              footer_bytes.begin());
  const Footer footer = decode_footer(footer_bytes, header, good.size());
  const auto forged = [&](const Footer& changed) {
    std::vector<std::uint8_t> bytes = good;
    const FooterBytes encoded = encode_footer(changed, header);
    std::copy(encoded.begin(), encoded.end(),
              bytes.begin() + static_cast<std::ptrdiff_t>(footer_at));
    test::write_bytes(dir_ / "forged.crayon", bytes);
    return dir_ / "forged.crayon";
  };
  Footer later = footer;
  later.release = 99;
  EXPECT_FALSE(Bundle::open(forged(later)).is_signed_by(key_.public_key()));
  for (std::size_t i = 0; i < footer.signature.size(); ++i) {
    Footer changed = footer;
    changed.signature[i] ^= 1;
    EXPECT_FALSE(Bundle::open(forged(changed)).is_signed_by(key_.public_key())) << i;
  }
  Footer nobody = footer;
  nobody.key_id = {};
  EXPECT_EQ(code_of([&] { Bundle::open(forged(nobody)); }), Code::corrupt);
  Footer stripped = nobody;
  stripped.signature = {};
  EXPECT_FALSE(Bundle::open(forged(stripped)).signer());
}

TEST_F(SignedBundle, OnlyWhatIsWholeIsSigned) {
  const std::filesystem::path path = test::sample_bundle(BundleKind::model, dir_.path());
  std::vector<std::uint8_t> bytes = test::file_bytes(path);
  bytes[header_size + 20] ^= 1;
  test::write_bytes(dir_ / "bad.crayon", bytes);
  EXPECT_EQ(code_of([&] { sign_bundle(dir_ / "bad.crayon", dir_ / "out.crayon", key_, 1); }),
            Code::corrupt);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out.crayon"));
  EXPECT_EQ(code_of([&] { sign_bundle(path, dir_ / "out.crayon", key_, 0); }), Code::bad_argument);
}

TEST(Key, FilesHoldOneHalfEach) {
  const TempDir dir;
  const SecretKey key = make_secret_key();
  write_key_pair(dir / "k", key);
  EXPECT_EQ(read_secret_key(dir / "k.sec").seed, key.seed);
  EXPECT_EQ(read_public_key(dir / "k.pub"), key.public_key());
  struct stat status = {};
  ASSERT_EQ(::stat((dir / "k.sec").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  // A pair is not overwritten.
  EXPECT_EQ(code_of([&] { write_key_pair(dir / "k", make_secret_key()); }), Code::bad_argument);
  EXPECT_EQ(read_secret_key(dir / "k.sec").seed, key.seed);
  std::string sentence;
  EXPECT_EQ(code_of([&] { read_public_key(dir / "k.sec"); }, &sentence), Code::malformed);
  EXPECT_NE(sentence.find("other half"), std::string::npos);
  for (const std::string& text :
       {std::string(), std::string("crayon-public-key-1 ab"),
        std::string("crayon-public-key-1 ") + std::string(64, 'g'), std::string(300, 'a')}) {
    write_text(dir / "bad.pub", text);
    EXPECT_EQ(exit_of(code_of([&] { read_public_key(dir / "bad.pub"); })), Exit::bad_file) << text;
  }
}

}  // namespace
}  // namespace crayon::formats
