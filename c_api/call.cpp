#include "c_api/call.h"

#include <exception>
#include <filesystem>
#include <new>
#include <string_view>

#include "c_api/structs.h"

namespace crayon::c_api {
namespace {

crayon_code write(crayon_error* out, Code code, std::string_view sentence, std::string_view hint) {
  const auto number = static_cast<crayon_code>(code);
  // An error of the wrong size is left alone: there is no other place to say so.
  if (out != nullptr && out->size >= sizeof(crayon_error)) {
    out->code = number;
    copy_text(sentence, out->message);
    copy_text(hint, out->hint);
  }
  return number;
}

}  // namespace

crayon_code report(crayon_error* error) noexcept {
  try {
    throw;
  } catch (const Error& known) {
    return write(error, known.code(), known.what(), known.hint());
  } catch (const std::bad_alloc&) {
    return write(error, Code::out_of_memory, "there is not enough memory",
                 "use a smaller model or context, or free memory");
  } catch (const std::filesystem::filesystem_error& system) {
    return write(error, Code::io, system.what(), "check the path and its permissions");
  } catch (const std::exception& other) {
    return write(error, Code::internal, other.what(), "please report this");
  } catch (...) {
    return write(error, Code::internal, "an unknown exception", "please report this");
  }
}

}  // namespace crayon::c_api
