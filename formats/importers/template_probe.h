#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/chat_format.h"
#include "formats/importers/chat_template.h"
#include "formats/importers/jinja/syntax.h"

namespace crayon::importers {

using Turns = std::vector<formats::Turn>;

/// A parsed chat template to be run on conversations.
class TemplateProbe {
 public:
  /// Throws unsupported where it cannot be parsed.
  TemplateProbe(std::string_view source, TemplateTokens tokens);

  /// What it prints, up to where the assistant begins to speak if `opening`; nothing where it
  /// raises an exception of its own. Throws unsupported for what is not known here.
  std::optional<std::string> render(const Turns& turns, bool opening = true) const;

  /// The same cut at the turns' contents, which it must print in this order: one part more than
  /// there are contents. Nothing where it does not.
  std::optional<std::vector<std::string>> parts(const Turns& turns, bool opening = true) const;

  /// Whether `format` prints the same, or refuses the conversation.
  bool agrees(const Turns& turns, const formats::ChatFormat& format) const;

  const TemplateTokens& tokens() const { return tokens_; }

 private:
  jinja::Nodes nodes_;
  TemplateTokens tokens_;
};

/// What `format` prints for a conversation. Throws as formats::lay_out does.
std::string laid_out(const Turns& turns, const formats::ChatFormat& format);

}  // namespace crayon::importers
