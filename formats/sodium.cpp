#include "formats/sodium.h"

#include <sodium.h>

#include "base/error.h"

namespace crayon::formats {

void initialise_sodium() {
  static const int result = sodium_init();
  if (result < 0) {
    throw Error(Code::io, "libsodium cannot be initialised: the system has no source of randomness",
                "make /dev/urandom readable");
  }
}

}  // namespace crayon::formats
