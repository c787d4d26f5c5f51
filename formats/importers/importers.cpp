#include "formats/importers/importers.h"

#include <fmt/format.h>

#include <array>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "formats/importers/gguf_import.h"
#include "formats/importers/llama2c.h"
#include "formats/importers/provenance.h"

namespace crayon::importers {
namespace {

using formats::ModelSource;
using formats::TokenizerData;
using std::filesystem::path;

ModelSource import_gguf(const path& source, const path& tokenizer) {
  const auto file = std::make_shared<const GgufFile>(source);
  GgufModel model = read_gguf_model(file);
  return {std::move(model.config),
          tokenizer.empty() ? read_gguf_tokenizer(*file) : import_tokenizer(tokenizer),
          describe_source(source, std::array{source}, gguf_licence(*file)),
          std::move(model.tensors)};
}

ModelSource import_llama2c(const path& source, const path& tokenizer) {
  const auto file = std::make_shared<const File>(source);
  Llama2cModel model = read_llama2c_model(file);
  const path pieces =
      tokenizer.empty() ? find_llama2c_tokenizer(source, model.config.vocab_size) : tokenizer;
  return {std::move(model.config), import_tokenizer(pieces),
          describe_source(source, std::array{source}, ""), std::move(model.tensors)};
}

ModelSource import_any(const path& source, const path& tokenizer) {
  const File file(source);
  if (GgufFile::is_one(file)) {
    return import_gguf(source, tokenizer);
  }
  return import_llama2c(source, tokenizer);
}

}  // namespace

ModelSource import_model(const path& source, const path& tokenizer) {
  ModelSource model = import_any(source, tokenizer);
  // Fewer tokens than rows are fine: embeddings are often padded.
  if (model.tokenizer.pieces.size() > model.config.vocab_size) {
    throw Error(Code::bad_tokenizer,
                fmt::format("{}: the tokenizer has {} tokens, but the model {}", source.string(),
                            model.tokenizer.pieces.size(), model.config.vocab_size),
                "pass the tokenizer that the model was trained with");
  }
  return model;
}

TokenizerData import_tokenizer(const path& source) {
  const File file(source);
  if (GgufFile::is_one(file)) {
    return read_gguf_tokenizer(GgufFile(source));
  }
  if (is_llama2c_model(file)) {
    const auto model = read_llama2c_model(std::make_shared<const File>(source));
    return read_llama2c_tokenizer(File(find_llama2c_tokenizer(source, model.config.vocab_size)));
  }
  return read_llama2c_tokenizer(file);
}

}  // namespace crayon::importers
