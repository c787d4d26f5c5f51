#pragma once

#include <string_view>

#include "formats/importers/jinja/syntax.h"

namespace crayon::importers::jinja {

/// Parses a template of the language that chat templates are written in: set, if, for, macro,
/// filter, break, continue. Throws unsupported, saying what, for anything else and for nesting
/// deeper than any template's.
Nodes parse(std::string_view source);

}  // namespace crayon::importers::jinja
