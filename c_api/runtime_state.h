#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/memory_source.h"
#include "crayon/crayon.h"

namespace crayon::c_api {

class Handle;

/// Throws bad_argument, saying what is missing, for a null pointer.
void check_not_null(const void* pointer, const std::string& what);

/// What all handles of a runtime share. From any thread.
class RuntimeState {
 public:
  /// Throws bad_argument for half an allocator.
  explicit RuntimeState(const crayon_runtime_options& options);
  ~RuntimeState();

  /// Null: the C++ library's.
  const MemorySource* memory() const { return source_.allocate != nullptr ? &source_ : nullptr; }
  void log(int level, const std::string& line) const;

  void opened();
  /// Keeps a closed handle for as long as it may still be taken for an open one.
  void closed(std::unique_ptr<Handle> handle);
  /// Throws busy while a handle is open.
  void check_none_open() const;

 private:
  /// docs/c-api.md and crayon.h promise this number.
  static constexpr std::size_t remembered = 1024;

  MemorySource source_{};
  crayon_log_callback log_;
  void* log_user_;
  mutable std::mutex mutex_;  // guards what follows
  std::size_t open_ = 0;
  std::deque<std::unique_ptr<Handle>> closed_;
};

}  // namespace crayon::c_api
