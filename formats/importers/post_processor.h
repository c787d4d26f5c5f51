#pragma once

#include <functional>
#include <string>

#include "formats/importers/json_object.h"
#include "formats/tokenizer_data.h"

namespace crayon::importers {

/// The post_processor of a tokenizer.json: sets bos, eos, add_bos and add_eos by the special
/// tokens that it puts around a text. `token_of(content)` gives a token's id, or throws. Throws
/// unsupported for several tokens on one side and for kinds that are not known.
void read_post_processor(const JsonObject& processor,
                         const std::function<formats::Token(const std::string&)>& token_of,
                         formats::TokenizerData& tokenizer);

}  // namespace crayon::importers
