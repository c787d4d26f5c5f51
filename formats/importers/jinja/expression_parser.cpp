#include "formats/importers/jinja/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace crayon::importers::jinja {
namespace {

constexpr std::size_t max_depth = 200;

ExpressionPtr make(Operation operation, std::string text = {}) {
  auto made = std::make_unique<Expression>();
  made->operation = operation;
  made->text = std::move(text);
  return made;
}

ExpressionPtr literal(Value value) {
  auto made = make(Operation::literal);
  made->value = std::move(value);
  return made;
}

/// A chain of operators nests without the parser's doing so; evaluating it does.
void add(Expression& parent, ExpressionPtr operand) {
  if (operand != nullptr) {
    parent.depth = std::max(parent.depth, operand->depth + 1);
    if (parent.depth > max_depth) {
      fail("an expression is nested too deep");
    }
  }
  parent.operands.push_back(std::move(operand));
}

ExpressionPtr binary(std::string sign, ExpressionPtr left, ExpressionPtr right) {
  auto made = make(Operation::binary, std::move(sign));
  add(*made, std::move(left));
  add(*made, std::move(right));
  return made;
}

}  // namespace

bool ExpressionParser::is_sign(std::string_view sign) const {
  return peek().kind == Lexeme::Kind::sign && peek().text == sign;
}

bool ExpressionParser::is_name(std::string_view name) const {
  return peek().kind == Lexeme::Kind::name && peek().text == name;
}

bool ExpressionParser::take_sign(std::string_view sign) {
  const bool found = is_sign(sign);
  at_ += found ? 1 : 0;
  return found;
}

bool ExpressionParser::take_name(std::string_view name) {
  const bool found = is_name(name);
  at_ += found ? 1 : 0;
  return found;
}

void ExpressionParser::expect_sign(std::string_view sign) {
  if (!take_sign(sign)) {
    fail_here();
  }
}

std::string ExpressionParser::name() {
  if (peek().kind != Lexeme::Kind::name) {
    fail_here();
  }
  return lexemes_[at_++].text;
}

void ExpressionParser::expect_end() const {
  if (peek().kind != Lexeme::Kind::end) {
    fail_here();
  }
}

void ExpressionParser::fail_here() const {
  fail(peek().kind == Lexeme::Kind::end ? "an expression has no end"
                                        : fmt::format("it cannot be parsed at {}", peek().text));
}

ExpressionPtr ExpressionParser::expression() {
  ExpressionPtr value = disjunction();
  while (take_name("if")) {
    auto made = make(Operation::conditional);
    add(*made, std::move(value));
    add(*made, disjunction());
    add(*made, take_name("else") ? expression() : nullptr);
    value = std::move(made);
  }
  return value;
}

ExpressionPtr ExpressionParser::disjunction() {
  if (++nesting_ > max_depth) {  // every bracket comes by here
    fail("an expression is nested too deep");
  }
  ExpressionPtr left = conjunction();
  while (take_name("or")) {
    left = binary("or", std::move(left), conjunction());
  }
  --nesting_;
  return left;
}

ExpressionPtr ExpressionParser::conjunction() {
  ExpressionPtr left = negation();
  while (take_name("and")) {
    left = binary("and", std::move(left), negation());
  }
  return left;
}

ExpressionPtr ExpressionParser::negation() {
  std::size_t count = 0;
  while (take_name("not")) {
    ++count;
  }
  ExpressionPtr value = comparison();
  for (; count > 0; --count) {
    auto made = make(Operation::unary, "not");
    add(*made, std::move(value));
    value = std::move(made);
  }
  return value;
}

ExpressionPtr ExpressionParser::comparison() {
  constexpr std::array<std::string_view, 6> signs = {"==", "!=", "<=", ">=", "<", ">"};
  ExpressionPtr left = sum();
  for (;;) {
    const auto* const sign =
        std::ranges::find_if(signs, [this](std::string_view s) { return is_sign(s); });
    if (sign != signs.end()) {
      ++at_;
      left = binary(std::string(*sign), std::move(left), sum());
    } else if (take_name("in")) {
      left = binary("in", std::move(left), sum());
    } else if (is_name("not") && lexemes_[at_ + 1].text == "in") {
      at_ += 2;
      left = binary("not in", std::move(left), sum());
    } else {
      return left;
    }
  }
}

ExpressionPtr ExpressionParser::sum() {
  ExpressionPtr left = concatenation();
  while (is_sign("+") || is_sign("-")) {
    std::string sign = lexemes_[at_++].text;
    left = binary(std::move(sign), std::move(left), concatenation());
  }
  return left;
}

ExpressionPtr ExpressionParser::concatenation() {
  ExpressionPtr left = product();
  while (take_sign("~")) {
    left = binary("~", std::move(left), product());
  }
  return left;
}

ExpressionPtr ExpressionParser::product() {
  ExpressionPtr left = unary();
  while (is_sign("*") || is_sign("//") || is_sign("%")) {
    std::string sign = lexemes_[at_++].text;
    left = binary(std::move(sign), std::move(left), unary());
  }
  return left;
}

ExpressionPtr ExpressionParser::unary() {
  if (!take_sign("-")) {
    return postfix(primary());
  }
  auto made = make(Operation::unary, "-");
  add(*made, postfix(primary()));
  return made;
}

