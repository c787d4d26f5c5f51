#pragma once

#include "formats/piece_index.h"

namespace crayon::tokenizer {

using formats::HashIndex;
using formats::no_token;
using formats::PieceIndex;

}  // namespace crayon::tokenizer
