// What is in a model's tables, out of its FlatBuffer. Nothing here trusts a number; what is
// returned is yet to be checked as a whole.

#pragma once

#include <bundle_generated.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "formats/bundle.h"
#include "formats/error_context.h"

namespace crayon::formats {

// A missing string is an empty one. The limit comes before the copy: a hostile buffer can name
// one long string many times over.
inline std::string to_string(const flatbuffers::String* text, std::size_t limit,
                             std::string_view field) {
  if (text == nullptr) {
    return {};
  }
  if (text->size() > limit) {
    fail(Code::over_limit, field, fmt::format("{} bytes are more than {}", text->size(), limit));
  }
  return text->str();
}

template <typename T>
std::uint32_t size_of(const flatbuffers::Vector<T>* values, std::size_t limit,
                      std::string_view field) {
  const std::uint32_t size = values == nullptr ? 0 : values->size();
  if (size > limit) {
    fail(Code::over_limit, field, fmt::format("{} entries are more than {}", size, limit));
  }
  return size;
}

template <typename T>
std::vector<T> to_vector(const flatbuffers::Vector<T>* values) {
  return values == nullptr ? std::vector<T>() : std::vector<T>(values->begin(), values->end());
}

template <typename Enum>
Enum to_enum(std::uint8_t value, Enum last, std::string_view field) {
  if (value > static_cast<std::uint8_t>(last)) {
    fail(Code::unsupported, field, fmt::format("{} is not known", value));
  }
  return static_cast<Enum>(value);
}

ModelConfig decode_config(const fbs::Config& config);
ImageTower decode_image(const fbs::ImageTower& image);
TokenizerData decode_tokenizer(const fbs::Tokenizer& tokenizer);
ChatFormat decode_chat(const fbs::ChatFormat& chat, std::string name);
Routing decode_routing(const fbs::Routing& routing);
StateInfo decode_state(const fbs::State& state);

}  // namespace crayon::formats
