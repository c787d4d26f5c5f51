#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/emulation.h"
#include "cli/output.h"
#include "kernels/kernel_set.h"

namespace crayon::cli {

// How `doctor` and `bench` word what a machine is; what is absent is "unknown", in JSON null.

template <typename T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

std::string text_of(const std::optional<std::string>& text);
std::string megahertz(const std::optional<std::uint64_t>& khz);
std::string percent_text(const std::optional<double>& share);
/// "48 C"
std::string degrees_text(const std::optional<double>& degrees);
/// A machine's model, and what else its speeds may be those of: "linux,dummy-virt (EMULATED: ...)",
/// "unknown (virtual machine: ...)".
std::string machine_text(const std::optional<std::string>& model, const Emulation& emulation);
/// A size as bytes_text() words it.
std::string bytes_text(const std::optional<std::uint64_t>& bytes);
/// "cpu-thermal 48 C, gpu 47 C"
std::string temperatures_text(const std::vector<std::pair<std::string, double>>& temperatures);
/// How a kernel set packs weights and activations, in a few words.
std::string layout_text(const kernels::Layout& layout);

}  // namespace crayon::cli
