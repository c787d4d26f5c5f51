#pragma once

#include <optional>
#include <string>

#include "base/system_files.h"

namespace crayon {

/// What a program's speed is a speed of, as far as the machine gives itself away.
enum class Beneath {
  hardware,         ///< no sign of anything else
  virtual_machine,  ///< a guest, and nothing says that its processor is not the host's own
  emulator          ///< instructions are translated: times say nothing about a real processor
};

struct Emulation {
  Beneath beneath = Beneath::hardware;
  std::string sign;  ///< what gave it away, in a few words; empty for hardware

  bool is_emulated() const { return beneath == Beneath::emulator; }
  bool is_virtual() const { return beneath == Beneath::virtual_machine; }
};

/// Looks for an emulator around this process (qemu-user), then for one around the whole machine
/// (QEMU without hardware virtualisation), then for a virtual machine.
Emulation read_emulation(const SystemFiles& files);

}  // namespace crayon
