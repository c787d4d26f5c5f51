#pragma once

#include <string_view>

#include "transport/message_parser.h"

namespace crayon::fuzz {

/// Reads `bytes` as the messages of one connection, one after the other, with tight limits and with
/// the usual ones. Aborts where the pieces they come in change what is read, where a limit is
/// exceeded, or where a complete message contradicts its own head.
void check_http_messages(transport::MessageParser::Kind kind, std::string_view bytes);

}  // namespace crayon::fuzz
