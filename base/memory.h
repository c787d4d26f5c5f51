#pragma once

#include "base/bytes.h"

namespace crayon {

/// Asks for large pages behind `memory`, which is about to be written whole: fewer faults, and
/// fewer misses when it is streamed. Where the system has none, nothing happens.
void prefer_huge_pages(MutableByteSpan memory);

}  // namespace crayon
