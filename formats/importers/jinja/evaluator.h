#pragma once

#include <string>

#include "formats/importers/jinja/syntax.h"

namespace crayon::importers::jinja {

/// What a template prints with these variables. Throws bad_argument with the template's own words
/// where it calls raise_exception, and unsupported for what is not known here and for a template
/// that runs, or prints, without end.
std::string evaluate(const Nodes& nodes, Entries variables);

}  // namespace crayon::importers::jinja
