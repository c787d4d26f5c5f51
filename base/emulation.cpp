#include "base/emulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "base/machine.h"

namespace crayon {
namespace {

/// What the first line of /proc/cpuinfo with this name says.
std::string cpu_field(const std::string& cpuinfo, std::string_view name) {
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(": ");
    const std::size_t end = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
    if (colon != std::string::npos && end != std::string::npos && line.substr(0, end + 1) == name) {
      return line.substr(colon + 2);
    }
  }
  return {};
}

/// A program that runs this one. Emulators show their guest its own name in /proc/self/exe; what a
/// thread's entry names is the file that the kernel really runs.
std::optional<std::string> process_emulator(const SystemFiles& files) {
  const std::optional<std::string> shown = files.link("proc/self/exe");
  const std::vector<std::string> threads = files.names("proc/self/task");
  if (!shown || threads.empty()) {
    return std::nullopt;
  }
  const std::optional<std::string> real = files.link("proc/self/task/" + threads.front() + "/exe");
  return real && *real != *shown
             ? std::optional(printable(std::filesystem::path(*real).filename().string()))
             : std::nullopt;
}

/// A processor that only QEMU's translator makes: the x86 model and the implementer 0 that
/// `-cpu max` has there, and on ARM the translator's timer of 62.5 MHz, which Linux doubles to
/// "BogoMIPS". A hypervisor passes on the host's identity and timer, and no host's is that fast.
bool has_translated_processor(const std::string& cpuinfo) {
  return cpu_field(cpuinfo, "model name").starts_with("QEMU TCG CPU") ||
         cpu_field(cpuinfo, "CPU implementer") == "0x00" ||
         cpu_field(cpuinfo, "BogoMIPS") == "125.00";
}

/// What names a machine as QEMU's; empty when nothing does.
std::string qemu_machine(const SystemFiles& files) {
  std::string model = machine_model(files).value_or("");
  if (model == "linux,dummy-virt" || model.starts_with("QEMU ")) {
    return model;
  }
  return files.text("sys/class/dmi/id/sys_vendor") == "QEMU" ? "QEMU" : "";
}

/// What names a virtual machine of whatever kind; empty when nothing does.
std::string virtual_machine(const SystemFiles& files, const std::string& cpuinfo) {
  const std::string flags = " " + cpu_field(cpuinfo, "flags") + " ";
  if (flags.find(" hypervisor ") != std::string::npos) {
    return "the processor's hypervisor flag";
  }
  if (!files.names("proc/device-tree/hypervisor").empty()) {
    return "the device tree's hypervisor";
  }
  const std::string product = files.text("sys/class/dmi/id/product_name").value_or("");
  const auto names = {"Virtual Machine", "VMware", "VirtualBox"};
  return std::ranges::any_of(
             names, [&](const char* name) { return product.find(name) != std::string::npos; })
             ? printable(product)
             : "";
}

}  // namespace

Emulation read_emulation(const SystemFiles& files) {
  if (const std::optional<std::string> emulator = process_emulator(files)) {
    return {Beneath::emulator, "run by " + *emulator};
  }
  const std::string cpuinfo = files.text("proc/cpuinfo").value_or("");
  const std::string qemu = qemu_machine(files);
  if (!qemu.empty() && has_translated_processor(cpuinfo)) {
    return {Beneath::emulator, fmt::format("{} without hardware virtualisation", qemu)};
  }
  const std::string sign = qemu.empty() ? virtual_machine(files, cpuinfo) : qemu;
  return sign.empty() ? Emulation{} : Emulation{Beneath::virtual_machine, sign};
}

}  // namespace crayon
