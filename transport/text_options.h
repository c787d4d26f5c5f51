#pragma once

#include <cstdint>
#include <string>

#include "transport/chat_api.h"
#include "transport/json.h"

namespace crayon::transport {

// What requests for chats and for plain completions have in common, in JSON.

inline constexpr std::uint64_t max_token_count = 0x7fffffff;
/// Likeliest tokens that may be asked for with each token.
inline constexpr std::uint64_t max_likeliest = 20;

/// Throws bad_argument: the field `where` and why it is refused.
[[noreturn]] void refuse(const std::string& where, const std::string& why);

/// Sets the fields of `options` that `request` has; the others keep their values. Throws
/// bad_argument that names the field, also for less than `least_tokens` as max_tokens.
void parse_text_options(const Json& request, TextOptions& options, std::uint64_t least_tokens = 1);

/// The fields that every server needs, and those that are not at their defaults. The model is its
/// caller's.
void add_text_options(const TextOptions& options, Json& request);

Json usage_json(const ChatUsage& usage);

/// Times of the local model, and its speed, where it has run.
Json timings_json(const ChatUsage& usage, double prompt_ms, double predicted_ms);

/// Of bytes that are not UTF-8 by themselves, what a string can show.
Json token_json(const TokenText& token);

}  // namespace crayon::transport
