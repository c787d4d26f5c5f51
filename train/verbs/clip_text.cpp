#include "train/verbs/clip_text.h"

#include "base/error.h"
#include "formats/importers/importers.h"

namespace crayon::train {

ClipText::ClipText(const std::filesystem::path& folder)
    : tokenizer_(importers::import_tokenizer(folder)) {
  const formats::TokenizerData& data = tokenizer_.data();
  if (!data.bos || !data.eos || !data.add_bos || !data.add_eos) {
    throw Error(
        Code::bad_tokenizer,
        folder.string() + ": the tokenizer does not put tokens around a text as CLIP's does",
        "give the folder of a CLIP model");
  }
}

std::vector<std::int32_t> ClipText::encode(const std::string& text) const {
  return tokenizer_.encode(text, {.add_bos = true, .add_eos = true});
}

std::vector<std::int32_t> ClipText::encode_inside(const std::string& text) const {
  return tokenizer_.encode(text, {.add_bos = false, .add_eos = false});
}

}  // namespace crayon::train
