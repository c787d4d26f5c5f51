#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crayon::importers {

/// How a family of byte-level BPE models splits text before merging.
struct PreTokenizer {
  std::string_view name;  ///< GGUF's tokenizer.ggml.pre
  std::vector<std::string> patterns;
  bool ignore_merges;
  bool add_bos;  ///< what the family does unless the file says otherwise
};

/// Throws unsupported, listing the known names. `where` names the file.
const PreTokenizer& find_pre_tokenizer(std::string_view name, std::string_view where);

/// Of GPT-2 (encoder.py); Hugging Face's ByteLevel pre-tokenizer has it built in.
inline constexpr const char* gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace crayon::importers
