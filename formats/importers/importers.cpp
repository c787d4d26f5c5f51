#include "formats/importers/importers.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "formats/importers/clip.h"
#include "formats/importers/gguf_import.h"
#include "formats/importers/huggingface.h"
#include "formats/importers/llama2c.h"
#include "formats/importers/peft.h"
#include "formats/importers/provenance.h"

namespace crayon::importers {
namespace {

using formats::ModelSource;
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

ModelSource import_huggingface(const path& folder, const path& tokenizer) {
  ModelSource model =
      is_clip_folder(folder) ? read_clip_model(folder) : read_huggingface_model(folder);
  model.tokenizer = import_tokenizer(tokenizer.empty() ? folder : tokenizer);
  return model;
}

ModelSource import_any(const path& source, const path& tokenizer) {
  if (std::filesystem::is_directory(source)) {
    return import_huggingface(source, tokenizer);
  }
  const File file(source);
  if (GgufFile::is_one(file)) {
    return import_gguf(source, tokenizer);
  }
  if (is_llama2c_model(file)) {
    return import_llama2c(source, tokenizer);
  }
  throw Error(Code::unsupported, fmt::format("{} is no model file that is known", source.string()),
              "pass a GGUF file, a Hugging Face folder or a llama2.c file");
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

formats::AdapterSource import_adapter(const path& source, const formats::Bundle& base) {
  if (!base.info().config) {
    throw Error(Code::bad_argument, fmt::format("{} is no model bundle", base.path().string()),
                "name the model that the adapter belongs to");
  }
  if (std::filesystem::is_directory(source)) {
    return read_peft_adapter(source, *base.info().config);
  }
  const GgufFile file(source);
  formats::AdapterSource adapter = read_gguf_adapter(file, *base.info().config);
  adapter.name = source.stem().string();
  adapter.provenance = describe_source(source, std::array{source}, gguf_licence(file));
  return adapter;
}

}  // namespace crayon::importers
