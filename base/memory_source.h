#pragma once

#include <cstddef>

namespace crayon {

/// Where large memory comes from, in the place of operator new.
struct MemorySource {
  void* user;
  /// `bytes` at a multiple of `alignment`; null: there is no more. From any thread.
  void* (*allocate)(void* user, std::size_t bytes, std::size_t alignment);
  void (*release)(void* user, void* memory, std::size_t bytes);
};

/// What large arrays are made of on this thread; null: operator new. What was made goes back to
/// where it came from, on whatever thread.
const MemorySource* memory_source();

/// Sets it for this thread, and for those that start_thread() starts from it, as long as this
/// lives. The source must outlive all memory that it gives.
class UseMemorySource {
 public:
  explicit UseMemorySource(const MemorySource* source);
  ~UseMemorySource();
  UseMemorySource(const UseMemorySource&) = delete;
  UseMemorySource& operator=(const UseMemorySource&) = delete;

 private:
  const MemorySource* before_;
};

}  // namespace crayon
