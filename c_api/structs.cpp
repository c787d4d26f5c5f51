#include "c_api/structs.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "base/error.h"
#include "c_api/runtime_state.h"

namespace crayon::c_api {

void check_size(std::size_t size, const char* name) {
  constexpr std::size_t most = 65536;  // no struct will ever be so large
  if (size < sizeof(std::size_t) || size > most) {
    throw Error(Code::bad_argument, fmt::format("the size of {} is {}", name, size),
                fmt::format("set it first: {{.size = sizeof({})}}", name));
  }
}

void check_rest(const void* given, std::size_t size, std::size_t known, const char* name) {
  const auto* const bytes = static_cast<const std::uint8_t*>(given);
  for (std::size_t i = known; i < size; ++i) {
    if (bytes[i] != 0) {
      throw Error(Code::unsupported,
                  fmt::format("{} asks for what this library does not know", name),
                  "use a newer library, or leave the newer fields 0");
    }
  }
}

void copy_text(std::string_view text, char* out, std::size_t size) {
  std::size_t length = std::min(text.size(), size - 1);
  if (length < text.size()) {
    while (length != 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) {
      --length;
    }
  }
  std::memcpy(out, text.data(), length);
  out[length] = '\0';
}

std::string required_text(const char* text, const char* what) {
  check_not_null(text, what);
  return text;
}

void give_text(std::string_view text, char** out) {
  if (out == nullptr) {
    return;
  }
  auto* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) {
    throw std::bad_alloc();
  }
  copy_text(text, copy, text.size() + 1);
  *out = copy;
}

void check_room(const float* vector, std::size_t capacity, std::size_t dim) {
  check_not_null(vector, "a vector to write to");
  if (capacity < dim) {
    throw Error(Code::over_limit,
                fmt::format("the vector has {} numbers, and there is room for {}", dim, capacity),
                "make room for as many as the information says");
  }
}

}  // namespace crayon::c_api
