#include "tests/store/system_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CRAYON_OWN_MALLOC 0
#else
#define CRAYON_OWN_MALLOC 1
#endif

namespace crayon::test {
namespace {

constexpr std::uint64_t none = ~std::uint64_t{0};

// Plain variables: an allocation may come before any constructor has run.
std::atomic<std::uint64_t> counts[call_kinds];
std::atomic<int> failing_kind{-1};
std::atomic<std::uint64_t> failing_number{none};
std::atomic<bool> failed{false};
int failing_errno = 0;
std::atomic<std::int64_t> live_allocations{0};
FileWatcher* watcher = nullptr;

/// Counts a call; true when it is the one to fail, with errno set.
bool fails(Call kind) {
  if (failing_kind.load(std::memory_order_relaxed) != static_cast<int>(kind)) {
    return false;
  }
  if (counts[static_cast<int>(kind)]++ != failing_number) {
    return false;
  }
  failed = true;
  errno = failing_errno;
  return true;
}

/// The C library's function of that name and type.
template <typename Function>
Function real(const char* name, Function) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

std::string absolute(const char* path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

/// Takes the watcher away, so that what it does itself is not seen.
class Watching {
 public:
  Watching() : watcher_(std::exchange(watcher, nullptr)) {}
  ~Watching() { watcher = watcher_; }
  explicit operator bool() const { return watcher_ != nullptr; }
  FileWatcher* operator->() const { return watcher_; }

 private:
  FileWatcher* watcher_;
};

int open_watched(const char* path, int flags, mode_t mode) {
  static const auto real_open = real("open", static_cast<int (*)(const char*, int, ...)>(nullptr));
  if (fails(Call::open)) {
    return -1;
  }
  struct stat before = {};
  const bool created = (flags & O_CREAT) != 0 && ::stat(path, &before) != 0;
  const int descriptor = real_open(path, flags, mode);
  const int error = errno;
  if (const Watching watching; watching && descriptor >= 0) {
    if ((flags & O_TMPFILE) == O_TMPFILE) {
      watching->on_nameless(descriptor);
    } else {
      watching->on_open(descriptor, absolute(path), created);
    }
  }
  errno = error;
  return descriptor;
}

}  // namespace

const char* call_name(Call kind) {
  constexpr const char* names[] = {"allocation", "open",   "read", "write",       "sync",
                                   "rename",     "unlink", "link", "make_folder", "thread"};
  return names[static_cast<int>(kind)];
}

FailingCall::FailingCall(Call kind, std::uint64_t number, int error) {
  counts[static_cast<int>(kind)] = 0;
  failed = false;
  failing_errno = error;
  failing_number = number;
  failing_kind = static_cast<int>(kind);
}

FailingCall::~FailingCall() {
  failing_kind = -1;
}

bool FailingCall::reached() const {
  return failed;
}

std::uint64_t stride() {
  const char* const wanted = std::getenv("CRAYON_STRIDE");
  return wanted != nullptr ? std::max<std::uint64_t>(std::strtoull(wanted, nullptr, 10), 1) : 1;
}

Held held_now() {
  Held held;
  held.allocations = live_allocations;
  for (int descriptor = 0; descriptor < 256; ++descriptor) {
    held.descriptors += ::fcntl(descriptor, F_GETFD) >= 0 ? 1 : 0;
  }
  return held;
}

void watch_files(FileWatcher& watching, const std::function<void()>& action) {
  watcher = &watching;
  try {
    action();
  } catch (...) {
    watcher = nullptr;
    throw;
  }
  watcher = nullptr;
}

}  // namespace crayon::test

using crayon::test::Call;
using crayon::test::fails;
using crayon::test::real;
using crayon::test::Watching;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = va_arg(arguments, mode_t);
  va_end(arguments);
  return crayon::test::open_watched(path, flags, mode);
}

int close(int descriptor) {
  static const auto real_close = real("close", &close);
  if (const Watching watching; watching) {
    watching->on_close(descriptor);
  }
  return real_close(descriptor);
}

ssize_t read(int descriptor, void* bytes, size_t count) {
  static const auto real_read = real("read", &read);
  return fails(Call::read) ? -1 : real_read(descriptor, bytes, count);
}

