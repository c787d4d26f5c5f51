#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

#include "runtime/generation/json_guide.h"
#include "runtime/tokenizer/tokenizer.h"

namespace crayon::generation {

/// Which tokens may come next, so that the answer becomes a JSON object: those whose bytes the
/// guide accepts. Tokens that print nothing, or end the answer, may not.
///
/// Of most tokens that is known without a walk along their bytes: by the first byte, or, within a
/// string, because there is nothing in the token but whole characters.
class JsonTokens {
 public:
  /// Looks at every token once. `tokenizer` must outlive this. Throws bad_tokenizer where the
  /// vocabulary lacks a byte without which an object could not be ended.
  explicit JsonTokens(const tokenizer::Tokenizer& tokenizer);

  bool allows(formats::Token token) const;
  /// Takes a token that is allowed.
  void push(formats::Token token);
  /// The object has ended: no token is allowed.
  bool complete() const { return guide_.complete(); }

 private:
  enum class Kind : std::uint8_t {
    never,
    text,  ///< whole characters, none of which means anything within a string
    other,
  };
  struct Look {
    Kind kind;
    std::uint8_t first;  ///< byte
  };

  const tokenizer::Tokenizer& tokenizer_;
  std::vector<Look> looks_;  // [vocab]
  JsonGuide guide_;
  std::bitset<256> next_;  // what the guide says
};

}  // namespace crayon::generation
