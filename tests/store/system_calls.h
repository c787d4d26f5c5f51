#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace crayon::test {

// A program that links this has its system calls pass through here, where they can be watched and
// made to fail: the definitions stand in front of those of the C library.

/// What can fail, each kind counted on its own.
enum class Call : std::uint8_t {
  allocation,  ///< malloc and its kin; under a sanitizer, operator new
  open,
  read,
  write,
  sync,
  rename,
  unlink,
  link,  ///< hard and symbolic links
  make_folder,
  thread,
};
inline constexpr int call_kinds = 10;
const char* call_name(Call kind);

/// Lets one call of a kind fail while it lives: the first one has number 0.
class FailingCall {
 public:
  FailingCall(Call kind, std::uint64_t number, int error);
  ~FailingCall();
  FailingCall(const FailingCall&) = delete;
  FailingCall& operator=(const FailingCall&) = delete;
  /// Whether there was such a call.
  bool reached() const;
};

/// How many points a test that goes through all of them goes forward at once: 1, or CRAYON_STRIDE
/// where each takes long, as in an emulator.
std::uint64_t stride();

/// Memory and descriptors that the process holds.
struct Held {
  std::int64_t allocations = 0;
  std::int64_t descriptors = 0;
  bool operator==(const Held&) const = default;
};
Held held_now();

/// Sees changes of files below a folder, after each has succeeded. Paths are absolute. One at a
/// time, on one thread.
class FileWatcher {
 public:
  virtual ~FileWatcher() = default;
  /// A file without a name.
  virtual void on_nameless(int descriptor) = 0;
  virtual void on_open(int descriptor, const std::string& path, bool created) = 0;
  virtual void on_close(int descriptor) = 0;
  virtual void on_write(int descriptor, const void* bytes, std::size_t count) = 0;
  virtual void on_sync(int descriptor) = 0;
  virtual void on_name(int descriptor, const std::string& path) = 0;
  virtual void on_link(const std::string& from, const std::string& to) = 0;
  virtual void on_symlink(const std::string& target, const std::string& path) = 0;
  virtual void on_rename(const std::string& from, const std::string& to) = 0;
  virtual void on_unlink(const std::string& path) = 0;
  virtual void on_make_folder(const std::string& path) = 0;
};

/// Shows `watcher` the calls that `action` makes.
void watch_files(FileWatcher& watcher, const std::function<void()>& action);

}  // namespace crayon::test
