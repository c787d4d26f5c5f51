#include "base/exit.h"

namespace crayon {

Exit exit_of(Code code) {
  switch (static_cast<int>(code) / 100) {  // the family
    case 1:
    case 2:
    case 3:
      return Exit::bad_file;
    case 4:
      return Exit::network;
    case 5:
      return Exit::usage;
    case 7:
      return Exit::failed_check;
    default:
      return Exit::system;
  }
}

}  // namespace crayon
