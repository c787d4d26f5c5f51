#include "formats/importers/jinja/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "formats/importers/jinja/builtins.h"

namespace crayon::importers::jinja {
namespace {

constexpr std::size_t max_steps = 1'000'000;
constexpr std::size_t max_output = 1u << 20;  // bytes
constexpr std::size_t max_calls = 20;         // macros in macros
constexpr std::size_t max_levels = 8;         // lists in lists
constexpr std::size_t text_step = 64;         // bytes of a string that count as a step
constexpr std::int64_t max_range = 10'000;

/// Why a body ended.
enum class Flow : std::uint8_t { on, leave_loop, next_turn };

class Evaluator {
 public:
  explicit Evaluator(Entries variables) { scopes_.push_back(std::move(variables)); }

  std::string print(const Nodes& nodes) {
    std::string text;
    run(nodes, text);
    return text;
  }

 private:
  void step(std::size_t count = 1) {
    steps_ += count;
    if (steps_ > max_steps) {
      fail("it runs without end");
    }
  }

  /// Counts what a value holds: copying it is work, and nesting takes stack.
  void charge(const Value& value, std::size_t level = 0) {
    if (level > max_levels) {
      fail("a value is nested too deep");
    }
    step();
    if (const auto* text = value.as<std::string>()) {
      step(text->size() / text_step);
    } else if (const List* elements = value.list()) {
      for (const Value& element : *elements) {
        charge(element, level + 1);
      }
    } else if (const Entries* entries = value.entries()) {
      for (const auto& [name, element] : *entries) {
        charge(element, level + 1);
      }
    }
  }

  static bool holds(const Value& value, const Entries* entries) {
    if (const List* elements = value.list()) {
      return std::ranges::any_of(*elements, [&](const Value& e) { return holds(e, entries); });
    }
    return value.entries() != nullptr &&
           (value.entries() == entries ||
            std::ranges::any_of(*value.entries(),
                                [&](const auto& pair) { return holds(pair.second, entries); }));
  }

  static void append(std::string& output, const std::string& text) {
    if (output.size() + text.size() > max_output) {
      fail("it prints without end");
    }
    output += text;
  }

  Flow run(const Nodes& nodes, std::string& output) {
    for (const Node& node : nodes) {
      const Flow flow = run(node, output);
      if (flow != Flow::on) {
        return flow;
      }
    }
    return Flow::on;
  }

  Flow run(const Node& node, std::string& output) {
    step();
    switch (node.kind) {
      case Node::Kind::text:
        append(output, node.text);
        break;
      case Node::Kind::output:
        append(output, to_text(value(*node.expressions[0])));
        break;
      case Node::Kind::set:
        set(node, value(*node.expressions[0]));
        break;
      case Node::Kind::set_block:
        set(node, print(node.bodies[0]));
        break;
      case Node::Kind::branch:
        return branch(node, output);
      case Node::Kind::loop:
        loop(node, output);
        break;
      case Node::Kind::macro:
        define(node.text, Value(&node));
        break;
      case Node::Kind::filter_block:
        append(output, to_text(filtered(*node.expressions[0], print(node.bodies[0]))));
        break;
      case Node::Kind::leave:
        return node.text == "break" ? Flow::leave_loop : Flow::next_turn;
    }
    return Flow::on;
  }

  void set(const Node& node, Value value) {
    if (node.names.size() == 1) {
      define(node.names[0], std::move(value));
      return;
    }
    const Value object = look_up(node.names[0]);
    if (object.entries() == nullptr) {
      fail(fmt::format("it sets a part of {}", object.kind()));
    }
    if (holds(value, object.entries())) {
      fail("it puts a namespace into itself");
    }
    assign(*object.entries(), node.names[1], std::move(value));
  }

  void define(const std::string& name, Value value) {
    assign(scopes_.back(), name, std::move(value));
  }

  static void assign(Entries& entries, const std::string& name, Value value) {
    const auto found =
        std::ranges::find(entries, name, [](const auto& entry) { return entry.first; });
    if (found == entries.end()) {
      entries.emplace_back(name, std::move(value));
    } else {
      found->second = std::move(value);
    }
  }

  Value look_up(const std::string& name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      for (const auto& [key, value] : *scope) {
        if (key == name) {
          return value;
        }
      }
    }
    return {};
  }

