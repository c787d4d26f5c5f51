#include "formats/bundle_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace crayon::formats {
namespace {

// Three of the sixteen magic numbers of skippable frames (RFC 8878, 3.1.2).
constexpr std::uint32_t header_frame_magic = 0x184d2a50;
constexpr std::uint32_t index_frame_magic = 0x184d2a51;
constexpr std::uint32_t footer_frame_magic = 0x184d2a52;

constexpr std::string_view header_magic = "CRAYON";
constexpr std::string_view footer_magic = "CRAYFOOT";

// Offsets in the header's and footer's frames.
namespace header_at {
constexpr std::size_t magic = 8, major = 14, minor = 16, kind = 18, reserved = 19;
}
namespace footer_at {
constexpr std::size_t magic = 8, major = 16, minor = 18, index_offset = 24, index_size = 32,
                      index_hash = 40, release = 72, key_id = 80, signature = 88, hash = 168;
}
static_assert(footer_at::hash + sizeof(Hash) == footer_size);

const char* const copy_again = "copy or download the file again";

void store_frame_header(std::uint8_t* bytes, std::uint32_t magic, std::uint64_t frame_size) {
  store_le(bytes, magic);
  store_le(bytes + 4, static_cast<std::uint32_t>(frame_size - skippable_header_size));
}

bool has_frame_header(const std::uint8_t* bytes, std::uint32_t magic, std::uint64_t frame_size) {
  return load_le<std::uint32_t>(bytes) == magic &&
         load_le<std::uint32_t>(bytes + 4) == frame_size - skippable_header_size;
}

bool has_text(const std::uint8_t* bytes, std::string_view text) {
  return std::memcmp(bytes, text.data(), text.size()) == 0;
}

template <std::size_t Size>
void load(std::array<std::uint8_t, Size>& field, const std::uint8_t* bytes) {
  std::memcpy(field.data(), bytes, Size);
}

// Of the header and of the footer up to its last field: every byte of the two.
Hash footer_hash(const HeaderBytes& header, const FooterBytes& footer) {
  Hasher hasher;
  hasher.update(header);
  hasher.update(ByteSpan(footer).first(footer_at::hash));
  return hasher.finish();
}

}  // namespace

HeaderBytes encode_header(BundleKind kind) {
  HeaderBytes bytes{};
  store_frame_header(bytes.data(), header_frame_magic, header_size);
  std::memcpy(&bytes[header_at::magic], header_magic.data(), header_magic.size());
  store_le(&bytes[header_at::major], format_major);
  store_le(&bytes[header_at::minor], format_minor);
  bytes[header_at::kind] = static_cast<std::uint8_t>(kind);
  return bytes;
}

BundleKind decode_header(const HeaderBytes& bytes) {
  if (!has_frame_header(bytes.data(), header_frame_magic, header_size) ||
      !has_text(&bytes[header_at::magic], header_magic)) {
    throw Error(Code::malformed, "header.magic: this is no Crayon bundle",
                "make one with crayon pack");
  }
  const auto major = load_le<std::uint16_t>(&bytes[header_at::major]);
  if (major != format_major) {
    throw Error(
        Code::unsupported,
        fmt::format("header.major: format version {} is not known, only {}", major, format_major),
        "use the version of crayon that wrote it, or pack it again");
  }
  const std::uint8_t kind = bytes[header_at::kind];
  if (kind < static_cast<std::uint8_t>(BundleKind::model) ||
      kind > static_cast<std::uint8_t>(last_kind)) {
    throw Error(Code::unsupported, fmt::format("header.kind: {} is not known", kind),
                "use a newer version of crayon");
  }
  if (std::any_of(bytes.begin() + header_at::reserved, bytes.end(),
                  [](std::uint8_t byte) { return byte != 0; })) {
    throw Error(Code::corrupt, "header.reserved: a byte is not 0", copy_again);
  }
  return static_cast<BundleKind>(kind);
}

