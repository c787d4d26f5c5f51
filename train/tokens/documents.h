#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace crayon::train {

/// Stands between documents where a text has it.
inline constexpr std::string_view document_marker = "<|endoftext|>";

/// Gets a document, or a part of one that is very long: `last` says whether it ends here. False
/// ends the reading.
using OnDocument = std::function<bool(std::string_view text, bool last)>;

/// The documents of a text file: what <|endoftext|> separates or, in a file that nowhere has it,
/// what groups of two or more blank lines separate. Line breaks around a document are not part of
/// it. One of over 1 MiB comes in parts of whole lines. Throws as LineReader does.
void for_each_document(const std::filesystem::path& path, const OnDocument& use);

}  // namespace crayon::train
