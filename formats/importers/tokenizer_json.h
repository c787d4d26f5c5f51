#pragma once

#include <string>
#include <vector>

#include "formats/importers/json_object.h"
#include "formats/tokenizer_data.h"

namespace crayon::importers {

/// A tokenizer.json of Hugging Face's tokenizers, with a model of one of four kinds:
///  * byte-level BPE (GPT-2, Llama 3, SmolLM2, Qwen2) becomes byte_bpe.
///  * BPE with byte_fallback and U+2581 for spaces (Llama 2, TinyLlama, Phi-3, Gemma) becomes
///    sentencepiece_bpe; see merge_scores().
///  * Unigram with U+2581 for spaces (T5, XLM-R) becomes unigram.
///  * BPE with the suffix "</w>" over lower-case words (CLIP) becomes clip_bpe.
/// Sets bos, eos, add_bos and add_eos as the post-processor says. Throws unsupported, naming the
/// part, for what no kind covers.
formats::TokenizerData read_tokenizer_json(const JsonObject& json);

/// The normalizer and the pre-tokenizer together.
struct TextSplit {
  bool byte_level = false;
  std::vector<std::string> patterns;  ///< byte-level: PCRE2, see TokenizerData
  bool marks_spaces = false;          ///< spaces become U+2581
  bool splits_words = false;          ///< no piece goes on behind a U+2581
  bool prepends_space = false;
  formats::PrefixScope prefix_scope = formats::PrefixScope::every_part;
  bool prefix_unless_space = false;
  bool collapses_spaces = false;
  bool lower_case = false;
  bool only_words = false;  ///< white space between the matches of `patterns` is dropped
  bool nfc = false;
  std::string charsmap;
};
TextSplit read_text_split(const JsonObject& json);

/// Fills pieces, types, scores and unknown from a Unigram model. Pieces that can never be found in
/// text, as `split` cuts it before every space, become unused.
void read_unigram(const JsonObject& model, const TextSplit& split,
                  formats::TokenizerData& tokenizer);

/// Scores for the pieces of `tokenizer` (in `scores`) that make SentencePiece's algorithm, which
/// merges the pair whose result has the best score, do the same merges as `merges`, which names
/// pairs in order: -r for a piece that pair r is the first to make. A piece that no pair makes
/// becomes unused. Pairs with a user_defined piece, or that make one, count for nothing: it is
/// found in text before any merging. That is exact when every way to split a piece into two is a
/// pair, and when the pairs of one piece lie together; both hold for the lists that are generated
/// from a SentencePiece model. Throws unsupported otherwise. `where` names the file.
void merge_scores(formats::TokenizerData& tokenizer,
                  const std::vector<formats::TokenizerData::Merge>& merges,
                  const std::string& where);

}  // namespace crayon::importers