ExpressionPtr ExpressionParser::postfix(ExpressionPtr operand) {
  for (;;) {
    if (take_sign(".")) {
      auto made = make(Operation::attribute, name());
      add(*made, std::move(operand));
      operand = std::move(made);
    } else if (take_sign("[")) {
      operand = subscript(std::move(operand));
    } else if (is_sign("(")) {
      auto made = make(Operation::call);
      add(*made, std::move(operand));
      arguments(*made);
      operand = std::move(made);
    } else if (take_sign("|")) {
      ExpressionPtr made = filter();
      made->depth = std::max(made->depth, operand->depth + 1);
      made->operands.front() = std::move(operand);
      if (made->depth > max_depth) {
        fail("an expression is nested too deep");
      }
      operand = std::move(made);
    } else if (take_name("is")) {
      operand = test(std::move(operand));
    } else {
      return operand;
    }
  }
}

ExpressionPtr ExpressionParser::filter() {
  auto made = make(Operation::filter, name());
  made->operands.push_back(nullptr);
  if (is_sign("(")) {
    arguments(*made);
  }
  return made;
}

ExpressionPtr ExpressionParser::test(ExpressionPtr operand) {
  const bool negated = take_name("not");
  auto made = make(Operation::test, name());
  add(*made, std::move(operand));
  if (is_sign("(")) {
    arguments(*made);
  } else if (peek().kind == Lexeme::Kind::text || peek().kind == Lexeme::Kind::number ||
             is_sign("[")) {
    add(*made, primary());
  }
  if (!negated) {
    return made;
  }
  auto opposite = make(Operation::unary, "not");
  add(*opposite, std::move(made));
  return opposite;
}

ExpressionPtr ExpressionParser::subscript(ExpressionPtr operand) {
  std::array<ExpressionPtr, 3> parts;
  std::size_t part = 0;
  while (!take_sign("]")) {
    if (take_sign(":")) {
      if (++part == parts.size()) {
        fail_here();
      }
    } else if (parts[part] == nullptr) {
      parts[part] = expression();
    } else {
      fail_here();
    }
  }
  auto made = make(part == 0 ? Operation::item : Operation::slice);
  add(*made, std::move(operand));
  if (part == 0) {
    if (parts[0] == nullptr) {
      fail("a subscript is empty");
    }
    add(*made, std::move(parts[0]));
  } else {
    for (ExpressionPtr& bound : parts) {
      add(*made, std::move(bound));
    }
  }
  return made;
}

void ExpressionParser::arguments(Expression& call) {
  expect_sign("(");
  while (!take_sign(")")) {
    if (peek().kind == Lexeme::Kind::name && lexemes_[at_ + 1].text == "=" &&
        lexemes_[at_ + 1].kind == Lexeme::Kind::sign) {
      std::string key = name();
      expect_sign("=");
      ExpressionPtr value = expression();
      call.depth = std::max(call.depth, value->depth + 1);
      call.named.emplace_back(std::move(key), std::move(value));
    } else {
      add(call, expression());
    }
    if (!is_sign(")")) {
      expect_sign(",");
    }
  }
}

ExpressionPtr ExpressionParser::primary() {
  const Lexeme& lexeme = peek();
  switch (lexeme.kind) {
    case Lexeme::Kind::text: {
      std::string text;  // strings side by side are one
      while (peek().kind == Lexeme::Kind::text) {
        text += lexemes_[at_++].text;
      }
      return literal(std::move(text));
    }
    case Lexeme::Kind::number: {
      std::int64_t number = 0;
      const char* const end = lexeme.text.data() + lexeme.text.size();
      const auto [stop, error] = std::from_chars(lexeme.text.data(), end, number);
      if (error != std::errc() || stop != end) {
        fail(fmt::format("it has the number {}", lexeme.text));
      }
      ++at_;
      return literal(number);
    }
    case Lexeme::Kind::name:
      ++at_;
      if (lexeme.text == "true" || lexeme.text == "True") {
        return literal(true);
      }
      if (lexeme.text == "false" || lexeme.text == "False") {
        return literal(false);
      }
      if (lexeme.text == "none" || lexeme.text == "None") {
        return literal(None());
      }
      return make(Operation::variable, lexeme.text);
    case Lexeme::Kind::sign:
    case Lexeme::Kind::end:
      break;
  }
  if (take_sign("(")) {
    ExpressionPtr value = expression();
    if (is_sign(",")) {
      return tuple(std::move(value));
    }
    expect_sign(")");
    return value;
  }
  if (take_sign("[")) {
    return list("]");
  }
  if (take_sign("{")) {
    return dictionary();
  }
  fail_here();
}

ExpressionPtr ExpressionParser::list(std::string_view close) {
  auto made = make(Operation::list);
  while (!take_sign(close)) {
    add(*made, expression());
    if (!is_sign(close)) {
      expect_sign(",");
    }
  }
  return made;
}

ExpressionPtr ExpressionParser::tuple(ExpressionPtr first) {
  expect_sign(",");
  ExpressionPtr made = list(")");
  made->depth = std::max(made->depth, first->depth + 1);
  made->operands.insert(made->operands.begin(), std::move(first));
  return made;
}

ExpressionPtr ExpressionParser::dictionary() {
  auto made = make(Operation::dictionary);
  while (!take_sign("}")) {
    add(*made, expression());
    expect_sign(":");
    add(*made, expression());
    if (!is_sign("}")) {
      expect_sign(",");
    }
  }
  return made;
}

}  // namespace crayon::importers::jinja
