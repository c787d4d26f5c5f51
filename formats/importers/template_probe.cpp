#include "formats/importers/template_probe.h"

#include <utility>

#include "base/error.h"
#include "formats/importers/jinja/evaluator.h"
#include "formats/importers/jinja/parser.h"

namespace crayon::importers {
namespace {

jinja::Value messages(const Turns& turns) {
  jinja::List list;
  for (const formats::Turn& turn : turns) {
    list.emplace_back(jinja::Entries{{"role", turn.role}, {"content", turn.content}});
  }
  return list;
}

}  // namespace

TemplateProbe::TemplateProbe(std::string_view source, TemplateTokens tokens)
    : nodes_(jinja::parse(source)), tokens_(std::move(tokens)) {}

std::optional<std::string> TemplateProbe::render(const Turns& turns, bool opening) const {
  try {
    return jinja::evaluate(nodes_, {{"messages", messages(turns)},
                                    {"add_generation_prompt", opening},
                                    {"bos_token", tokens_.bos},
                                    {"eos_token", tokens_.eos},
                                    {"tools", jinja::None()},
                                    {"documents", jinja::None()}});
  } catch (const Error& error) {
    if (error.code() == Code::bad_argument) {
      return std::nullopt;
    }
    throw;
  }
}

std::optional<std::vector<std::string>> TemplateProbe::parts(const Turns& turns,
                                                             bool opening) const {
  const auto text = render(turns, opening);
  if (!text) {
    return std::nullopt;
  }
  std::vector<std::string> result;
  std::size_t begin = 0;
  for (const formats::Turn& turn : turns) {
    const std::size_t end = text->find(turn.content, begin);
    if (end == std::string::npos) {
      return std::nullopt;
    }
    result.push_back(text->substr(begin, end - begin));
    begin = end + turn.content.size();
  }
  result.push_back(text->substr(begin));
  return result;
}

bool TemplateProbe::agrees(const Turns& turns, const formats::ChatFormat& format) const {
  try {
    return render(turns) == laid_out(turns, format);
  } catch (const Error& error) {
    if (error.code() == Code::bad_argument) {
      return true;
    }
    throw;
  }
}

std::string laid_out(const Turns& turns, const formats::ChatFormat& format) {
  std::string text;
  for (const formats::ChatPiece& piece : formats::lay_out(turns, format)) {
    text += piece.text;
  }
  return text;
}

}  // namespace crayon::importers
