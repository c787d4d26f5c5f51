#pragma once

#include <string>
#include <vector>

#include "formats/importers/json_object.h"
#include "formats/tokenizer_data.h"

namespace crayon::importers {

/// A tokenizer.json of Hugging Face's tokenizers, with a BPE model of one of two kinds:
///  * byte-level (GPT-2, Llama 3, SmolLM2, Qwen2) becomes byte_bpe.
///  * byte_fallback with U+2581 for spaces (Llama 2, TinyLlama, Phi-3) becomes
///    sentencepiece_bpe; see merge_scores().
/// Sets bos, eos, add_bos and add_eos as the post-processor says. Throws unsupported, naming the
/// part, for what neither kind covers; of an added token, the switches lstrip, rstrip,
/// single_word and normalized are not kept.
formats::TokenizerData read_tokenizer_json(const JsonObject& json);

/// The normalizer and the pre-tokenizer together.
struct TextSplit {
  bool byte_level = false;
  std::vector<std::string> patterns;  ///< byte-level: PCRE2, see TokenizerData
  bool marks_spaces = false;          ///< spaces become U+2581
  bool prepends_space = false;
  bool nfc = false;
};
TextSplit read_text_split(const JsonObject& json);

/// Scores for the pieces of `tokenizer` (in `scores`) that make SentencePiece's algorithm, which
/// merges the pair whose result has the best score, do the same merges as `merges`, which names
/// pairs in order: -r for a piece that pair r is the first to make. A piece that no pair makes
/// becomes unused. That is exact when every way to split a piece into two is a pair, and when
/// the pairs of one piece lie together; both hold for the lists that are generated from a
/// SentencePiece model. Throws unsupported otherwise. `where` names the file.
void merge_scores(formats::TokenizerData& tokenizer,
                  const std::vector<formats::TokenizerData::Merge>& merges,
                  const std::string& where);

}  // namespace crayon::importers
