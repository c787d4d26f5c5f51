#include "cli/emphasis_options.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/error.h"

namespace crayon::cli {
namespace {

emphasis::Phrase parse_phrase(const std::string& argument) {
  const std::size_t border = argument.rfind('=');
  emphasis::Phrase phrase{argument.substr(0, border), -1.0f};
  if (border != std::string::npos) {
    const char* const end = argument.data() + argument.size();
    const auto [stop, error] = std::from_chars(argument.data() + border + 1, end, phrase.weight);
    if (error != std::errc() || stop != end) {
      phrase.weight = -1.0f;
    }
  }
  if (!emphasis::is_weight(phrase.weight)) {
    throw Error(Code::bad_argument, fmt::format("--weight: {} is no WORDS=WEIGHT", argument),
                fmt::format("give a number from 0 to {}: --weight red=1.5", emphasis::max_weight));
  }
  return phrase;
}

/// Both kinds of spans of a text; where they meet, weights multiply.
std::vector<emphasis::Span> joined(const std::vector<emphasis::Span>& some,
                                   const std::vector<emphasis::Span>& more, std::size_t size) {
  emphasis::ByteWeights weights(size);
  for (const auto* const spans : {&some, &more}) {
    for (const emphasis::Span& span : *spans) {
      if (!weights.multiply(span)) {
        throw Error(Code::bad_argument,
                    fmt::format("weights multiply to more than {}", emphasis::max_weight),
                    "use smaller ones");
      }
    }
  }
  return weights.spans();
}

}  // namespace

void add_emphasis_options(arguments::Command& command, EmphasisOptions& options) {
  if (options.syntax) {
    command.add_flag("--emphasis,!--plain", options.syntax,
                     "Brackets weigh words, which is the default here: (red:1.5), (red), [red]");
  } else {
    command.add_flag("--emphasis", options.syntax,
                     "Brackets in the text weigh words: (red:1.5) by that factor, (red) by 1.1, "
                     "[red] by 1/1.1; a backslash in front makes them text");
  }
  command
      .add_option("--weight", options.weights,
                  "Weight of these words of the text in attention: 1 changes nothing, 0 removes "
                  "them; repeatable")
      .value_name("WORDS=WEIGHT")
      .one_value_each();
  command
      .add_option("--emphasis-layer", options.first_layer,
                  "First layer in which words weigh more or less; default: 0, all of them")
      .within(0u, 1024u);
}

emphasis::EmphasisedText read_emphasis(const std::string& text, const EmphasisOptions& options) {
  emphasis::EmphasisedText read =
      options.syntax ? emphasis::parse(text) : emphasis::EmphasisedText{text, {}};
  std::vector<emphasis::Phrase> phrases;
  for (const std::string& argument : options.weights) {
    phrases.push_back(parse_phrase(argument));
  }
  if (!phrases.empty()) {
    read.spans = joined(read.spans, emphasis::find_phrases(read.text, phrases), read.text.size());
  }
  return read;
}

}  // namespace crayon::cli
