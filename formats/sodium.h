#pragma once

namespace crayon::formats {

/// Lets libsodium pick its code for this CPU and find a source of randomness; without, hashes are
/// correct but slow, and keys are none. Cheap when done before. Throws io.
void initialise_sodium();

}  // namespace crayon::formats
