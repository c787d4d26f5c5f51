#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "formats/model_source.h"
#include "formats/smoothing.h"

namespace crayon::importers {

/// A model from a file or folder, the kind found from its content:
///  * GGUF version 2 or 3 (ggml's docs/gguf.md), of the types in ggml_type.h
///  * a Hugging Face folder: config.json, a tokenizer, *.safetensors, sharded too
///  * the same of a CLIP model, or open_clip_config.json and open_clip_model.safetensors
///  * llama2.c: legacy .bin (no magic) and version 1, with `tokenizer` naming its tok*.bin
/// `tokenizer` overrides or supplies the tokenizer file; it may be empty.
formats::ModelSource import_model(const std::filesystem::path& source,
                                  const std::filesystem::path& tokenizer);

/// The tokenizer alone, of any such source or of a file of its own, found by its content:
///  * a GGUF, vocabulary-only too; a tokenizer.json; a SentencePiece tokenizer.model
///  * tiktoken's ranks (Llama 3's tokenizer.model); vocab.json, with merges.txt beside it
///  * CLIP's bpe_simple_vocab_16e6.txt, unpacked; llama2.c's tok*.bin
/// Of a folder, the first that is there: tokenizer.json, tokenizer.model, vocab.json with
/// merges.txt. Throws not_found, naming these, when none is.
formats::TokenizerData import_tokenizer(const std::filesystem::path& source);

/// A LoRA: a PEFT folder (adapter_config.json + adapter_model.safetensors) or a GGUF-LoRA, for
/// the model that `base` describes. A tensor that matches nothing is the error unmatched_tensor.
formats::AdapterSource import_adapter(const std::filesystem::path& source,
                                      const formats::Bundle& base);

/// Channel scales that `crayon-train scales` learned, for a model of that configuration: a
/// safetensors file. Throws missing_tensor, and corrupt for scales that do not fit.
formats::ChannelScales import_channel_scales(const std::filesystem::path& path,
                                             const formats::ModelConfig& config);

/// A model of seeded random weights with a byte-level tokenizer. `shape` is "tiny", a published
/// model ("smollm2-135m") or the path of a config.json. Throws bad_argument, listing the known
/// ones, for anything else, and what reading the file throws.
formats::ModelSource random_model(const std::string& shape, std::uint64_t seed);

}  // namespace crayon::importers
