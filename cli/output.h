#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "runtime/model/model.h"

namespace crayon::cli {

/// JSON whose fields stay in the order they are written in.
using Json = nlohmann::ordered_json;

/// Thrown when the reader of standard output has gone, as `head` does: there is nothing left to
/// do, and nothing to complain about.
struct OutputClosed {};

/// Writes to standard output at once, without buffering. Throws OutputClosed, or io or no_space.
void print(std::string_view text);

/// One JSON document on one line of standard output. Bytes that are not UTF-8 become U+FFFD.
void print_json(const Json& value);

/// A line on standard error.
void note(std::string_view line);

bool stdout_is_terminal();

/// "memory: 5.4 MiB: weights ..." on standard error.
void note_memory(const model::MemoryEstimate& memory);

/// A text as a field of CSV (RFC 4180).
std::string csv_field(std::string text);

/// A size in the largest binary unit that fits: "3.4 MiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace crayon::cli
