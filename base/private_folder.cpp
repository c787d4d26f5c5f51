#include "base/private_folder.h"

#include <cstdlib>
#include <string>
#include <system_error>

#include "base/error.h"

namespace crayon {

PrivateFolder::PrivateFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "crayon-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw Error(Code::io, "cannot make a folder " + name,
                "see that the folder for temporary files can be written to");
  }
  path_ = name;
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace crayon
