#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace crayon::c_api {

/// Throws bad_argument for a struct whose size was not set.
void check_size(std::size_t size, const char* name);
/// Throws unsupported when bytes of a struct behind the `known` ones are not 0: options of a newer
/// header, which cannot be followed here.
void check_rest(const void* given, std::size_t size, std::size_t known, const char* name);

/// Options as this library knows them: defaults for null, and for what an older header does not
/// have. Throws as the above.
template <typename Options>
Options read_options(const Options* given, const char* name) {
  Options options{};
  if (given != nullptr) {
    check_size(given->size, name);
    check_rest(given, given->size, sizeof(Options), name);
    std::memcpy(&options, given, std::min(given->size, sizeof(Options)));
  }
  options.size = sizeof(Options);
  return options;
}

/// A struct that a caller wants to be filled: as much of it as its header knows. Checked before the
/// work is done; null, where that is allowed, is filled with nothing.
template <typename Result>
class Filled {
 public:
  Filled(Result* given, const char* name) : given_(given) {
    if (given != nullptr) {
      check_size(given->size, name);
    }
  }
  void fill(Result result) const {
    if (given_ != nullptr) {
      result.size = given_->size;
      std::memcpy(given_, &result, std::min(given_->size, sizeof(Result)));
    }
  }

 private:
  Result* given_;
};

/// Cuts where it is too long, never within a character, and ends it with a 0. `size`: 1 or more.
void copy_text(std::string_view text, char* out, std::size_t size);
template <std::size_t size>
void copy_text(std::string_view text, char (&out)[size]) {
  copy_text(text, out, size);
}

/// "" for null.
inline std::string text_of(const char* text) {
  return text != nullptr ? text : "";
}
/// Throws bad_argument for null, naming what it is.
std::string required_text(const char* text, const char* what);

/// A copy for crayon_text_free(); nothing where nobody wants one. Throws bad_alloc.
void give_text(std::string_view text, char** out);

/// Throws bad_argument for null, over_limit where it does not fit, saying how long it is.
void check_room(const float* vector, std::size_t capacity, std::size_t dim);

}  // namespace crayon::c_api
