#include "transport/http_message.h"

#include <http_parser.h>

#include <algorithm>

#include "base/error.h"

namespace crayon::transport {
namespace {

constexpr std::size_t max_url_bytes =
    std::size_t{8} * 1024;  // also keeps http_parser's 16-bit offsets right

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[noreturn]] void refuse(std::string_view url, const std::string& why, std::string hint) {
  // At most the first bytes, and none that would garble a terminal.
  std::string shown(url.substr(0, 200));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  throw Error(Code::bad_argument, "URL \"" + shown + "\": " + why, std::move(hint));
}

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view header(const Headers& headers, std::string_view name) {
  for (const auto& [field, value] : headers) {
    if (equal_without_case(field, name)) {
      return value;
    }
  }
  return {};
}

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

Url Url::parse(std::string_view text) {
  constexpr const char* form = "Give it the form http://host:port/path.";
  if (text.size() > max_url_bytes) {
    refuse(text, "longer than " + std::to_string(max_url_bytes) + " bytes", form);
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    refuse(text, "a character that must be percent-encoded", "Encode it as UTF-8 in %XX form.");
  }
  http_parser_url parts;
  http_parser_url_init(&parts);
  if (http_parser_parse_url(text.data(), text.size(), 0, &parts) != 0) {
    refuse(text, "not a URL", form);
  }
  const auto part = [&](http_parser_url_fields field) -> std::string_view {
    if ((parts.field_set & (1u << field)) == 0) {
      return {};
    }
    return text.substr(parts.field_data[field].off, parts.field_data[field].len);
  };
  if (equal_without_case(part(UF_SCHEMA), "https")) {
    refuse(text, "TLS is not built in", "Use http:// on a trusted network or through a tunnel.");
  }
  if (!equal_without_case(part(UF_SCHEMA), "http")) {
    refuse(text, "not an http:// address", form);
  }
  if (part(UF_HOST).empty()) {
    refuse(text, "no host", form);
  }
  if (text.find('@') < text.find('/', sizeof "http://" - 1)) {
    refuse(text, "a user name or password in the address", "Send credentials in a header.");
  }
  if (text.find('#') != std::string_view::npos) {
    refuse(text, "a fragment (#...), which is never sent", "Leave it out.");
  }
  Url url;
  url.host = part(UF_HOST);
  if (!part(UF_PORT).empty()) {
    url.port = parts.port;
  }
  if (url.port == 0) {
    refuse(text, "port 0", form);
  }
  url.path = part(UF_PATH).empty() ? "/" : part(UF_PATH);
  if ((parts.field_set & (1u << UF_QUERY)) != 0) {
    url.path.append("?").append(part(UF_QUERY));
  }
  return url;
}

}  // namespace crayon::transport
