#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "formats/bundle.h"

namespace crayon::importers {

/// `source` is what the user named; the hash is that of `files`, one behind the other.
formats::Provenance describe_source(const std::filesystem::path& source,
                                    std::span<const std::filesystem::path> files,
                                    std::string licence);

/// "crayon 0.1.0"
std::string tool_name();

}  // namespace crayon::importers
