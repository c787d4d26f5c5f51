#pragma once

#include <cstdint>

#include "crayon/crayon.h"
#include "runtime/emphasis/syntax.h"
#include "runtime/generation/generated.h"

namespace crayon::c_api {

/// Throws bad_argument for what is out of range.
generation::GenerateOptions to_generate_options(const crayon_generate_options& options);

/// The prompt's words with their weights, where the options ask for them.
emphasis::EmphasisedText emphasised(const char* prompt, const crayon_generate_options& options);

/// CRAYON_FINISH_...
std::int32_t to_finish(generation::Finish finish);

crayon_generation to_generation(const generation::Generated& done);

}  // namespace crayon::c_api
