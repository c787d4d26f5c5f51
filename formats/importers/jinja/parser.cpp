#include "formats/importers/jinja/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "formats/importers/jinja/expression_parser.h"
#include "formats/importers/jinja/lexer.h"

namespace crayon::importers::jinja {
namespace {

constexpr std::size_t max_nesting = 100;

class Parser {
 public:
  explicit Parser(std::vector<Segment> segments) : segments_(std::move(segments)) {}

  Nodes parse() { return block({}); }

 private:
  /// Nodes up to a statement that begins with one of `ends`, which is the current segment then;
  /// without any, up to the end.
  Nodes block(std::initializer_list<std::string_view> ends) {
    if (++nesting_ > max_nesting) {
      fail("its blocks are nested too deep");
    }
    Nodes nodes;
    for (; at_ < segments_.size(); ++at_) {
      const Segment& segment = segments_[at_];
      if (segment.kind == Segment::Kind::text) {
        nodes.push_back({.text = segment.text});
      } else if (segment.kind == Segment::Kind::output) {
        ExpressionParser parser(segment.lexemes);
        Node node{.kind = Node::Kind::output};
        node.expressions.push_back(parser.expression());
        parser.expect_end();
        nodes.push_back(std::move(node));
      } else if (std::ranges::find(ends, keyword()) != ends.end()) {
        --nesting_;
        return nodes;
      } else {
        statement(nodes);
      }
    }
    if (ends.size() != 0) {
      fail(fmt::format("there is no {}", *(ends.end() - 1)));
    }
    return nodes;
  }

  const std::string& keyword() const { return segments_[at_].lexemes.front().text; }

  void statement(Nodes& nodes) {
    ExpressionParser parser(segments_[at_].lexemes);
    const std::string word = parser.name();
    if (word == "set") {
      nodes.push_back(set(parser));
    } else if (word == "if") {
      nodes.push_back(branch(parser));
    } else if (word == "for") {
      nodes.push_back(loop(parser));
    } else if (word == "macro") {
      nodes.push_back(macro(parser));
    } else if (word == "filter") {
      nodes.push_back(filter_block(parser));
    } else if (word == "break" || word == "continue") {
      parser.expect_end();
      nodes.push_back({.kind = Node::Kind::leave, .text = word});
    } else if (word == "generation") {  // marks what a model is trained on; prints nothing
      ++at_;
      for (Node& node : block({"endgeneration"})) {
        nodes.push_back(std::move(node));
      }
    } else {
      fail(fmt::format("it has the statement {}", word));
    }
  }

  Node set(ExpressionParser& parser) {
    Node node{.kind = Node::Kind::set};
    node.names.push_back(parser.name());
    if (parser.take_sign(".")) {
      node.names.push_back(parser.name());
    }
    if (parser.take_sign("=")) {
      node.expressions.push_back(parser.expression());
    } else {
      node.kind = Node::Kind::set_block;
      ++at_;
      node.bodies.push_back(block({"endset"}));
    }
    parser.expect_end();
    return node;
  }

  Node branch(ExpressionParser& parser) {
    Node node{.kind = Node::Kind::branch};
    node.expressions.push_back(parser.expression());
    parser.expect_end();
    for (;;) {
      ++at_;
      node.bodies.push_back(block({"elif", "else", "endif"}));
      if (keyword() == "endif") {
        return node;
      }
      if (keyword() == "else") {
        ++at_;
        node.bodies.push_back(block({"endif"}));
        return node;
      }
      ExpressionParser elif (segments_[at_].lexemes);
      elif.take_name("elif");
      node.expressions.push_back(elif.expression());
      elif.expect_end();
    }
  }

  Node loop(ExpressionParser& parser) {
    Node node{.kind = Node::Kind::loop};
    do {
      node.names.push_back(parser.name());
    } while (parser.take_sign(","));
    if (!parser.take_name("in")) {
      fail("a for has no in");
    }
    node.expressions.push_back(parser.disjunction());
    if (parser.take_name("if")) {
      node.expressions.push_back(parser.expression());
    }
    parser.expect_end();
    ++at_;
    node.bodies.push_back(block({"else", "endfor"}));
    if (keyword() == "else") {
      ++at_;
      node.bodies.push_back(block({"endfor"}));
    }
    return node;
  }

  Node macro(ExpressionParser& parser) {
    Node node{.kind = Node::Kind::macro, .text = parser.name()};
    parser.expect_sign("(");
    while (!parser.take_sign(")")) {
      node.names.push_back(parser.name());
      if (parser.take_sign("=")) {
        node.expressions.push_back(parser.expression());
      }
      if (!parser.is_sign(")")) {
        parser.expect_sign(",");
      }
    }
    parser.expect_end();
    ++at_;
    node.bodies.push_back(block({"endmacro"}));
    return node;
  }

  Node filter_block(ExpressionParser& parser) {
    Node node{.kind = Node::Kind::filter_block};
    node.expressions.push_back(parser.filter());
    parser.expect_end();
    ++at_;
    node.bodies.push_back(block({"endfilter"}));
    return node;
  }

  std::vector<Segment> segments_;
  std::size_t at_ = 0;
  std::size_t nesting_ = 0;
};

}  // namespace

Nodes parse(std::string_view source) {
  return Parser(cut(source)).parse();
}

}  // namespace crayon::importers::jinja
