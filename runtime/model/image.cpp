#include "runtime/model/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/checked.h"
#include "base/error.h"
#include "base/folder.h"
#include "formats/error_context.h"
#include "formats/hash.h"
#include "kernels/kernel_set.h"
#include "runtime/model/weight_loader.h"

namespace crayon::model {
namespace {

using formats::Hash;

constexpr std::string_view magic = "CRAYPACK";
constexpr std::uint32_t version = 1;
// A page of 4 KiB, 16 KiB or 64 KiB: the weights behind it begin at a border of any of them.
constexpr std::size_t header_size = 1u << 16;

// Offsets in the header. What is not named is 0.
namespace at {
constexpr std::size_t version = 8, bundle = 16, layout = 48, size = 80, weights_hash = 96,
                      hash = 128, end = 160;
}

using Header = std::array<std::uint8_t, at::end>;

/// The header of an image for this bundle and layout, without its two hashes.
Header header_for(const formats::Bundle& bundle, const kernels::Layout& layout,
                  std::uint64_t bytes) {
  Header header{};
  std::memcpy(header.data(), magic.data(), magic.size());
  store_le(&header[at::version], version);
  store_le(&header[at::bundle], bundle.id());
  // Everything that says where a weight lies, not the ids alone.
  const std::array<std::size_t, 8> numbers = {layout.i8.id,
                                              layout.i8.rows_per_block,
                                              layout.i8.inputs_per_group,
                                              layout.i8.input_multiple,
                                              layout.i8.flip,
                                              layout.i4.id,
                                              layout.i4.rows_per_block,
                                              layout.i4.inputs_per_group};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    store_le(&header[at::layout + i * sizeof(std::uint32_t)],
             static_cast<std::uint32_t>(numbers[i]));
  }
  store_le(&header[at::size], bytes);
  return header;
}

Hash header_hash(const Header& header) {
  return formats::hash_of(ByteSpan(header).first(at::hash));
}

/// In what `found` is not what it should be; empty when it is.
std::string difference(const Header& found, const Header& expected) {
  const auto differs = [&](std::size_t begin, std::size_t end) {
    return !std::equal(found.begin() + static_cast<std::ptrdiff_t>(begin),
                       found.begin() + static_cast<std::ptrdiff_t>(end),
                       expected.begin() + static_cast<std::ptrdiff_t>(begin));
  };
  if (differs(0, magic.size())) {
    return "it is no packed image";
  }
  if (differs(at::version, at::bundle)) {
    return "it is of another version of the format";
  }
  Hash stored;
  std::memcpy(stored.data(), &found[at::hash], stored.size());
  if (stored != header_hash(found)) {
    return "its header is damaged";
  }
  if (differs(at::bundle, at::layout)) {
    return "it was made from another bundle";
  }
  return differs(at::layout, at::weights_hash) ? "it was made for another layout" : "";
}

/// Between a bundle's name and the ids of a layout.
constexpr std::string_view infix = ".packed-";

/// A header that fits, and its file.
struct Checked {
  File file;
  Header header;
};

/// Empty, with the reason in `why_not`, when there is none.
std::optional<Checked> open_checked(const std::filesystem::path& path, const Header& expected,
                                    std::uint64_t bytes, std::string& why_not) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return std::nullopt;
  }
  try {
    Checked checked{File(path), {}};
    if (checked.file.size() < at::end) {
      why_not = "it is cut short";
      return std::nullopt;
    }
    checked.file.read_at(0, checked.header);
    why_not = difference(checked.header, expected);
    if (why_not.empty() && checked.file.size() != checked_add(header_size, bytes, "image size")) {
      why_not = "its size is not what its weights take";
    }
    return why_not.empty() ? std::optional<Checked>(std::move(checked)) : std::nullopt;
  } catch (const Error& error) {
    why_not = error.what();
    return std::nullopt;
  }
}

}  // namespace

