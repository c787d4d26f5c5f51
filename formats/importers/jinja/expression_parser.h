#pragma once

#include <string_view>
#include <vector>

#include "formats/importers/jinja/lexer.h"
#include "formats/importers/jinja/syntax.h"

namespace crayon::importers::jinja {

/// Reads expressions from lexemes, by Jinja's precedence: if, or, and, not, comparisons, + and -,
/// ~, * and its like, unary -, and then what stands behind: .name [item] (call) |filter, is test.
class ExpressionParser {
 public:
  /// `lexemes` must outlive the parser; the last is `end`.
  explicit ExpressionParser(const std::vector<Lexeme>& lexemes) : lexemes_(lexemes) {}

  ExpressionPtr expression();
  /// The same without "if" behind it: what a loop goes over.
  ExpressionPtr disjunction();
  /// "name(arguments)" as a filter without its operand.
  ExpressionPtr filter();

  const Lexeme& peek() const { return lexemes_[at_]; }
  bool is_sign(std::string_view sign) const;
  bool is_name(std::string_view name) const;
  bool take_sign(std::string_view sign);
  bool take_name(std::string_view name);
  void expect_sign(std::string_view sign);
  std::string name();  ///< the next lexeme, which must be a name
  void expect_end() const;

 private:
  ExpressionPtr conjunction();
  ExpressionPtr negation();
  ExpressionPtr comparison();
  ExpressionPtr sum();
  ExpressionPtr concatenation();
  ExpressionPtr product();
  ExpressionPtr unary();
  ExpressionPtr postfix(ExpressionPtr operand);
  ExpressionPtr primary();
  ExpressionPtr subscript(ExpressionPtr operand);
  ExpressionPtr test(ExpressionPtr operand);
  ExpressionPtr list(std::string_view close);
  ExpressionPtr tuple(ExpressionPtr first);
  ExpressionPtr dictionary();
  void arguments(Expression& call);
  [[noreturn]] void fail_here() const;

  const std::vector<Lexeme>& lexemes_;
  std::size_t at_ = 0;
  std::size_t nesting_ = 0;
};

}  // namespace crayon::importers::jinja
