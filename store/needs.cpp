#include "store/needs.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/machine.h"

namespace crayon::store {
namespace {

constexpr std::uint64_t kept_free = 1u << 20;

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1u << 20);
}

}  // namespace

Room room_of(const std::filesystem::path& root) {
  return {free_bytes(root), read_memory(SystemFiles()).available};
}

void check_room(const Needs& needs, std::uint64_t copied, const Room& room,
                const std::filesystem::path& root) {
  const std::uint64_t wanted = copied + needs.image + kept_free;
  if (room.disk < wanted) {
    throw Error(
        Code::no_space,
        fmt::format("{} has {:.1f} MiB free, and {:.1f} MiB are needed: bundles {:.1f}, "
                    "packed image {:.1f}",
                    root.string(), mebibytes(room.disk), mebibytes(wanted), mebibytes(copied),
                    mebibytes(needs.image)),
        "free some space; --move keeps no second copy of what lies on the same file system");
  }
  if (room.memory && *room.memory < needs.memory) {
    throw Error(Code::out_of_memory,
                fmt::format("{:.1f} MiB of memory are free, and the model takes {:.1f} MiB",
                            mebibytes(*room.memory), mebibytes(needs.memory)),
                "stop what uses memory, or install a smaller model or --context");
  }
}

}  // namespace crayon::store
