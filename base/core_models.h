#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace crayon {

/// The model of each processor that the text of /proc/cpuinfo names: a core's name on ARM
/// ("Cortex-A76", or "ARM part 0xd99" for one that is not known), the model's on x86.
std::map<std::uint32_t, std::string> core_models(const std::string& cpuinfo);

}  // namespace crayon
