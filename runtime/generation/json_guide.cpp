#include "runtime/generation/json_guide.h"

#include "runtime/tokenizer/utf8.h"

namespace crayon::generation {
namespace {

constexpr int max_number_bytes = 32;
constexpr std::uint8_t max_exponent_digits = 2;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// 16 for what is no hexadecimal digit.
unsigned hex_digit(char c) {
  if (is_digit(c)) {
    return static_cast<unsigned>(c - '0');
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 16;
}

}  // namespace

bool JsonGuide::push(std::string_view bytes) {
  JsonGuide after = *this;
  for (const char c : bytes) {
    if (!after.step(static_cast<std::uint8_t>(c))) {
      return false;
    }
  }
  *this = after;
  return true;
}

bool JsonGuide::accepts(std::string_view bytes) const {
  JsonGuide after = *this;
  return after.push(bytes);
}

std::bitset<256> JsonGuide::next() const {
  std::bitset<256> bytes;
  for (unsigned byte = 0; byte < 256; ++byte) {
    JsonGuide after = *this;
    bytes[byte] = after.step(static_cast<std::uint8_t>(byte));
  }
  return bytes;
}

/// Leaves anything behind where it returns false.
bool JsonGuide::step(std::uint8_t byte) {
  const char c = static_cast<char>(byte);
  switch (state_) {
    case State::start:
    case State::first_name:
    case State::name:
    case State::colon:
    case State::first_value:
    case State::value:
    case State::after_value:
      return is_space(c) ? space() : structure(c);
    case State::string:
      return string(byte);
    case State::character:
      return character(byte);
    case State::escape:
      return escape(c);
    case State::hex:
      return hex(c);
    case State::low_escape:
      become(State::low_u);
      return c == '\\';
    case State::low_u:
      become(State::hex);
      return c == 'u';
    case State::literal:
      return literal(c);
    case State::done:
      return false;
    default:
      return number(c);
  }
}

void JsonGuide::become(State state) {
  state_ = state;
  count_ = 0;
}

bool JsonGuide::space() {
  return ++count_ <= 2 + 4 * depth_;
}

bool JsonGuide::structure(char c) {
  switch (state_) {
    case State::start:
      return c == '{' && open(true);
    case State::first_name:
    case State::name:
      is_name_ = true;
      if (c == '}') {
        return state_ == State::first_name && close(true);
      }
      become(State::string);
      return c == '"';
    case State::colon:
      become(State::value);
      return c == ':';
    case State::first_value:
      return c == ']' ? close(false) : begin_value(c);
    case State::value:
      return begin_value(c);
    default:  // after_value
      if (c == ',') {
        become(in_object() ? State::name : State::value);
        return true;
      }
      return (c == '}' && close(true)) || (c == ']' && close(false));
  }
}

bool JsonGuide::begin_value(char c) {
  const auto begin_literal = [this](std::string_view rest) {
    become(State::literal);
    literal_ = rest;
    return true;
  };
  become(State::value);
  switch (c) {
    case '{':
      return open(true);
    case '[':
      return open(false);
    case '"':
      is_name_ = false;
      become(State::string);
      return true;
    case 't':
      return begin_literal("rue");
    case 'f':
      return begin_literal("alse");
    case 'n':
      return begin_literal("ull");
    case '-':
      return lengthen_number(State::minus);
    case '0':
      return lengthen_number(State::zero);
    default:
      return is_digit(c) && lengthen_number(State::integer);
  }
}

bool JsonGuide::open(bool object) {
  if (depth_ == max_depth) {
    return false;
  }
  const std::uint32_t bit = std::uint32_t{1} << depth_++;
  objects_ = object ? objects_ | bit : objects_ & ~bit;
  become(object ? State::first_name : State::first_value);
  return true;
}

bool JsonGuide::close(bool object) {
  if (in_object() != object) {
    return false;
  }
  --depth_;
  become(depth_ == 0 ? State::done : State::after_value);
  return true;
}

bool JsonGuide::string(std::uint8_t byte) {
  if (byte == '"') {
    become(is_name_ ? State::colon : State::after_value);
    return true;
  }
  if (byte == '\\') {
    become(State::escape);
    return true;
  }
  if (byte < 0x80) {
    return byte >= 0x20;
  }
  become(State::character);
  return character(byte);
}

bool JsonGuide::character(std::uint8_t byte) {
  using tokenizer::Utf8;
  held_[count_++] = static_cast<char>(byte);
  const Utf8 kind = tokenizer::next_char({held_.data(), count_}).kind;
  if (kind == Utf8::valid) {
    become(State::string);
  }
  return kind != Utf8::invalid;
}

bool JsonGuide::escape(char c) {
  if (c == 'u') {
    become(State::hex);
    return true;
  }
  become(State::string);
  return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
}

bool JsonGuide::hex(char c) {
  const unsigned digit = hex_digit(c);
  escaped_ = static_cast<std::uint16_t>((count_ == 0 ? 0 : escaped_ << 4) | digit);
  ++count_;
  // U+DC00..DFFF, the second halves of pairs, stand behind first halves and nowhere else.
  if ((count_ == 1 && low_wanted_ && escaped_ != 0xd) ||
      (count_ == 2 && low_wanted_ != (escaped_ >= 0xdc && escaped_ <= 0xdf))) {
    return false;
  }
  if (count_ == 4) {
    low_wanted_ = escaped_ >= 0xd800 && escaped_ <= 0xdbff;
    become(low_wanted_ ? State::low_escape : State::string);
  }
  return digit < 16;
}

bool JsonGuide::literal(char c) {
  if (c != literal_.front()) {
    return false;
  }
  literal_.remove_prefix(1);
  if (literal_.empty()) {
    become(State::after_value);
  }
  return true;
}

bool JsonGuide::number(char c) {
  const bool exponent = c == 'e' || c == 'E';
  switch (state_) {
    case State::minus:
      return is_digit(c) && lengthen_number(c == '0' ? State::zero : State::integer);
    case State::zero:
    case State::integer:
      if (is_digit(c)) {
        return state_ == State::integer && lengthen_number(State::integer);
      }
      if (c == '.') {
        return lengthen_number(State::point);
      }
      return exponent ? lengthen_number(State::exponent) : end_number(c);
    case State::point:
      return is_digit(c) && lengthen_number(State::fraction);
    case State::fraction:
      if (is_digit(c)) {
        return lengthen_number(State::fraction);
      }
      return exponent ? lengthen_number(State::exponent) : end_number(c);
    case State::exponent:
      if (c == '+' || c == '-') {
        return lengthen_number(State::exponent_sign);
      }
      [[fallthrough]];
    case State::exponent_sign:
      exponent_ = 1;
      return is_digit(c) && lengthen_number(State::exponent_digit);
    default:  // exponent_digit
      return is_digit(c) ? ++exponent_ <= max_exponent_digits && lengthen_number(state_)
                         : end_number(c);
  }
}

bool JsonGuide::lengthen_number(State state) {
  const bool may_end = state == State::zero || state == State::integer ||
                       state == State::fraction || state == State::exponent_digit;
  state_ = state;
  return ++count_ + (may_end ? 0 : 1) <= max_number_bytes;  // with room for the digit it needs
}

bool JsonGuide::end_number(char c) {
  become(State::after_value);
  return is_space(c) ? space() : structure(c);
}

}  // namespace crayon::generation
