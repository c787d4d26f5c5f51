#pragma once

#include <string_view>

namespace crayon::serving {

/// The body of GET /: serving/chat_page.html, UTF-8, compiled in. One page that needs no other
/// file and asks nothing but this server.
std::string_view chat_page();

}  // namespace crayon::serving
