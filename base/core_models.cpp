#include "base/core_models.h"

#include <fmt/format.h>

#include <optional>
#include <sstream>

#include "base/system_files.h"

namespace crayon {
namespace {

struct Part {
  std::uint32_t implementer;
  std::uint32_t number;
  const char* name;
};

// "Implementer" and "PartNum" of MIDR_EL1, as the manuals of the cores give them.
constexpr Part parts[] = {
    {0x41, 0xd03, "Cortex-A53"},    {0x41, 0xd04, "Cortex-A35"},    {0x41, 0xd05, "Cortex-A55"},
    {0x41, 0xd07, "Cortex-A57"},    {0x41, 0xd08, "Cortex-A72"},    {0x41, 0xd09, "Cortex-A73"},
    {0x41, 0xd0a, "Cortex-A75"},    {0x41, 0xd0b, "Cortex-A76"},    {0x41, 0xd0c, "Neoverse-N1"},
    {0x41, 0xd0d, "Cortex-A77"},    {0x41, 0xd0e, "Cortex-A76AE"},  {0x41, 0xd40, "Neoverse-V1"},
    {0x41, 0xd41, "Cortex-A78"},    {0x41, 0xd42, "Cortex-A78AE"},  {0x41, 0xd44, "Cortex-X1"},
    {0x41, 0xd46, "Cortex-A510"},   {0x41, 0xd47, "Cortex-A710"},   {0x41, 0xd48, "Cortex-X2"},
    {0x41, 0xd49, "Neoverse-N2"},   {0x41, 0xd4b, "Cortex-A78C"},   {0x41, 0xd4d, "Cortex-A715"},
    {0x41, 0xd4e, "Cortex-X3"},     {0x41, 0xd4f, "Neoverse-V2"},   {0x41, 0xd80, "Cortex-A520"},
    {0x41, 0xd81, "Cortex-A720"},   {0x41, 0xd82, "Cortex-X4"},     {0x41, 0xd85, "Cortex-X925"},
    {0x41, 0xd87, "Cortex-A725"},   {0x4e, 0x004, "Carmel"},        {0x51, 0x001, "Oryon"},
    {0x61, 0x022, "Icestorm (M1)"}, {0x61, 0x023, "Firestorm (M1)"}};

std::string part_name(std::uint64_t implementer, std::uint64_t number) {
  for (const Part& part : parts) {
    if (part.implementer == implementer && part.number == number) {
      return part.name;
    }
  }
  return fmt::format("{} part {:#x}", implementer == 0x41 ? "ARM" : "unknown", number);
}

/// What stands behind the colon of a line, and in front of it.
struct Field {
  std::string name, value;
};

Field split(const std::string& line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos) {
    return {};
  }
  const std::size_t name_end = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
  const std::size_t value = line.find_first_not_of(" \t", colon + 1);
  return {line.substr(0, name_end == std::string::npos ? 0 : name_end + 1),
          value == std::string::npos ? std::string() : line.substr(value)};
}

}  // namespace

std::map<std::uint32_t, std::string> core_models(const std::string& cpuinfo) {
  std::map<std::uint32_t, std::string> models;
  std::optional<std::uint32_t> id;
  std::uint64_t implementer = 0;
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    const Field field = split(line);
    if (field.name == "processor") {
      const std::optional<std::uint64_t> number = parse_number(field.value);
      id = number && *number < 4096 ? std::optional(static_cast<std::uint32_t>(*number))
                                    : std::nullopt;
    } else if (field.name == "CPU implementer") {
      implementer = parse_number(field.value).value_or(0);
    } else if (field.name == "CPU part" && id) {
      if (const std::optional<std::uint64_t> number = parse_number(field.value)) {
        models[*id] = part_name(implementer, *number);
      }
    } else if (field.name == "model name" && id) {
      models.emplace(*id, field.value.substr(0, 64));
    }
  }
  return models;
}

}  // namespace crayon
