#pragma once

#include <string>
#include <string_view>

#include "formats/chat_format.h"

namespace crayon::importers {

/// The tokens' spellings, as templates print them; empty where a model has none.
struct TemplateTokens {
  std::string bos;
  std::string eos;
};

/// The chat format that a Jinja chat template writes for turns of system, user and assistant
/// without tools. The template is run on conversations whose contents are known, the format is
/// read off what it prints, and has then to print the same for more of them. A template that does
/// anything else gives the format "plain", with a note that says what; an empty template gives
/// "plain" without one. A date is the one that the template itself has for want of a clock.
formats::ChatFormat read_chat_template(std::string_view source, const TemplateTokens& tokens);

}  // namespace crayon::importers
