#pragma once

#include <string>

#include "transport/http_client.h"
#include "transport/proxy.h"

namespace crayon::transport {

/// The request as it goes over the wire; with the whole URL in its first line where a proxy is
/// asked for an http:// address. Throws bad_argument for a method or header field that cannot be
/// sent, and a message above 2 GiB.
std::string serialize(const ClientRequest& request, const Url& url, const Proxy* proxy,
                      bool keep_alive);

}  // namespace crayon::transport