  Flow branch(const Node& node, std::string& output) {
    for (std::size_t i = 0; i < node.expressions.size(); ++i) {
      if (value(*node.expressions[i]).truth()) {
        return run(node.bodies[i], output);
      }
    }
    return node.bodies.size() > node.expressions.size() ? run(node.bodies.back(), output)
                                                        : Flow::on;
  }

  void bind(const Node& node, const Value& element) {
    if (node.names.size() == 1) {
      define(node.names[0], element);
      return;
    }
    const List parts = to_list(element);
    if (parts.size() != node.names.size()) {
      fail("a for has another number of names than of values");
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      define(node.names[i], parts[i]);
    }
  }

  void loop(const Node& node, std::string& output) {
    List elements = to_list(value(*node.expressions[0]));
    if (node.expressions.size() > 1) {
      scopes_.emplace_back();
      std::erase_if(elements, [&](const Value& element) {
        bind(node, element);
        return !value(*node.expressions[1]).truth();
      });
      scopes_.pop_back();
    }
    for (std::size_t i = 0; i < elements.size(); ++i) {
      scopes_.emplace_back();  // what a turn sets ends with it
      bind(node, elements[i]);
      define("loop", loop_of(elements, i));
      const Flow flow = run(node.bodies[0], output);
      scopes_.pop_back();
      if (flow == Flow::leave_loop) {
        return;
      }
    }
    if (elements.empty() && node.bodies.size() > 1) {
      run(node.bodies[1], output);
    }
  }

  static Value loop_of(const List& elements, std::size_t i) {
    const auto index = static_cast<std::int64_t>(i);
    const auto length = static_cast<std::int64_t>(elements.size());
    return Entries{{"index0", index},
                   {"index", index + 1},
                   {"revindex0", length - index - 1},
                   {"revindex", length - index},
                   {"length", length},
                   {"first", i == 0},
                   {"last", i + 1 == elements.size()},
                   {"previtem", i == 0 ? Value() : elements[i - 1]},
                   {"nextitem", i + 1 == elements.size() ? Value() : elements[i + 1]}};
  }

  Value value(const Expression& expression) {
    Value result = compute(expression);
    charge(result);
    return result;
  }

  Value compute(const Expression& expression) {
    const auto operand = [&](std::size_t i) { return value(*expression.operands[i]); };
    switch (expression.operation) {
      case Operation::literal:
        return expression.value;
      case Operation::variable:
        return look_up(expression.text);
      case Operation::list: {
        List elements;
        for (std::size_t i = 0; i < expression.operands.size(); ++i) {
          elements.push_back(operand(i));
        }
        return elements;
      }
      case Operation::dictionary: {
        Entries entries;
        for (std::size_t i = 0; i < expression.operands.size(); i += 2) {
          assign(entries, to_text(operand(i)), operand(i + 1));
        }
        return entries;
      }
      case Operation::attribute:
        return part(operand(0), expression.text);
      case Operation::item:
        return part(operand(0), operand(1));
      case Operation::slice:
        return slice(expression);
      case Operation::call:
        return call(expression);
      case Operation::filter:
        return filtered(expression, operand(0));
      case Operation::test:
        return apply_test(expression.text, operand(0), arguments(expression, 1).values);
      case Operation::unary:
        return expression.text == "not" ? Value(!operand(0).truth())
                                        : apply_binary("-", std::int64_t{0}, operand(0));
      case Operation::binary:
        return binary(expression);
      case Operation::conditional:
        if (operand(1).truth()) {
          return operand(0);
        }
        return expression.operands[2] == nullptr ? Value() : operand(2);
    }
    return {};
  }

  Value binary(const Expression& expression) {
    Value left = value(*expression.operands[0]);
    if (expression.text == "and" || expression.text == "or") {
      return left.truth() == (expression.text == "or") ? left : value(*expression.operands[1]);
    }
    return apply_binary(expression.text, left, value(*expression.operands[1]));
  }

  /// What is undefined has no parts; what has none of that name gives something undefined.
  static Value part(const Value& object, const Value& key) {
    if (object.is_undefined()) {
      fail("it takes a part of something undefined");
    }
    if (const auto* name = key.as<std::string>()) {
      return get(object, *name);
    }
    const auto* number = key.as<std::int64_t>();
    if (number == nullptr || object.entries() != nullptr) {
      return {};
    }
    const List elements = to_list(object);
    const auto size = static_cast<std::int64_t>(elements.size());
    const std::int64_t index = *number < 0 ? *number + size : *number;
    return index < 0 || index >= size ? Value() : elements[static_cast<std::size_t>(index)];
  }

