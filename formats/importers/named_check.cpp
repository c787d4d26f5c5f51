#include "formats/importers/named_check.h"

#include <fmt/format.h>

#include "base/error.h"

namespace crayon::importers {
namespace {

void check_in(const std::string& where, const auto&... values) {
  try {
    formats::check(values...);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", where, error.what()), error.hint());
  }
}

}  // namespace

void check_config(const formats::ModelConfig& config, const std::string& where) {
  check_in(where, config);
}

void check_clip(const formats::ModelConfig& text, const formats::ImageTower& image,
                const std::string& where) {
  check_in(where, text);
  check_in(where, image, text);
}

void check_tokenizer(const formats::TokenizerData& tokenizer, const std::string& where) {
  check_in(where, tokenizer);
}

}  // namespace crayon::importers
