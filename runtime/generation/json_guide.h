#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>

namespace crayon::generation {

/// Reads a JSON object (RFC 8259) byte by byte, and knows at every byte whether the text can still
/// become one: any text that it accepts is the beginning of an object that it accepts. Some 40
/// bytes: copies are cheap.
///
/// It accepts less than the RFC, so that a model neither idles nor writes what readers choke on:
/// nesting of at most 32; between two tokens a line break and four columns a level; numbers of at
/// most 32 bytes with exponents of at most two digits, which a double can hold; surrogates only in
/// pairs; nothing behind the object.
class JsonGuide {
 public:
  static constexpr std::uint8_t max_depth = 32;

  /// Takes `bytes`, which may end anywhere, within a UTF-8 character too. False, and nothing is
  /// taken, where the text could then no longer become an object.
  bool push(std::string_view bytes);
  bool accepts(std::string_view bytes) const;
  /// The object has ended.
  bool complete() const { return state_ == State::done; }

  /// The bytes that may come next; none behind the object.
  std::bitset<256> next() const;
  /// Within a string, between two characters: any character but a control character may come next,
  /// and the guide stays as it is unless that is a quote or a backslash.
  bool in_string() const { return state_ == State::string; }

 private:
  // Where the next byte stands. Up to after_value, white space may be there.
  enum class State : std::uint8_t {
    start,        // the object's opening brace
    first_name,   // a member's name, or the end of an empty object
    name,         // a member's name, behind a comma
    colon,        // behind a name
    first_value,  // an element, or the end of an empty array
    value,        //
    after_value,  // a comma, or the end of the array or object
    string,       //
    character,    // a UTF-8 character's second to fourth byte
    escape,       // behind a backslash
    hex,          // the digits of \uXXXX
    low_escape,   // the backslash, then the u, of the second half of a pair
    low_u,
    literal,  // true, false, null
    minus,    // a number's digits, by what has come before them
    zero,
    integer,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digit,
    done,
  };

  bool step(std::uint8_t byte);
  void become(State state);
  bool space();
  bool structure(char c);
  bool begin_value(char c);
  bool open(bool object);
  bool close(bool object);
  bool in_object() const { return depth_ > 0 && (objects_ >> (depth_ - 1) & 1u) != 0; }
  bool string(std::uint8_t byte);
  bool character(std::uint8_t byte);
  bool escape(char c);
  bool hex(char c);
  bool literal(char c);
  bool number(char c);
  bool lengthen_number(State state);
  bool end_number(char c);

  State state_ = State::start;
  bool is_name_ = false;           // the string is a member's name
  bool low_wanted_ = false;        // the escape is the second half of a pair
  std::uint8_t depth_ = 0;         // objects and arrays that are open
  std::uint8_t count_ = 0;         // bytes of this white space, number, character or \uXXXX
  std::uint8_t exponent_ = 0;      // digits of the exponent
  std::uint16_t escaped_ = 0;      // digits of \uXXXX
  std::uint32_t objects_ = 0;      // bit i: what is open at depth i + 1 is an object
  std::array<char, 4> held_ = {};  // of a character that is not complete
  std::string_view literal_;       // what is left of it
};

}  // namespace crayon::generation
