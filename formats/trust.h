#pragma once

#include <span>

#include "formats/bundle.h"
#include "formats/signature.h"

namespace crayon::formats {

/// Throws untrusted unless the owner of one of the keys signed `bundle`. What the signature covers
/// of the data are hashes: Bundle::verify() reads the rest.
void check_signed(const Bundle& bundle, std::span<const PublicKey> trusted);

}  // namespace crayon::formats
