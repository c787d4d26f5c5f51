#pragma once

#include "formats/bundle.h"

namespace crayon::cli {

/// Bundle::verify() with a bar.
void verify_bundle(const formats::Bundle& bundle);

}  // namespace crayon::cli