FooterBytes encode_footer(const Footer& footer, const HeaderBytes& header) {
  FooterBytes bytes{};
  store_frame_header(bytes.data(), footer_frame_magic, footer_size);
  std::memcpy(&bytes[footer_at::magic], footer_magic.data(), footer_magic.size());
  std::memcpy(&bytes[footer_at::major], &header[header_at::major], 2);
  std::memcpy(&bytes[footer_at::minor], &header[header_at::minor], 2);
  store_le(&bytes[footer_at::index_offset], footer.index_offset);
  store_le(&bytes[footer_at::index_size], footer.index_size);
  store_le(&bytes[footer_at::index_hash], footer.index_hash);
  store_le(&bytes[footer_at::release], footer.release);
  store_le(&bytes[footer_at::key_id], footer.key_id);
  store_le(&bytes[footer_at::signature], footer.signature);
  store_le(&bytes[footer_at::hash], footer_hash(header, bytes));
  return bytes;
}

std::array<std::uint8_t, signed_size> signed_bytes(const Footer& footer,
                                                   const HeaderBytes& header) {
  static_assert(signed_size == header_size + footer_at::signature);
  const FooterBytes bytes = encode_footer(footer, header);
  std::array<std::uint8_t, signed_size> message;
  std::copy(header.begin(), header.end(), message.begin());
  std::copy_n(bytes.begin(), footer_at::signature, message.begin() + header_size);
  return message;
}

Footer decode_footer(const FooterBytes& bytes, const HeaderBytes& header, std::uint64_t file_size) {
  if (!has_frame_header(bytes.data(), footer_frame_magic, footer_size) ||
      !has_text(&bytes[footer_at::magic], footer_magic)) {
    throw Error(Code::truncated,
                "footer.magic: the file does not end with a footer: it was cut short, or something "
                "was appended to it",
                copy_again);
  }
  Hash stored_hash;
  load(stored_hash, &bytes[footer_at::hash]);
  if (stored_hash != footer_hash(header, bytes)) {
    throw Error(Code::corrupt, "footer.hash: the header or the footer is damaged", copy_again);
  }
  if (!std::equal(&bytes[footer_at::major], &bytes[footer_at::minor] + 2,
                  &header[header_at::major])) {
    throw Error(Code::corrupt, "footer.version: it is not that of the header", copy_again);
  }
  constexpr std::size_t reserved = footer_at::minor + 2;
  constexpr std::size_t more_reserved = footer_at::signature + sizeof(Footer::signature);
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  if (!std::all_of(&bytes[reserved], &bytes[footer_at::index_offset], is_zero) ||
      !std::all_of(&bytes[more_reserved], &bytes[footer_at::hash], is_zero)) {
    throw Error(Code::corrupt, "footer.reserved: a byte is not 0", copy_again);
  }

  Footer footer;
  footer.index_offset = load_le<std::uint64_t>(&bytes[footer_at::index_offset]);
  footer.index_size = load_le<std::uint64_t>(&bytes[footer_at::index_size]);
  load(footer.index_hash, &bytes[footer_at::index_hash]);
  footer.release = load_le<std::uint64_t>(&bytes[footer_at::release]);
  load(footer.key_id, &bytes[footer_at::key_id]);
  load(footer.signature, &bytes[footer_at::signature]);
  if (!footer.is_signed() && footer.signature != SignatureBytes{}) {
    throw Error(Code::corrupt, "footer.signature: there is one, but no key_id", copy_again);
  }

  if (footer.index_size > max_index_size) {
    throw Error(Code::over_limit, fmt::format("footer.index_size: {} bytes are more than the {} "
                                              "that are allowed",
                                              footer.index_size, max_index_size));
  }
  // The caller has seen that the file holds a header and a footer. index_size being small, these
  // sums cannot wrap.
  const std::uint64_t index_end = file_size - footer_size;
  if (footer.index_offset > index_end || footer.index_offset + footer.index_size != index_end ||
      footer.index_offset < header_size + skippable_header_size) {
    throw Error(Code::corrupt,
                fmt::format("footer.index_offset: an index of {} bytes at {} does not end where "
                            "the footer starts, at {}",
                            footer.index_size, footer.index_offset, index_end),
                copy_again);
  }
  return footer;
}

SkippableHeader encode_index_header(std::uint64_t index_size) {
  SkippableHeader bytes{};
  store_frame_header(bytes.data(), index_frame_magic, skippable_header_size + index_size);
  return bytes;
}

void check_index_header(const SkippableHeader& bytes, std::uint64_t index_size) {
  if (!has_frame_header(bytes.data(), index_frame_magic, skippable_header_size + index_size)) {
    throw Error(Code::corrupt, "index.frame: not the skippable frame that the footer names",
                copy_again);
  }
}

}  // namespace crayon::formats
