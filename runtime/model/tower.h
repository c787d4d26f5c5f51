#pragma once

#include <span>
#include <vector>

#include "runtime/model/model.h"

namespace crayon::model {

// Embeddings of an encoder's towers, as the towers give them: [output_dim], of any length. The
// session is one of the tower's, of which nothing is kept from one call to the next.

/// Of a text with all the tokens that the model was trained with, "[EOS]" at the end, which has
/// seen all others. Throws what Session::weigh() and Model::forward() throw.
std::vector<float> encode_tokens(const Model& tower, Session& session,
                                 std::span<const Token> tokens, const Emphasis& emphasis);

/// Of an image: patches [patches][3][patch_size][patch_size], from left to right and top to bottom,
/// scaled as the tower was trained with. The class token has seen them all. The session's context
/// is the tower's.
std::vector<float> encode_patches(const Model& tower, Session& session,
                                  std::span<const float> patches);

}  // namespace crayon::model
