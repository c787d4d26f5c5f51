#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "formats/importers/gguf.h"

namespace crayon::importers {

/// The metadata "<architecture>.<key>" of one file. It remembers which keys it was asked for:
/// what nobody reads must not change the computation.
class GgufKeys {
 public:
  GgufKeys(const GgufFile& file, std::string_view architecture);

  const GgufFile& file() const { return file_; }
  std::string name(std::string_view key) const { return prefix_ + std::string(key); }

  // Empty when the key is absent. All throw malformed for a value of another type, and size()
  // corrupt for a number below 0 or above 32 bits.
  std::optional<std::uint32_t> size(std::string_view key);
  std::optional<float> number(std::string_view key);
  const std::string* text(std::string_view key);
  /// A list of flags. Empty when the key is absent or no list; throws malformed unless the list
  /// has `count`.
  std::optional<std::vector<bool>> flags(std::string_view key, std::size_t count);

  std::uint32_t required_size(std::string_view key);
  float required_number(std::string_view key);

  /// Throws unsupported: the key's value makes the model another one than those that are known.
  [[noreturn]] void fail_unsupported(std::string_view key, const std::string& value) const;

  /// Throws unsupported for a key that some architecture has, that nobody asked for, and whose
  /// value is not that of a model without it.
  void refuse_unread() const;

 private:
  const GgufFile& file_;
  std::string prefix_;
  std::set<std::string, std::less<>> read_;
};

}  // namespace crayon::importers