  /// A bound of a slice, counted from the end where it is negative.
  std::int64_t bound(const ExpressionPtr& expression, std::int64_t size, std::int64_t otherwise) {
    if (expression == nullptr) {
      return otherwise;
    }
    const Value given = value(*expression);
    if (given.is_none()) {
      return otherwise;
    }
    const auto* number = given.as<std::int64_t>();
    if (number == nullptr) {
      fail(fmt::format("it cuts at {}", given.kind()));
    }
    return std::clamp<std::int64_t>(*number < 0 ? *number + size : *number, 0, size);
  }

  Value slice(const Expression& expression) {
    const Value object = value(*expression.operands[0]);
    List elements = to_list(object);
    const auto size = static_cast<std::int64_t>(elements.size());
    if (const ExpressionPtr& step = expression.operands[3]) {
      if (!equal(value(*step), std::int64_t{-1}) || expression.operands[1] != nullptr ||
          expression.operands[2] != nullptr) {
        fail("it cuts with a step");
      }
      std::ranges::reverse(elements);
    } else {
      const std::int64_t begin = bound(expression.operands[1], size, 0);
      const std::int64_t end = std::max(begin, bound(expression.operands[2], size, size));
      elements = List(elements.begin() + begin, elements.begin() + end);
    }
    if (object.as<std::string>() == nullptr) {
      return elements;
    }
    std::string text;
    for (const Value& character : elements) {
      text += to_text(character);
    }
    return text;
  }

  Arguments arguments(const Expression& expression, std::size_t first) {
    Arguments result;
    for (std::size_t i = first; i < expression.operands.size(); ++i) {
      result.values.push_back(value(*expression.operands[i]));
    }
    for (const auto& [name, argument] : expression.named) {
      result.named.emplace_back(name, value(*argument));
    }
    return result;
  }

  Value filtered(const Expression& filter, const Value& operand) {
    return apply_filter(filter.text, operand, arguments(filter, 1));
  }

  Value call(const Expression& expression) {
    const Expression& callee = *expression.operands[0];
    const Arguments given = arguments(expression, 1);
    if (callee.operation == Operation::attribute) {
      return call_method(callee.text, value(*callee.operands[0]), given);
    }
    const Value called = value(callee);
    if (const auto* const* macro = called.as<const Node*>()) {
      return call_macro(**macro, given);
    }
    if (callee.operation != Operation::variable || !called.is_undefined()) {
      fail(fmt::format("it calls {}", called.kind()));
    }
    return call_function(callee.text, given);
  }

  Value call_macro(const Node& macro, const Arguments& given) {
    if (scopes_.size() > max_calls * 8 || ++calls_ > max_calls) {
      fail("its macros call each other too deep");
    }
    std::vector<Entries> others(std::move(scopes_));
    scopes_.clear();
    scopes_.push_back(others.front());  // a macro sees the template's variables
    scopes_.emplace_back();
    const std::size_t required = macro.names.size() - macro.expressions.size();
    for (std::size_t i = 0; i < macro.names.size(); ++i) {
      Value argument = given.at(i, macro.names[i]);
      if (argument.is_undefined() && i >= required) {
        argument = value(*macro.expressions[i - required]);
      }
      define(macro.names[i], std::move(argument));
    }
    std::string text = print(macro.bodies[0]);
    scopes_ = std::move(others);
    --calls_;
    return text;
  }

  static Value call_function(const std::string& name, const Arguments& given) {
    if (name == "raise_exception") {
      throw Error(Code::bad_argument, to_text(given.at(0, "message")));
    }
    if (name == "namespace" || name == "dict") {
      return given.named;
    }
    if (name == "range") {
      const auto* end = given.values.empty() ? nullptr : given.values[0].as<std::int64_t>();
      if (given.values.size() != 1 || end == nullptr || *end > max_range) {
        fail("it has a range that is not 0 to a number");
      }
      List numbers;
      for (std::int64_t i = 0; i < *end; ++i) {
        numbers.emplace_back(i);
      }
      return numbers;
    }
    fail(fmt::format("it calls {}, which is not defined", name));
  }

  std::vector<Entries> scopes_;
  std::size_t steps_ = 0;
  std::size_t calls_ = 0;
};

}  // namespace

std::string evaluate(const Nodes& nodes, Entries variables) {
  return Evaluator(std::move(variables)).print(nodes);
}

}  // namespace crayon::importers::jinja
