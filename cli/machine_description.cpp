#include "cli/machine_description.h"

#include <fmt/format.h>

namespace crayon::cli {

std::string text_of(const std::optional<std::string>& text) {
  return text.value_or("unknown");
}

std::string megahertz(const std::optional<std::uint64_t>& khz) {
  return khz ? fmt::format("{} MHz", *khz / 1000) : "unknown";
}

std::string percent_text(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f} %", 100 * *share) : "unknown";
}

std::string degrees_text(const std::optional<double>& degrees) {
  return degrees ? fmt::format("{:.0f} C", *degrees) : "unknown";
}

std::string machine_text(const std::optional<std::string>& model, const Emulation& emulation) {
  switch (emulation.beneath) {
    case Beneath::emulator:
      return fmt::format("{} (EMULATED: {}; its speeds are no processor's)", text_of(model),
                         emulation.sign);
    case Beneath::virtual_machine:
      return fmt::format("{} (virtual machine: {})", text_of(model), emulation.sign);
    case Beneath::hardware:
      break;
  }
  return text_of(model);
}

std::string bytes_text(const std::optional<std::uint64_t>& bytes) {
  return bytes ? bytes_text(*bytes) : "unknown";
}

std::string temperatures_text(const std::vector<std::pair<std::string, double>>& temperatures) {
  std::string text;
  for (const auto& [zone, degrees] : temperatures) {
    text += fmt::format("{}{} {:.0f} C", text.empty() ? "" : ", ", zone, degrees);
  }
  return text.empty() ? "temperature unknown" : text;
}

std::string layout_text(const kernels::Layout& layout) {
  return fmt::format("int8 {} rows x {} inputs side by side, int4 {} x {}, {} tokens together",
                     layout.i8.rows_per_block, layout.i8.inputs_per_group, layout.i4.rows_per_block,
                     layout.i4.inputs_per_group, layout.x.tokens_per_group);
}

}  // namespace crayon::cli
