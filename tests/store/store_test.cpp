#include "store/store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/exit.h"
#include "base/file.h"
#include "base/folder.h"
#include "tests/formats/bundle_samples.h"
#include "tests/store/board.h"

namespace crayon::store {
namespace {

using test::check_health;
using test::code_of;
using test::no_needs;
using test::no_progress;
using test::publisher;
using test::TempDir;

Deployment install(Store& store, std::vector<std::filesystem::path> bundles, Request request = {}) {
  for (const std::filesystem::path& bundle : bundles) {
    request.bundles.push_back({bundle, false});
  }
  return store.install(request, no_needs, no_progress);
}

Request with_golden(const std::filesystem::path& golden) {
  Request request;
  request.golden = golden;
  return request;
}

std::vector<std::string> roles(const Deployment& deployment) {
  std::vector<std::string> roles;
  for (const Member& member : deployment.members) {
    roles.push_back(member.role);
  }
  return roles;
}

TEST(Store, InstallsActivatesAndReturns) {
  const TempDir dir;
  const std::filesystem::path root = dir / "a/store";
  Store store(root);
  EXPECT_EQ(install(store, {publisher().model(1)}).number, 1u);
  EXPECT_FALSE(store.active());
  EXPECT_EQ(code_of([&] { model_file(root); }), Code::not_found);

  store.activate(1, check_health);
  EXPECT_EQ(model_file(root), root / "deployments/1/model.crayon");
  EXPECT_EQ(std::filesystem::read_symlink(root / "active"), "deployments/1");

  test::update(root, {publisher().model(2)});
  EXPECT_EQ(store.active()->number, 2u);
  EXPECT_EQ(std::filesystem::read_symlink(root / "active"), "deployments/2");
  EXPECT_EQ(store.rollback(check_health).number, 1u);
  EXPECT_EQ(store.active()->find(model_role)->id, publisher().model_id(1));
  // And there again: what was active is the previous one now.
  EXPECT_EQ(store.rollback(check_health).number, 2u);
}

TEST(Store, KeepsTheActiveThePreviousAndTheNewest) {
  const TempDir dir;
  Store store(dir.path());
  for (std::uint64_t number = 1; number <= 4; ++number) {
    test::update(dir.path(), {publisher().model(number)});
  }
  ASSERT_EQ(store.deployments().size(), 2u);
  EXPECT_EQ(store.deployments().front().number, 3u);
  EXPECT_FALSE(std::filesystem::exists(dir / "deployments/1"));
}

TEST(Store, TheSameContentIsNotInstalledTwice) {
  const TempDir dir;
  Store store(dir.path());
  test::update(dir.path(), {publisher().model(1), publisher().adapter(1)});
  EXPECT_EQ(install(store, {publisher().adapter(1)}).number, 1u);
  EXPECT_EQ(store.deployments().size(), 1u);
}

TEST(Store, CarriesOverWhatStillFits) {
  const TempDir dir;
  Store store(dir.path());
  test::update(dir.path(), {publisher().model(2), publisher().adapter(2)});
  const Deployment more = install(store, {publisher().other_adapter()});
  EXPECT_EQ(roles(more), (std::vector<std::string>{"other", "model", "mine"}));
  // The packed image comes along, as a second name of the same file.
  store.activate(more.number, check_health);
  const auto image = [&](std::uint64_t number) {
    for (const auto& entry :
         std::filesystem::directory_iterator(dir / fmt::format("deployments/{}", number))) {
      if (entry.path().filename().string().starts_with("model.crayon.packed-")) {
        return entry.path();
      }
    }
    return std::filesystem::path();
  };
  EXPECT_TRUE(std::filesystem::equivalent(image(1), image(2)));
  // An adapter of the old model does not come along with a new one.
  EXPECT_EQ(roles(install(store, {publisher().model(3)})), (std::vector<std::string>{"model"}));
}

TEST(Store, MovesWhatLiesOnTheSameFileSystem) {
  const TempDir dir;
  const std::filesystem::path upload = dir / "upload.crayon";
  std::filesystem::copy_file(publisher().model(1), upload);
  Store store(dir / "store");
  Request request;
  request.bundles = {{upload, true}};
  // There is no room for a copy, and none is made.
  const Deployment moved = store.install(request, no_needs, [](const auto& what, auto, auto) {
    EXPECT_TRUE(what.starts_with("verifying")) << what;
  });
  EXPECT_FALSE(std::filesystem::exists(upload));
  EXPECT_EQ(formats::Bundle::open(moved.file(model_role)).id(), publisher().model_id(1));
}

TEST(Store, RefusesWhatIsNoDeployment) {
  const TempDir dir;
  Store store(dir.path());
  EXPECT_EQ(code_of([&] { install(store, {}); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { install(store, {publisher().adapter(1)}); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] {
              install(store, {publisher().model(1), publisher().model(2)});
            }),
            Code::bad_argument);
  EXPECT_EQ(code_of([&] {
              install(store, {publisher().model(1), publisher().adapter(2)});
            }),
            Code::wrong_base);
  EXPECT_EQ(code_of([&] { install(store, {dir / "none.crayon"}); }), Code::not_found);
  const std::filesystem::path odd = dir / "no name.crayon";
  std::filesystem::copy_file(publisher().adapter(1), odd);
  EXPECT_EQ(code_of([&] { install(store, {publisher().model(1), odd}); }), Code::bad_argument);
  const auto state = test::sample_bundle(formats::BundleKind::state, dir.path());
  EXPECT_EQ(code_of([&] { install(store, {state}); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { store.activate(1, check_health); }), Code::bad_argument);
  EXPECT_EQ(code_of([&] { store.rollback(check_health); }), Code::bad_argument);
  EXPECT_TRUE(store.deployments().empty());
}

TEST(Store, AnAdapterOfAnotherModelIsRefusedForTheActiveOne) {
  const TempDir dir;
  Store store(dir.path());
  test::update(dir.path(), {publisher().model(1)});
  std::string sentence;
  EXPECT_EQ(code_of([&] { install(store, {publisher().adapter(2)}); }, &sentence),
            Code::wrong_base);
  EXPECT_NE(sentence.find(formats::to_hex(publisher().model_id(1))), std::string::npos);
}

TEST(Store, DamageIsFoundBeforeAnythingIsInstalled) {
  const TempDir dir;
  Store store(dir / "store");
  test::update(dir / "store", {publisher().model(1)});
  const std::vector<std::uint8_t> good = test::file_bytes(publisher().model(2));
  for (const std::size_t at : {std::size_t{5}, good.size() / 3, good.size() / 2, good.size() - 3}) {
    std::vector<std::uint8_t> bad = good;
    bad[at] ^= 1;
    test::write_bytes(dir / "bad.crayon", bad);
    EXPECT_EQ(exit_of(code_of([&] { install(store, {dir / "bad.crayon"}); })), Exit::bad_file);
    bad.resize(at);
    test::write_bytes(dir / "bad.crayon", bad);
    EXPECT_EQ(exit_of(code_of([&] { install(store, {dir / "bad.crayon"}); })), Exit::bad_file);
  }
  EXPECT_EQ(store.deployments().size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(dir / "store/deployments/2"));
}

TEST(Store, OlderReleasesAreTakenOnPurposeOnly) {
  const TempDir dir;
  Store store(dir.path());
  store.trust(publisher().key().public_key());
  test::update(dir.path(), {publisher().model(2)});
  EXPECT_EQ(code_of([&] { install(store, {publisher().model(1)}); }), Code::outdated);
  // Another content under the same number is no update either.
  const std::filesystem::path forged = dir / "forged.crayon";
  formats::sign_bundle(publisher().model(3), forged, publisher().key(), 2);
  EXPECT_EQ(code_of([&] { install(store, {forged}); }), Code::outdated);
  Request older;
  older.allow_older = true;
  const Deployment old = install(store, {publisher().model(1)}, older);
  store.activate(old.number, check_health);
  // That it was once active is not forgotten.
  EXPECT_EQ(store.state().releases.at("model"), 2u);
  // To return needs no flag: it is on purpose.
  EXPECT_NO_THROW(store.rollback(check_health));
}

TEST(Store, WhatWasNeverActiveBarsNothing) {
  const TempDir dir;
  Store store(dir.path());
  test::update(dir.path(), {publisher().model(1)});
  install(store, {publisher().model(3)});
  EXPECT_NO_THROW(install(store, {publisher().model(2)}));
  // The one that waited is gone: one may wait at a time.
  EXPECT_EQ(store.deployments().size(), 2u);
}

TEST(Store, AnUnhealthyDeploymentDoesNotAnswer) {
  const TempDir dir;
  Store store(dir.path());
  test::update(dir.path(), {publisher().model(1)});
  const Deployment next = install(store, {publisher().model(2)});
  const auto unhealthy = [](const Deployment&) { throw Error(Code::unhealthy, "no"); };
  EXPECT_EQ(code_of([&] { store.activate(next.number, unhealthy); }), Code::unhealthy);
  EXPECT_EQ(store.active()->number, 1u);
  // It waits, and may be tried again.
  EXPECT_NO_THROW(store.activate(next.number, check_health));
  EXPECT_EQ(code_of([&] { store.rollback(unhealthy); }), Code::unhealthy);
  EXPECT_EQ(store.active()->number, 2u);
}

TEST(Store, AKeyThatIsNoLongerTrustedBarsActivation) {
  const TempDir dir;
  Store store(dir.path());
  store.trust(publisher().key().public_key());
  const Deployment waiting = install(store, {publisher().model(1)});
  store.trust(formats::make_secret_key().public_key());
  store.distrust(formats::to_hex(publisher().key().public_key().id()));
  EXPECT_EQ(code_of([&] { store.activate(waiting.number, check_health); }), Code::untrusted);
  EXPECT_EQ(code_of([&] { store.distrust("0000"); }), Code::bad_argument);
}

TEST(Store, GoldenTokensBelongToTheirModel) {
  const TempDir dir;
  Store store(dir / "store");
  const Golden golden{publisher().model_id(1), "a", {1, 2}, 9};
  write_golden(dir / "golden.txt", golden);
  EXPECT_EQ(
      code_of([&] { install(store, {publisher().model(2)}, with_golden(dir / "golden.txt")); }),
      Code::wrong_base);
  install(store, {publisher().model(1)}, with_golden(dir / "golden.txt"));
  store.activate(1, check_health);
  EXPECT_EQ(store.active()->golden, golden);
  // They stay with the model, and go with it.
  EXPECT_EQ(install(store, {publisher().adapter(1)}).golden, golden);
  EXPECT_FALSE(install(store, {publisher().model(2)}).golden);
}

TEST(Store, OneChangesItAtATime) {
  const TempDir dir;
  Store store(dir.path());
  test::update(dir.path(), {publisher().model(1)});
  const FolderLock other(dir.path());
  EXPECT_EQ(code_of([&] { install(store, {publisher().model(2)}); }), Code::io);
  EXPECT_EQ(code_of([&] { store.activate(1, check_health); }), Code::io);
  EXPECT_EQ(store.active()->number, 1u);  // reading needs no lock
}

TEST(Store, DamagedDescriptionsAreNamed) {
  const TempDir dir;
  Store store(dir.path());
  test::update(dir.path(), {publisher().model(1)});
  const auto named = [&](const std::filesystem::path& file, const std::string& text) {
    const std::string good = read_text(file, 1u << 20);
    write_text(file, text);
    std::string sentence;
    const Code code = code_of([&] { (void)store.active(); }, &sentence);
    EXPECT_NE(sentence.find(file.string()), std::string::npos) << sentence;
    write_text(file, good);
    return code;
  };
  for (const char* text : {"", "{}", "crayon-store 1", "crayon-store 1\n", "crayon-store 2\n",
                           "crayon-store 1\nactive -1\nprevious 0\n", "crayon-store 1\nactive 1\n",
                           "crayon-store 1\nactive 1\nprevious 0\nrelease model\n"}) {
    EXPECT_EQ(named(dir / "state.txt", text), Code::malformed) << text;
  }
  for (const char* text : {"", "crayon-deployment 1\n", "crayon-deployment 1\nbundle model\n",
                           "crayon-deployment 1\nbundle model xy 1 1 - signed\n"}) {
    EXPECT_EQ(named(dir / "deployments/1/deployment.txt", text), Code::malformed) << text;
  }
}

TEST(Needs, AreSaidInNumbers) {
  const std::uint64_t mib = 1u << 20;
  const auto sentence_of = [&](const Needs& needs, std::uint64_t copied, const Room& room,
                               Code expected) {
    std::string sentence;
    EXPECT_EQ(code_of([&] { check_room(needs, copied, room, "/x"); }, &sentence), expected);
    return sentence;
  };
  EXPECT_EQ(sentence_of({.image = 20 * mib, .memory = 0}, 10 * mib, {30 * mib, {}}, Code::no_space),
            "/x has 30.0 MiB free, and 31.0 MiB are needed: bundles 10.0, packed image 20.0");
  EXPECT_EQ(
      sentence_of({.image = 0, .memory = 9 * mib}, 0, {30 * mib, 8 * mib}, Code::out_of_memory),
      "8.0 MiB of memory are free, and the model takes 9.0 MiB");
  EXPECT_NO_THROW(check_room({20 * mib, 9 * mib}, 10 * mib, {31 * mib, 9 * mib}, "/x"));
  EXPECT_NO_THROW(check_room({0, 9 * mib}, 0, {mib, {}}, "/x"));
}

TEST(Needs, AreCheckedBeforeAnythingIsWritten) {
  const TempDir dir;
  Store store(dir.path());
  Request request;
  request.bundles = {{publisher().model(1), false}};
  const auto much = [](const formats::Bundle&) { return Needs{std::uint64_t{1} << 60, 0}; };
  EXPECT_EQ(code_of([&] { store.install(request, much, no_progress); }), Code::no_space);
  EXPECT_TRUE(std::filesystem::is_empty(dir / "deployments"));
}

}  // namespace
}  // namespace crayon::store
