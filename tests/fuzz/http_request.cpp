// What a client sends, which the server reads.
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/http_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  crayon::fuzz::check_http_messages(crayon::transport::MessageParser::Kind::request,
                                    crayon::fuzz::text_of(data, size));
  return 0;
}
