#include "formats/importers/tiktoken.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/importers/base64.h"
#include "formats/importers/named_check.h"
#include "formats/importers/pre_tokenizers.h"
#include "formats/importers/special_tokens.h"

namespace crayon::importers {
namespace {

using formats::Token;
using formats::TokenizerData;
using formats::TokenType;

struct Line {
  std::string_view token;  // in base64
  std::size_t rank = 0;
};

// What a file of so many ranks leaves out. Special tokens without a name of their own are not
// listed; they stay unused.
struct Family {
  const char* name;
  std::size_t ranks;
  const char* pattern;
  std::vector<std::pair<Token, const char*>> specials;
  std::optional<Token> bos;  // which the family puts in front of a text
  Token eos;
};

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"Llama 3",
       128000,
       llama3_pattern,
       {{128000, "<|begin_of_text|>"},
        {128001, "<|end_of_text|>"},
        {128004, "<|finetune_right_pad_id|>"},
        {128006, "<|start_header_id|>"},
        {128007, "<|end_header_id|>"},
        {128008, "<|eom_id|>"},
        {128009, "<|eot_id|>"},
        {128010, "<|python_tag|>"}},
       128000,
       128001},
      {"GPT-2", 50256, gpt2_pattern, {{50256, "<|endoftext|>"}}, {}, 50256},
      {"Qwen",
       151643,
       qwen2_pattern,
       {{151643, "<|endoftext|>"}, {151644, "<|im_start|>"}, {151645, "<|im_end|>"}},
       {},
       151643},
  };
  return all;
}

/// The line at the front of `text`, without its end.
std::optional<Line> parse_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos) {
    return std::nullopt;
  }
  Line result{.token = line.substr(0, space)};
  const char* const end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data() + space + 1, end, result.rank);
  return error == std::errc() && stop == end ? std::optional(result) : std::nullopt;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  TokenizerData read() {
    read_ranks();
    const Family& family = find_family();
    data_.kind = formats::TokenizerKind::byte_bpe;
    data_.types.assign(data_.pieces.size(), TokenType::normal);
    data_.pre_tokenizers = {family.pattern};
    data_.ignore_merges = true;  // what is a token as a whole is never cut
    list_merges();
    add_special_tokens(family);
    complete_end_of_generation(data_);
    check_tokenizer(data_, where_);
    return std::move(data_);
  }

 private:
  [[noreturn]] void fail(std::size_t line, const std::string& what) const {
    throw Error(Code::bad_tokenizer, fmt::format("{}: line {} {}", where_, line, what),
                "copy or download the file again");
  }

  void read_ranks() {
    std::string_view rest = text_;
    for (std::size_t number = 1; !rest.empty(); ++number) {
      const std::string_view text = take_line(rest);
      if (text.empty()) {
        continue;
      }
      const std::optional<Line> line = parse_line(text);
      auto token = line ? decode_base64(line->token) : std::nullopt;
      if (!token || token->empty()) {
        fail(number, "is not a token in base64 and its rank");
      }
      if (line->rank != data_.pieces.size()) {
        fail(number, fmt::format("has the rank {} instead of {}", line->rank, data_.pieces.size()));
      }
      data_.pieces.push_back(std::move(*token));
    }
  }

  const Family& find_family() const {
    std::string known;
    for (const Family& family : families()) {
      if (family.ranks == data_.pieces.size()) {
        return family;
      }
      known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", family.ranks, family.name);
    }
    throw Error(Code::unsupported,
                fmt::format("{} has {} ranks, which tell neither special tokens nor how to split "
                            "text; files of {} are known",
                            where_, data_.pieces.size(), known),
                "pass the model's tokenizer.json");
  }

  // Any two neighbours that make a token merge, those that make the lowest first.
  void list_merges() {
    std::unordered_map<std::string_view, Token> ids;
    ids.reserve(data_.pieces.size());
    for (std::size_t i = 0; i < data_.pieces.size(); ++i) {
      ids.emplace(data_.pieces[i], static_cast<Token>(i));
    }
    const auto id_of = [&](std::string_view piece) {
      const auto found = ids.find(piece);
      return found == ids.end() ? Token{-1} : found->second;
    };
    std::vector<TokenizerData::Merge> ways;
    for (const std::string_view piece : data_.pieces) {
      ways.clear();
      for (std::size_t cut = 1; cut < piece.size(); ++cut) {
        const TokenizerData::Merge merge{id_of(piece.substr(0, cut)), id_of(piece.substr(cut))};
        if (merge.left >= 0 && merge.right >= 0) {
          ways.push_back(merge);
        }
      }
      std::ranges::sort(ways, {}, [](const auto& way) { return std::pair(way.left, way.right); });
      data_.merges.insert(data_.merges.end(), ways.begin(), ways.end());
    }
  }

  void add_special_tokens(const Family& family) {
    for (const auto& [id, piece] : family.specials) {
      const auto index = static_cast<std::size_t>(id);
      data_.pieces.resize(std::max(data_.pieces.size(), index + 1));
      data_.types.resize(data_.pieces.size(), TokenType::unused);
      data_.pieces[index] = piece;
      data_.types[index] = TokenType::control;
    }
    data_.bos = family.bos;
    data_.add_bos = family.bos.has_value();
    data_.eos = family.eos;
  }

  std::string_view text_;
  const std::string& where_;
  TokenizerData data_;
};

}  // namespace

bool starts_like_tiktoken(std::string_view start) {
  const std::size_t end = start.find('\n');
  if (end == std::string_view::npos) {
    return false;
  }
  const auto line = parse_line(take_line(start));
  return line && line->rank == 0 && decode_base64(line->token);
}

TokenizerData read_tiktoken(std::string_view text, const std::string& where) {
  return Reader(text, where).read();
}

}  // namespace crayon::importers
