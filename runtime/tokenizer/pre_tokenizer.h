#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;

namespace crayon::tokenizer {

/// Cuts text into the units that byte-pair encoding works in, by regular expressions that are
/// applied one after the other: each to the units that the one before has left, as if each were
/// a text of its own. Immutable and safe from several threads.
class PreTokenizer {
 public:
  /// Throws bad_tokenizer for what is not a regular expression of PCRE2.
  explicit PreTokenizer(const std::vector<std::string>& patterns);

  /// The units of `text`, views into it, which together are all of it; none is empty. A run of
  /// bytes that are not UTF-8 is a unit, too. Throws over_limit when an expression backtracks
  /// beyond all measure.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
    void operator()(pcre2_real_match_context_8* context) const;
  };

  void split_by(std::size_t pattern, std::string_view text,
                std::vector<std::string_view>& units) const;

  std::vector<std::unique_ptr<pcre2_real_code_8, Free>> patterns_;
  std::unique_ptr<pcre2_real_match_context_8, Free> limits_;
};

}  // namespace crayon::tokenizer
