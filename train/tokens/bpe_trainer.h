#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/tokenizer_data.h"

namespace crayon::train {

struct BpeOptions {
  std::uint32_t vocab_size = 4096;
  /// Share of the text's characters that get a piece; the others become their bytes.
  double character_coverage = 0.9999;
};

struct TrainedBpe {
  formats::TokenizerData data;
  std::string model;  ///< the same as SentencePiece's own file, tokenizer.model
};

/// SentencePiece's BPE (Kudo, Richardson 2018) with byte fallback over these sentences, set as
/// Llama 2's is: text as it is, a space in front, digits apart, <unk> 0, <s> 1, </s> 2, then the
/// 256 bytes. The same sentences give the same pieces. Throws bad_argument, with
/// SentencePiece's reason, when the text has not enough for such a vocabulary.
TrainedBpe train_bpe(std::span<const std::string> sentences, const BpeOptions& options);

}  // namespace crayon::train
