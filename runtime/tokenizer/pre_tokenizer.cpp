#include "runtime/tokenizer/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "base/error.h"
#include "runtime/tokenizer/utf8.h"

namespace crayon::tokenizer {
namespace {

// A file chooses the expressions, so nothing bounds what they cost but these. Those in use need
// a step or two a character and hardly any memory for backtracking.
constexpr std::uint32_t max_steps_a_match = 50'000'000;
constexpr std::uint32_t max_backtracking_kib = 64 * 1024;
constexpr std::size_t max_pattern_bytes = std::size_t{64} * 1024;

std::string message_of(int error) {
  std::array<PCRE2_UCHAR8, 256> message{};
  pcre2_get_error_message_8(error, message.data(), message.size());
  return reinterpret_cast<const char*>(message.data());
}

std::string name_of(std::size_t pattern) {
  return "pre_tokenizers[" + std::to_string(pattern) + "] of the tokenizer";
}

struct FreeMatch {
  void operator()(pcre2_match_data_8* match) const { pcre2_match_data_free_8(match); }
};

/// Compiles one expression; `index` names it in the error.
pcre2_code_8* compile(const std::string& pattern, std::size_t index) {
  int error = PCRE2_ERROR_PATTERN_STRING_TOO_LONG;
  PCRE2_SIZE offset = 0;
  pcre2_code_8* code = nullptr;
  if (pattern.size() <= max_pattern_bytes) {
    // UCP: \s, \d, \w and \b go by Unicode, as in the engines that these expressions come from.
    code =
        pcre2_compile_8(reinterpret_cast<PCRE2_SPTR8>(pattern.data()), pattern.size(),
                        PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  }
  if (code == nullptr) {
    throw Error(Code::bad_tokenizer,
                name_of(index) + " cannot be compiled: " + message_of(error) + " at byte " +
                    std::to_string(offset),
                "rewrite the expression in PCRE2's syntax before packing");
  }
  // Where there is no JIT (or no executable memory) pcre2_match() interprets.
  pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE);
  return code;
}

}  // namespace

void PreTokenizer::Free::operator()(pcre2_code_8* code) const {
  pcre2_code_free_8(code);
}

void PreTokenizer::Free::operator()(pcre2_match_context_8* context) const {
  pcre2_match_context_free_8(context);
}

PreTokenizer::PreTokenizer(const std::vector<std::string>& patterns)
    : limits_(pcre2_match_context_create_8(nullptr)) {
  if (limits_ == nullptr) {
    throw std::bad_alloc();
  }
  pcre2_set_match_limit_8(limits_.get(), max_steps_a_match);
  pcre2_set_heap_limit_8(limits_.get(), max_backtracking_kib);
  patterns_.reserve(patterns.size());
  for (const std::string& pattern : patterns) {
    patterns_.emplace_back(compile(pattern, patterns_.size()));
  }
}

std::vector<std::string_view> PreTokenizer::split(std::string_view text) const {
  // PCRE2 could check and skip what is not UTF-8 itself, but its interpreter would then check
  // the rest of the text again at every match: quadratic.
  std::vector<std::string_view> units;
  for (bool valid = true; !text.empty(); valid = !valid) {
    const std::size_t length = run_length(text, valid);
    if (length > 0) {
      units.push_back(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  std::vector<std::string_view> finer;
  for (std::size_t pattern = 0; pattern < patterns_.size(); ++pattern) {
    finer.clear();
    for (const std::string_view unit : units) {
      if (next_char(unit).kind == Utf8::valid) {
        split_by(pattern, unit, finer);
      } else {
        finer.push_back(unit);
      }
    }
    std::swap(units, finer);
  }
  return units;
}

void PreTokenizer::split_by(std::size_t pattern, std::string_view text,
                            std::vector<std::string_view>& units) const {
  const std::unique_ptr<pcre2_match_data_8, FreeMatch> match(pcre2_match_data_create_8(1, nullptr));
  if (match == nullptr) {
    throw std::bad_alloc();
  }
  const PCRE2_SIZE* const range = pcre2_get_ovector_pointer_8(match.get());  // [2]: begin, end
  const auto find = [&](std::size_t from, std::uint32_t options) {
    return pcre2_match_8(patterns_[pattern].get(), reinterpret_cast<PCRE2_SPTR8>(text.data()),
                         text.size(), from, options | PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY,
                         match.get(), limits_.get());
  };
  std::size_t done = 0;
  while (done < text.size()) {
    int found = find(done, 0);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
      found = find(done, PCRE2_NO_JIT);  // the interpreter keeps its stack in the heap
    }
    if (found == PCRE2_ERROR_NOMATCH) {
      break;
    }
    if (found < 0) {
      throw Error(Code::over_limit, name_of(pattern) + " gives up: " + message_of(found),
                  "shorten the text, or pack the model with a simpler expression");
    }
    if (range[0] < done || range[1] <= range[0]) {
      break;  // \K can move a match's beginning to anywhere
    }
    if (range[0] > done) {
      units.push_back(text.substr(done, range[0] - done));
    }
    units.push_back(text.substr(range[0], range[1] - range[0]));
    done = range[1];
  }
  if (done < text.size()) {
    units.push_back(text.substr(done));
  }
}

}  // namespace crayon::tokenizer