std::filesystem::path Image::path() const {
  // A string, as libstdc++'s paths crash when they find no memory to change.
  return bundle_.path().string() + fmt::format("{}{}-{}", infix, layout_.i8.id, layout_.i4.id);
}

Image::Opened Image::open(const WeightPlan& plan) const {
  Opened opened;
  const auto checked = open_checked(path(), header_for(bundle_, layout_, plan.bytes()),
                                    plan.bytes(), opened.why_not);
  if (checked) {
    try {
      opened.memory.emplace(FileMapping(checked->file), header_size);
    } catch (const Error& error) {
      opened.why_not = error.what();
    }
  }
  return opened;
}

void Image::write(const WeightPlan& plan, ByteSpan packed) const {
  Header header = header_for(bundle_, layout_, plan.bytes());
  store_le(&header[at::weights_hash], formats::hash_of(packed));
  store_le(&header[at::hash], header_hash(header));
  std::vector<std::uint8_t> page(header_size);
  std::ranges::copy(header, page.begin());
  AtomicFile file(path());
  file.write(page);
  file.write(packed);
  file.commit();
}

bool Image::verify(const WeightPlan& plan) const {
  std::string why_not;
  const auto checked =
      open_checked(path(), header_for(bundle_, layout_, plan.bytes()), plan.bytes(), why_not);
  if (!checked) {
    return false;
  }
  formats::Hasher hasher;
  std::vector<std::uint8_t> piece;
  for (std::uint64_t done = 0; done < plan.bytes(); done += piece.size()) {
    piece.resize(std::min<std::uint64_t>(1u << 20, plan.bytes() - done));
    checked->file.read_at(header_size + done, piece);
    hasher.update(piece);
  }
  Hash stored;
  std::memcpy(stored.data(), &checked->header[at::weights_hash], stored.size());
  if (hasher.finish() != stored) {
    throw Error(Code::corrupt, fmt::format("{}: the weights are damaged", path().string()),
                "make the image again: crayon activate");
  }
  return true;
}

std::string image_state(const formats::Bundle& bundle, const kernels::KernelSet& kernels) {
  try {
    const WeightPlan plan(bundle.info(), kernels.layout);
    const Image::Opened opened = Image(bundle, kernels.layout).open(plan);
    if (opened.memory) {
      return "fits";
    }
    return opened.why_not.empty() ? "none" : "not used: " + opened.why_not;
  } catch (const Error& error) {
    return fmt::format("not used: {}", error.what());
  }
}

std::vector<std::filesystem::path> verify_images(const formats::Bundle& bundle) {
  std::vector<std::filesystem::path> verified;
  for (const kernels::KernelSet* set : kernels::all()) {
    const Image image(bundle, set->layout);
    const bool seen = std::ranges::find(verified, image.path()) != verified.end();
    if (!seen && image.verify(WeightPlan(bundle.info(), set->layout))) {
      verified.push_back(image.path());
    }
  }
  return verified;
}

std::filesystem::path write_image(const formats::Bundle& bundle, const Compute& compute) {
  const kernels::Layout& layout = compute.kernels->layout;
  const WeightPlan plan =
      formats::in_file(bundle.path(), [&] { return WeightPlan(bundle.info(), layout); });
  const Image image(bundle, layout);
  image.write(plan, load_packed(bundle, plan, compute).span());
  return image.path();
}

std::vector<std::filesystem::path> remove_images(const std::filesystem::path& bundle) {
  std::vector<std::filesystem::path> removed;
  const std::string prefix = bundle.filename().string() + std::string(infix);
  const std::filesystem::path folder = bundle.has_parent_path() ? bundle.parent_path() : ".";
  for (const std::filesystem::path& file : list_folder(folder)) {
    if (file.filename().string().starts_with(prefix)) {
      remove_file(file);
      removed.push_back(bundle.has_parent_path() ? file : file.filename());
    }
  }
  return removed;
}

}  // namespace crayon::model
