// fbs::Tokenizer and fbs::ChatFormat -> what they stand for.

#include <algorithm>
#include <optional>
#include <utility>

#include "formats/bundle_decode_parts.h"
#include "formats/bundle_layout.h"

namespace crayon::formats {
namespace {

std::optional<Token> to_token(std::int32_t id) {
  return id == -1 ? std::nullopt : std::optional<Token>(id);
}

std::vector<std::string> decode_pieces(const fbs::Tokenizer& tokenizer) {
  const std::uint32_t bytes = size_of(tokenizer.piece_bytes(), max_index_size, "piece_bytes");
  const std::uint32_t count = size_of(tokenizer.piece_ends(), max_tokens, "piece_ends");
  const char* const text =
      bytes == 0 ? "" : reinterpret_cast<const char*>(tokenizer.piece_bytes()->data());
  std::vector<std::string> pieces;
  pieces.reserve(count);
  std::uint32_t begin = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t end = tokenizer.piece_ends()->Get(i);
    if (end < begin || end > bytes) {
      fail(Code::corrupt, fmt::format("piece_ends[{}]", i),
           fmt::format("{} is not in {}..{}", end, begin, bytes));
    }
    pieces.emplace_back(text + begin, end - begin);
    begin = end;
  }
  if (begin != bytes) {
    fail(Code::corrupt, "piece_ends",
         fmt::format("the last is {} and there are {} bytes", begin, bytes));
  }
  return pieces;
}

std::vector<TokenizerData::Merge> decode_merges(const fbs::Tokenizer& tokenizer) {
  const std::uint32_t count = size_of(tokenizer.merges(), max_merges, "merges");
  std::vector<TokenizerData::Merge> merges;
  merges.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const fbs::Merge& merge = *tokenizer.merges()->Get(i);
    merges.push_back({merge.left(), merge.right()});
  }
  return merges;
}

std::vector<std::string> decode_patterns(const fbs::Tokenizer& tokenizer) {
  const auto* const patterns = tokenizer.pre_tokenizers();
  const std::uint32_t count = size_of(patterns, max_pre_tokenizers, "pre_tokenizers");
  std::vector<std::string> result;
  for (std::uint32_t i = 0; i < count; ++i) {
    result.push_back(to_string(patterns->Get(i), max_pattern_bytes, "pre_tokenizers"));
  }
  return result;
}

std::string decode_charsmap(const fbs::Tokenizer& tokenizer) {
  const std::uint32_t size = size_of(tokenizer.charsmap(), max_charsmap_bytes, "charsmap");
  return size == 0 ? std::string()
                   : std::string(tokenizer.charsmap()->begin(), tokenizer.charsmap()->end());
}

std::vector<AddedToken> decode_added(const fbs::Tokenizer& tokenizer) {
  const std::uint32_t count = size_of(tokenizer.added(), max_tokens, "added");
  std::vector<AddedToken> added;
  added.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const fbs::AddedToken& one = *tokenizer.added()->Get(i);
    added.push_back({.token = one.token(),
                     .lstrip = one.lstrip(),
                     .rstrip = one.rstrip(),
                     .single_word = one.single_word(),
                     .normalized = one.normalized()});
  }
  return added;
}

std::optional<ChatWrap> decode(const fbs::ChatWrap* wrap, std::string_view field) {
  if (wrap == nullptr) {
    return std::nullopt;
  }
  return in_field(field, [&] {
    ChatWrap result;
    result.prefix = to_string(wrap->prefix(), max_chat_text_bytes, "prefix");
    result.suffix = to_string(wrap->suffix(), max_chat_text_bytes, "suffix");
    result.strip = to_enum(wrap->strip(), Strip::both, "strip");
    if (wrap->empty() != nullptr) {
      result.empty = to_string(wrap->empty(), max_chat_text_bytes, "empty");
    }
    return std::optional(result);
  });
}

}  // namespace

TokenizerData decode_tokenizer(const fbs::Tokenizer& tokenizer) {
  TokenizerData data;
  data.kind = to_enum(tokenizer.kind(), TokenizerKind::clip_bpe, "kind");
  data.pieces = decode_pieces(tokenizer);
  data.scores = to_vector(tokenizer.scores());
  for (const std::uint8_t type : to_vector(tokenizer.types())) {
    data.types.push_back(to_enum(type, TokenType::unused, "types"));
  }
  data.merges = decode_merges(tokenizer);
  data.pre_tokenizers = decode_patterns(tokenizer);
  data.ignore_merges = tokenizer.ignore_merges();
  data.add_bos = tokenizer.add_bos();
  data.add_eos = tokenizer.add_eos();
  data.add_space_prefix = tokenizer.add_space_prefix();
  data.prefix_scope = to_enum(tokenizer.prefix_scope(), PrefixScope::after_control, "prefix_scope");
  data.prefix_unless_space = tokenizer.prefix_unless_space();
  data.remove_extra_whitespace = tokenizer.remove_extra_whitespace();
  data.normalize_nfc = tokenizer.normalize_nfc();
  data.charsmap = decode_charsmap(tokenizer);
  data.added = decode_added(tokenizer);
  data.bos = to_token(tokenizer.bos());
  data.eos = to_token(tokenizer.eos());
  data.unknown = to_token(tokenizer.unknown());
  data.end_of_generation = to_vector(tokenizer.end_of_generation());
  return data;
}

ChatFormat decode_chat(const fbs::ChatFormat& chat, std::string name) {
  ChatFormat format;
  format.name = std::move(name);
  format.note = to_string(chat.note(), max_chat_text_bytes, "note");
  format.tokenizer_bos = chat.tokenizer_bos();
  format.start = to_string(chat.start(), max_chat_text_bytes, "start");
  format.system = decode(chat.system(), "system");
  format.later_system = decode(chat.later_system(), "later_system");
  format.user = decode(chat.user(), "user").value_or(ChatWrap());
  format.user_after_system =
      decode(chat.user_after_system(), "user_after_system").value_or(ChatWrap());
  format.assistant = decode(chat.assistant(), "assistant").value_or(ChatWrap());
  format.opening = to_string(chat.opening(), max_chat_text_bytes, "opening");
  format.system_last = chat.system_last();
  format.alternate = chat.alternate();
  format.thought_end = to_string(chat.thought_end(), max_chat_text_bytes, "thought_end");
  format.thought_newlines = chat.thought_newlines();
  const std::uint32_t stops = size_of(chat.stops(), max_chat_stops, "stops");
  for (std::uint32_t i = 0; i < stops; ++i) {
    format.stops.push_back(to_string(chat.stops()->Get(i), max_chat_text_bytes, "stops"));
  }
  return format;
}

}  // namespace crayon::formats
