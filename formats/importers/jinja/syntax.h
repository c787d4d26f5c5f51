#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats/importers/jinja/value.h"

// What a template is parsed into.

namespace crayon::importers::jinja {

enum class Operation : std::uint8_t {
  literal,      ///< value
  variable,     ///< text
  list,         ///< operands
  dictionary,   ///< operands: key, value, key, value, ...
  attribute,    ///< operands[0] . text
  item,         ///< operands[0] [operands[1]]
  slice,        ///< operands[0] [operands[1] : operands[2] : operands[3]], null where left out
  call,         ///< operands[0] (the others, named)
  filter,       ///< operands[0] | text (the others, named)
  test,         ///< operands[0] is text (the others)
  unary,        ///< text operands[0]; "not" and "-"
  binary,       ///< operands[0] text operands[1]
  conditional,  ///< operands[0] if operands[1] else operands[2], null where left out
};

struct Expression {
  Operation operation = Operation::literal;
  std::string text;
  Value value;
  std::vector<std::unique_ptr<Expression>> operands;
  std::vector<std::pair<std::string, std::unique_ptr<Expression>>> named;
  std::size_t depth = 1;  ///< of the tree below
};
using ExpressionPtr = std::unique_ptr<Expression>;

struct Node;
using Nodes = std::vector<Node>;

struct Node {
  enum class Kind : std::uint8_t {
    text,          ///< text
    output,        ///< {{ expressions[0] }}
    set,           ///< names[0], or names[0] . names[1], = expressions[0]
    set_block,     ///< names[0] = what bodies[0] prints
    branch,        ///< if expressions[i] then bodies[i] ...; one body more: else
    loop,          ///< for names in expressions[0], if expressions[1]: bodies[0], else bodies[1]
    macro,         ///< text (names, whose defaults are the last expressions): bodies[0]
    filter_block,  ///< expressions[0], a filter whose operand is what bodies[0] prints
    leave,         ///< break, or continue: text
  };
  Kind kind = Kind::text;
  std::string text = {};
  std::vector<std::string> names = {};
  std::vector<ExpressionPtr> expressions = {};
  std::vector<Nodes> bodies = {};
};

}  // namespace crayon::importers::jinja
