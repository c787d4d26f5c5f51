// The race between a host's addresses.
#include "transport/address_race.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/transport/sockets.h"

namespace crayon::transport {
namespace {

using test::milliseconds_of;

sockaddr_storage address_of(std::uint16_t port, const char* host = "127.0.0.1") {
  return *numeric_address(host, port);
}

/// A race on a loop of its own, to its end.
class Race {
 public:
  Race()
      : race_(std::make_unique<AddressRace>(loop_,
                                            AddressRace::Hooks{[this](StreamHandle socket) {
                                                                 winner_ = winner_of(socket);
                                                                 race_.reset();
                                                               },
                                                               [this](const std::string& failures) {
                                                                 failures_ = failures;
                                                                 race_.reset();
                                                               }})) {}

  AddressRace& operator*() { return *race_; }
  Loop& loop() { return loop_; }
  /// The port that was connected to; 0 if none was.
  std::uint16_t run() {
    loop_.run();
    EXPECT_EQ(race_, nullptr) << "no hook was called";
    return winner_;
  }
  const std::string& failures() const { return failures_; }

 private:
  static std::uint16_t winner_of(const StreamHandle& socket) {
    sockaddr_storage peer = {};
    int size = sizeof peer;
    EXPECT_EQ(uv_tcp_getpeername(as_tcp(socket), reinterpret_cast<sockaddr*>(&peer), &size), 0);
    return port_of(peer);
  }

  Loop loop_;
  std::unique_ptr<AddressRace> race_;
  std::uint16_t winner_ = 0;
  std::string failures_;
};

/// Calls `action` on the race's loop after a while.
template <typename Action>
Handle<uv_timer_t> later(Race& race, std::uint64_t milliseconds, Action& action) {
  Handle<uv_timer_t> timer = make_timer(race.loop(), &action);
  uv_timer_start(
      timer.get(), [](uv_timer_t* due) { (*static_cast<Action*>(due->data))(); }, milliseconds, 0);
  return timer;
}

test::Peer::Script do_nothing() {
  return [](test::Socket&) {};
}

TEST(AddressRace, ARefusalStartsTheNextAtOnce) {
  const test::Peer peer(do_nothing());
  Race race;
  (*race).add(AF_INET6, {});
  (*race).add(AF_INET, {address_of(test::closed_port()), address_of(test::closed_port()),
                        address_of(peer.port())});
  EXPECT_EQ(race.run(), peer.port());
}

TEST(AddressRace, SilenceIsGivenAQuarterOfASecond) {
  const test::Peer peer(do_nothing());
  const test::SilentAddress silent;
  Race race;
  const auto elapsed = milliseconds_of([&] {
    (*race).add(AF_INET6, {});
    (*race).add(AF_INET, {address_of(silent.port()), address_of(peer.port())});
    EXPECT_EQ(race.run(), peer.port());
  });
  EXPECT_GE(elapsed, 240);
}

TEST(AddressRace, FamiliesTakeTurnsAndIPv6IsFirst) {
  const std::uint16_t closed = test::closed_port();
  Race race;
  (*race).add(AF_INET, {address_of(closed), address_of(closed, "127.0.0.2")});
  (*race).add(AF_INET6, {address_of(closed, "::1"), address_of(closed, "::ffff:127.0.0.1")});
  EXPECT_EQ(race.run(), 0);
  const std::string& all = race.failures();
  const auto at = [&](const sockaddr_storage& address) {
    const std::size_t place = all.find(to_string(address) + ": ");
    EXPECT_NE(place, std::string::npos) << all;
    return place;
  };
  EXPECT_LT(at(address_of(closed, "::1")), at(address_of(closed)));
  EXPECT_LT(at(address_of(closed)), at(address_of(closed, "::ffff:127.0.0.1")));
  EXPECT_LT(at(address_of(closed, "::ffff:127.0.0.1")), at(address_of(closed, "127.0.0.2")));
}

TEST(AddressRace, IPv4DoesNotWaitLongForASlowLookUp) {
  const test::Peer peer(do_nothing());
  Race race;
  (*race).add(AF_INET, {address_of(peer.port())});
  EXPECT_EQ(race.run(), peer.port());  // IPv6 addresses never came
}

TEST(AddressRace, AddressesThatComeLateAreTried) {
  const test::Peer peer(do_nothing());
  Race race;
  auto add = [&] { (*race).add(AF_INET, {address_of(peer.port())}); };
  (*race).add(AF_INET6, {address_of(test::closed_port(), "::1")});
  Handle<uv_timer_t> timer = later(race, 100, add);
  Handle<uv_timer_t> ender;
  auto end_all = [&] {
    timer.reset();
    ender.reset();
  };
  ender = later(race, 150, end_all);
  EXPECT_EQ(race.run(), peer.port());
}

TEST(AddressRace, NoAddressesAtAllIsAFailureWithoutWords) {
  Race race;
  (*race).add(AF_INET6, {});
  (*race).add(AF_INET, {});
  EXPECT_EQ(race.run(), 0);
  EXPECT_EQ(race.failures(), "");
}

}  // namespace
}  // namespace crayon::transport
