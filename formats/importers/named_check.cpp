#include "formats/importers/named_check.h"

#include <fmt/format.h>

#include "base/error.h"

namespace crayon::importers {
namespace {

template <typename Value>
void check_in(const Value& value, const std::string& where) {
  try {
    formats::check(value);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", where, error.what()), error.hint());
  }
}

}  // namespace

void check_config(const formats::ModelConfig& config, const std::string& where) {
  check_in(config, where);
}

void check_tokenizer(const formats::TokenizerData& tokenizer, const std::string& where) {
  check_in(tokenizer, where);
}

}  // namespace crayon::importers
