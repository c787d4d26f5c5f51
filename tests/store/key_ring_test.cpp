#include "store/key_ring.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/formats/bundle_samples.h"
#include "tests/store/board.h"

namespace crayon::store {
namespace {

using test::code_of;
using test::publisher;
using test::TempDir;

class Ring : public testing::Test {
 protected:
  void trust(const formats::SecretKey& key) {
    formats::write_public_key(key_file(dir_.path(), key.public_key().id()), key.public_key());
  }
  KeyRing ring() const { return KeyRing(dir_.path()); }
  formats::Bundle unsigned_bundle() const {
    return formats::Bundle::open(test::sample_bundle(formats::BundleKind::model, other_.path()));
  }

  TempDir dir_;
  TempDir other_;
};

TEST_F(Ring, WithoutKeysEveryBundleIsWelcome) {
  EXPECT_NO_THROW(KeyRing(dir_ / "none").check(unsigned_bundle(), false));
  EXPECT_NO_THROW(ring().check(unsigned_bundle(), false));
}

TEST_F(Ring, WithAKeyOnlyItsBundlesAre) {
  trust(publisher().key());
  const formats::Bundle good = formats::Bundle::open(publisher().model(1));
  EXPECT_NO_THROW(ring().check(good, false));
  EXPECT_EQ(code_of([&] { ring().check(unsigned_bundle(), false); }), Code::untrusted);
  EXPECT_NO_THROW(ring().check(unsigned_bundle(), true));
}

TEST_F(Ring, AnotherKeysBundleIsRefusedEvenWhereUnsignedOnesPass) {
  trust(formats::make_secret_key());
  const formats::Bundle signed_bundle = formats::Bundle::open(publisher().model(1));
  std::string sentence;
  EXPECT_EQ(code_of([&] { ring().check(signed_bundle, true); }, &sentence), Code::untrusted);
  EXPECT_NE(sentence.find("not trusted here"), std::string::npos);
  trust(publisher().key());
  EXPECT_NO_THROW(ring().check(signed_bundle, false));
}

TEST_F(Ring, ADamagedKeyIsAnErrorAndNotOneKeyLess) {
  trust(publisher().key());
  const auto file = key_file(dir_.path(), publisher().key().public_key().id());
  const std::string good = read_text(file, 1000);
  write_text(file, good.substr(0, 40));
  EXPECT_EQ(code_of([&] { ring(); }), Code::malformed);
  // Another key under this one's name.
  formats::write_public_key(file, formats::make_secret_key().public_key());
  EXPECT_EQ(code_of([&] { ring(); }), Code::malformed);
}

}  // namespace
}  // namespace crayon::store
