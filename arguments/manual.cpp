#include "arguments/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "arguments/roff.h"

namespace crayon::arguments {
namespace {

/// Names of pages, titles of sections and paragraphs, one below the other.
class Page {
 public:
  void title(const std::string& name, const ManualNotes& notes) {
    std::string capitals = name;
    std::transform(capitals.begin(), capitals.end(), capitals.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    line(fmt::format(".TH {} 1 {} {}", roff_argument(capitals), roff_argument(notes.date),
                     roff_argument(notes.version)));
    line(".nh");  // names of flags and files are not broken
    line(".ad l");
  }
  void section(const std::string& name) { line(".SH " + roff_argument(name)); }
  void paragraph(const std::string& prose) {
    if (!text_.ends_with(".SH \"DESCRIPTION\"\n")) {
      line(".PP");
    }
    line(roff_text(prose));
  }
  /// `head` is roff already, `body` is prose.
  void item(const std::string& head, const std::string& body) {
    line(".TP");
    line(head);
    line(roff_text(body));
  }
  /// Roff as it is.
  void line(const std::string& roff) { text_ += roff + '\n'; }

  ManualPage named(const std::string& name) && { return {name + ".1", std::move(text_)}; }

 private:
  std::string text_;
};

/// With a full stop, unless it ends a sentence already.
std::string sentence(std::string text) {
  if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos) {
    text += '.';
  }
  return text;
}

std::string value_text(const ArgumentDescription& argument) {
  return roff_italic(argument.value) + (argument.repeats ? " ..." : "");
}

/// "-t, --threads UINT"
std::string head_of(const ArgumentDescription& argument) {
  if (argument.positional()) {
    return value_text(argument);
  }
  std::vector<std::string> flags;
  std::transform(argument.flags.begin(), argument.flags.end(), std::back_inserter(flags),
                 roff_bold);
  const std::string value = argument.value.empty() ? "" : " " + value_text(argument);
  return fmt::format("{}{}", fmt::join(flags, ", "), value);
}

std::string body_of(const ArgumentDescription& argument) {
  std::string body = sentence(argument.help);
  if (!argument.choices.empty()) {
    body += fmt::format(" One of {}.", fmt::join(argument.choices, ", "));
  }
  if (!argument.range.empty()) {
    body += fmt::format(" Allowed: {}.", argument.range);
  }
  if (!argument.preset.empty()) {
    body += fmt::format(" Default: {}.", argument.preset);
  }
  if (argument.required && !argument.positional()) {
    body += " Has to be given.";
  }
  if (!argument.variable.empty()) {
    body += fmt::format(" Environment: {}.", argument.variable);
  }
  return body;
}

/// "crayon ask [OPTION]... MODEL [QUESTION]"
std::string synopsis(const std::string& program, const VerbDescription& verb) {
  std::string text =
      fmt::format("{} [{}]...", roff_bold(program + " " + verb.name), roff_italic("OPTION"));
  for (const ArgumentDescription& argument : verb.arguments) {
    if (argument.positional()) {
      const std::string value = value_text(argument);
      text += argument.required ? " " + value : " [" + value + "]";
    }
  }
  return text;
}

void write_arguments(Page& page, const std::string& title,
                     const std::vector<ArgumentDescription>& arguments, bool positional) {
  const auto wanted = [positional](const ArgumentDescription& argument) {
    return argument.positional() == positional;
  };
  if (std::any_of(arguments.begin(), arguments.end(), wanted)) {
    page.section(title);
  }
  for (const ArgumentDescription& argument : arguments) {
    if (wanted(argument)) {
      page.item(head_of(argument), body_of(argument));
    }
  }
}

void write_exits(Page& page, const ManualNotes& notes) {
  page.section("EXIT STATUS");
  for (const ExitStatus& exit : notes.exits) {
    page.item(roff_bold(std::to_string(exit.code)), sentence(exit.meaning));
  }
}

ManualPage verb_page(const ProgramDescription& program, const VerbDescription& verb,
                     const ManualNotes& notes) {
  const std::string name = program.name + "-" + verb.name;
  Page page;
  page.title(name, notes);
  page.section("NAME");
  page.line(fmt::format("{} \\- {}", name, roff_text(verb.summary)));
  page.section("SYNOPSIS");
  page.line(synopsis(program.name, verb));
  page.section("DESCRIPTION");
  page.paragraph(sentence(verb.summary));
  write_arguments(page, "ARGUMENTS", verb.arguments, true);
  write_arguments(page, "OPTIONS", verb.arguments, false);
  write_exits(page, notes);
  page.section("SEE ALSO");
  page.line(fmt::format(".BR {} (1)", program.name));
  return std::move(page).named(name);
}

ManualPage program_page(const ProgramDescription& program, const ManualNotes& notes) {
  Page page;
  page.title(program.name, notes);
  page.section("NAME");
  page.line(fmt::format("{} \\- {}", program.name, roff_text(program.summary)));
  page.section("SYNOPSIS");
  page.line(fmt::format("{} {} [{}]...", roff_bold(program.name), roff_italic("VERB"),
                        roff_italic("ARGUMENT")));
  page.section("DESCRIPTION");
  for (const std::string& paragraph : notes.about) {
    page.paragraph(paragraph);
  }
  page.section("VERBS");
  for (const VerbDescription& verb : program.verbs) {
    page.item(roff_bold(verb.name), sentence(verb.summary));
  }
  write_arguments(page, "OPTIONS", program.arguments, false);
  write_exits(page, notes);
  page.section("SEE ALSO");
  for (const VerbDescription& verb : program.verbs) {
    const bool last = &verb == &program.verbs.back();
    page.line(fmt::format(".BR {}-{} (1){}", program.name, verb.name, last ? "" : ","));
  }
  return std::move(page).named(program.name);
}

}  // namespace

std::vector<ManualPage> write_manual(const ProgramDescription& program, const ManualNotes& notes) {
  std::vector<ManualPage> pages{program_page(program, notes)};
  for (const VerbDescription& verb : program.verbs) {
    pages.push_back(verb_page(program, verb, notes));
  }
  return pages;
}

}  // namespace crayon::arguments
