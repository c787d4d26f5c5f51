#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crayon::importers {

/// How a family of byte-level BPE models splits text before merging.
struct PreTokenizer {
  std::vector<std::string_view> names;  ///< GGUF's tokenizer.ggml.pre
  std::vector<std::string> patterns;
  bool ignore_merges = false;
  bool add_bos = false;  ///< what the family does unless the file says otherwise
};

/// Throws unsupported, listing the known names. `where` names the file.
const PreTokenizer& find_pre_tokenizer(std::string_view name, std::string_view where);

// Expressions as the models' own tokenizers have them.

/// Of GPT-2 (encoder.py); Hugging Face's ByteLevel pre-tokenizer has it built in.
inline constexpr const char* gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr const char* llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr const char* qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
    R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
/// What it leaves out is white space.
inline constexpr const char* clip_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";

}  // namespace crayon::importers
