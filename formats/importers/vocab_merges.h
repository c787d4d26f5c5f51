#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "formats/tokenizer_data.h"

namespace crayon::importers {

/// A folder with GPT-2's two files, vocab.json (piece -> id) and merges.txt (a line "left right" a
/// merge), both in GPT-2's byte alphabet. How text is split goes by the tokenizer_class of
/// tokenizer_config.json: GPT-2's, Qwen2's or CLIP's; without that file it is CLIP's when pieces
/// end in "</w>", and GPT-2's otherwise. Throws unsupported for another class.
formats::TokenizerData read_vocab_and_merges(const std::filesystem::path& folder);

/// Whether a file that begins with `start` is CLIP's bpe_simple_vocab_16e6.txt.
bool starts_like_clip(std::string_view start);

/// That file, unpacked: a heading and merges, the first 48,894 of which make CLIP's vocabulary of
/// 49,408 tokens. `where` names the file.
formats::TokenizerData read_clip_merges(std::string_view text, const std::string& where);

}  // namespace crayon::importers