ssize_t pread(int descriptor, void* bytes, size_t count, off_t offset) {
  static const auto real_pread = real("pread", &pread);
  return fails(Call::read) ? -1 : real_pread(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static const auto real_write = real("write", &write);
  if (fails(Call::write)) {
    return -1;
  }
  const ssize_t written = real_write(descriptor, bytes, count);
  if (const Watching watching; watching && written > 0) {
    watching->on_write(descriptor, bytes, static_cast<std::size_t>(written));
  }
  return written;
}

// Nothing here is kept through a real power cut, so that nothing has to wait for the disk.
int fsync(int descriptor) {
  if (fails(Call::sync)) {
    return -1;
  }
  if (const Watching watching; watching) {
    watching->on_sync(descriptor);
  }
  return 0;
}

int rename(const char* from, const char* to) noexcept {
  static const auto real_rename = real("rename", &rename);
  if (fails(Call::rename)) {
    return -1;
  }
  const int result = real_rename(from, to);
  if (const Watching watching; watching && result == 0) {
    watching->on_rename(crayon::test::absolute(from), crayon::test::absolute(to));
  }
  return result;
}

int unlink(const char* path) noexcept {
  static const auto real_unlink = real("unlink", &unlink);
  if (fails(Call::unlink)) {
    return -1;
  }
  const int result = real_unlink(path);
  const int error = errno;
  if (const Watching watching; watching && result == 0) {
    watching->on_unlink(crayon::test::absolute(path));
  }
  errno = error;
  return result;
}

int rmdir(const char* path) noexcept {
  static const auto real_rmdir = real("rmdir", &rmdir);
  if (fails(Call::unlink)) {
    return -1;
  }
  const int result = real_rmdir(path);
  if (const Watching watching; watching && result == 0) {
    watching->on_unlink(crayon::test::absolute(path));
  }
  return result;
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  static const auto real_linkat = real("linkat", &linkat);
  if (fails(Call::link)) {
    return -1;
  }
  const int result = real_linkat(from_folder, from, to_folder, to, flags);
  constexpr const char* descriptors = "/proc/self/fd/";
  if (const Watching watching; watching && result == 0) {
    if (std::strncmp(from, descriptors, std::strlen(descriptors)) != 0) {
      std::abort();  // Crayon names nameless files so, and nothing else
    }
    watching->on_name(std::atoi(from + std::strlen(descriptors)), crayon::test::absolute(to));
  }
  return result;
}

int link(const char* from, const char* to) noexcept {
  static const auto real_link = real("link", &link);
  if (fails(Call::link)) {
    return -1;
  }
  const int result = real_link(from, to);
  if (const Watching watching; watching && result == 0) {
    watching->on_link(crayon::test::absolute(from), crayon::test::absolute(to));
  }
  return result;
}

int symlink(const char* target, const char* path) noexcept {
  static const auto real_symlink = real("symlink", &symlink);
  if (fails(Call::link)) {
    return -1;
  }
  const int result = real_symlink(target, path);
  if (const Watching watching; watching && result == 0) {
    watching->on_symlink(target, crayon::test::absolute(path));
  }
  return result;
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto real_mkdir = real("mkdir", &mkdir);
  if (fails(Call::make_folder)) {
    return -1;
  }
  const int result = real_mkdir(path, mode);
  const int error = errno;
  if (const Watching watching; watching && result == 0) {
    watching->on_make_folder(crayon::test::absolute(path));
  }
  errno = error;
  return result;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) {
  static const auto real_create = real("pthread_create", &pthread_create);
  return fails(Call::thread) ? EAGAIN : real_create(thread, attributes, start, argument);
}

#if CRAYON_OWN_MALLOC

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);

void* malloc(size_t size) {
  if (fails(Call::allocation)) {
    return nullptr;
  }
  ++crayon::test::live_allocations;
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  if (fails(Call::allocation)) {
    return nullptr;
  }
  ++crayon::test::live_allocations;
  return __libc_calloc(count, size);
}

void* realloc(void* memory, size_t size) {
  if (fails(Call::allocation)) {
    return nullptr;
  }
  crayon::test::live_allocations += memory == nullptr ? 1 : 0;
  return __libc_realloc(memory, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  if (fails(Call::allocation)) {
    return nullptr;
  }
  ++crayon::test::live_allocations;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, size_t alignment, size_t size) {
  if (fails(Call::allocation)) {
    return ENOMEM;
  }
  ++crayon::test::live_allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}

void free(void* memory) {
  crayon::test::live_allocations -= memory == nullptr ? 0 : 1;
  __libc_free(memory);
}

#endif

}  // extern "C"

#if !CRAYON_OWN_MALLOC

// A sanitizer looks after malloc, and after leaks.
void* operator new(std::size_t size) {
  if (void* memory = fails(Call::allocation) ? nullptr : std::malloc(size)) {
    return memory;
  }
  throw std::bad_alloc();
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto multiple = static_cast<std::size_t>(alignment);
  if (void* memory =
          fails(Call::allocation)
              ? nullptr
              : std::aligned_alloc(multiple, (size + multiple - 1) / multiple * multiple)) {
    return memory;
  }
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

#endif
