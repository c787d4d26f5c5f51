#include "cli/report/saved_report_fields.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace crayon::cli {
namespace {

constexpr std::size_t longest_text = 200;  // bytes that are shown
constexpr double largest_number = 1e18;    // of what is drawn and calculated with
constexpr const char* hint = "give a file that `crayon bench` or `crayon doctor` wrote with --json";

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

}  // namespace

std::string shown(std::string text) {
  if (text.size() > longest_text) {
    std::size_t end = longest_text;
    while (end > 0 && is_continuation(text[end])) {
      --end;
    }
    text.resize(end);
    text += "...";
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F, too, are control characters to some terminals: C2 and a byte below A0.
    const bool is_c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || is_c1) {
      text.replace(i, is_c1 ? 2 : 1, "?");
    }
  }
  return text;
}

Field Field::operator[](const char* name) const {
  const std::optional<Field> field = find(name);
  if (!field) {
    throw Error(Code::malformed, fmt::format("{}: there is no {}", place_, name), hint);
  }
  return *field;
}

std::optional<Field> Field::find(const char* name) const {
  demand(json_->is_object(), "is no object");
  const auto at = json_->find(name);
  return at == json_->end() || at->is_null()
             ? std::nullopt
             : std::optional(Field(*at, fmt::format("{}: {}", place_, name)));
}

std::vector<Field> Field::elements(std::size_t most) const {
  demand(json_->is_array(), "is no array");
  if (json_->size() > most) {
    throw Error(Code::over_limit,
                fmt::format("{}: has {} entries, {} at most are read", place_, json_->size(), most),
                hint);
  }
  std::vector<Field> elements;
  for (std::size_t i = 0; i < json_->size(); ++i) {
    elements.emplace_back((*json_)[i], fmt::format("{}[{}]", place_, i));
  }
  return elements;
}

std::vector<std::string> Field::names(std::size_t most) const {
  demand(json_->is_object(), "is no object");
  demand(json_->size() <= most, "has too many members");
  std::vector<std::string> names;
  for (const auto& [name, value] : json_->items()) {
    names.push_back(name);
  }
  return names;
}

std::string Field::text() const {
  demand(json_->is_string(), "is no text");
  return shown(json_->get<std::string>());
}

bool Field::flag() const {
  demand(json_->is_boolean(), "is neither true nor false");
  return json_->get<bool>();
}

double Field::number() const {
  demand(json_->is_number(), "is no number");
  const auto number = json_->get<double>();
  demand(std::abs(number) <= largest_number, "is too large a number");
  return number;
}

std::uint64_t Field::whole() const {
  const double value = number();
  demand(value >= 0, "is below 0");
  return static_cast<std::uint64_t>(value);
}

std::optional<std::string> Field::find_text(const char* name) const {
  const std::optional<Field> field = find(name);
  return field ? std::optional(field->text()) : std::nullopt;
}

std::optional<double> Field::find_number(const char* name) const {
  const std::optional<Field> field = find(name);
  return field ? std::optional(field->number()) : std::nullopt;
}

bool Field::find_flag(const char* name) const {
  const std::optional<Field> field = find(name);
  return field && field->flag();
}

void Field::fail(const std::string& what) const {
  throw Error(Code::malformed, fmt::format("{}: {}", place_, what), hint);
}

void Field::demand(bool holds, const char* what) const {
  if (!holds) {
    fail(what);
  }
}

}  // namespace crayon::cli
