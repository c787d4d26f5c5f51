#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace crayon::train {

/// The two tables of a tokenizer like CLIP's (Radford et al. 2021, simple_tokenizer.py).
struct ClipVocabulary {
  std::vector<std::string> pieces;  ///< by id: bytes, bytes that end a word, what merges make, and
                                    ///< <|startoftext|> and <|endoftext|> last
  std::vector<std::string> merges;  ///< "LEFT RIGHT", the first before the later ones
};

/// A byte-pair encoding in which each of these words, ASCII letters in lower case, is one token;
/// all other text is spelled in shorter ones. Words are learned in their order, and a later one
/// does not change how an earlier one is encoded. Throws bad_argument for another kind of word.
ClipVocabulary clip_vocabulary(const std::vector<std::string>& words);

/// Writes vocab.json, merges.txt and tokenizer_config.json of a CLIPTokenizer, for texts of so many
/// tokens. importers::import_tokenizer reads them back. The folder is there.
void write_clip_tokenizer(const ClipVocabulary& vocabulary, std::int64_t context,
                          const std::filesystem::path& folder);

}  // namespace crayon::train
