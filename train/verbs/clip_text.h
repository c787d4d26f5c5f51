#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/tokenizer/tokenizer.h"

namespace crayon::train {

/// Texts as the text tower of a CLIP folder reads them.
class ClipText {
 public:
  /// Throws what importers::import_tokenizer() does, and bad_tokenizer unless it puts a token in
  /// front of a text and one behind it.
  explicit ClipText(const std::filesystem::path& folder);

  /// The tokens of a text with those around it.
  std::vector<std::int32_t> encode(const std::string& text) const;
  /// Those of the text alone.
  std::vector<std::int32_t> encode_inside(const std::string& text) const;

  std::int32_t bos() const { return *tokenizer_.data().bos; }
  std::int32_t eos() const { return *tokenizer_.data().eos; }

 private:
  tokenizer::Tokenizer tokenizer_;
};

}  // namespace crayon::train
