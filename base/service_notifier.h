#pragma once

#include <string>
#include <string_view>

namespace crayon {

/// Tells a service manager how this process is doing, by the protocol of sd_notify(3): datagrams of
/// `NAME=value` lines to a socket that the manager names. Without a socket nothing happens.
class ServiceNotifier {
 public:
  /// `address`: what NOTIFY_SOCKET holds, a path or, with an @ in front, an abstract name; or
  /// empty. Throws bad_argument for an address that is neither.
  explicit ServiceNotifier(std::string address);

  bool present() const { return !address_.empty(); }
  /// "READY=1". A manager that does not listen is no error: it is not this process' affair.
  void send(std::string_view state) const;

 private:
  std::string address_;
};

}  // namespace crayon
