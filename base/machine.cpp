#include "base/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string_view>

namespace crayon {
namespace {

constexpr std::size_t longest_name = 128;  // of what is printed

std::optional<std::string> first_text(const SystemFiles& files,
                                      std::initializer_list<const char*> paths) {
  for (const char* path : paths) {
    const std::optional<std::string> text = files.text(path);
    if (text && !text->empty()) {
      return printable(*text);
    }
  }
  return std::nullopt;
}

/// A number in thousandths of a degree, where it can be a temperature.
std::optional<double> celsius(const std::optional<std::int64_t>& thousandths) {
  if (!thousandths || *thousandths < -100'000 || *thousandths > 300'000) {
    return std::nullopt;
  }
  return static_cast<double>(*thousandths) / 1000;
}

/// Temperatures of all files folder/<entry that begins with prefix>/file.
void add_temperatures(const SystemFiles& files, const std::string& folder, std::string_view prefix,
                      const char* file, const char* name,
                      std::vector<std::pair<std::string, double>>& temperatures) {
  for (const std::string& entry : files.names(folder)) {
    const std::string base = folder + "/" + entry + "/";
    const auto degrees =
        entry.starts_with(prefix) ? celsius(files.signed_number(base + file)) : std::nullopt;
    if (degrees) {
      temperatures.emplace_back(printable(files.text(base + name).value_or(entry)), *degrees);
    }
  }
}

/// The flags of a Raspberry Pi's firmware: the lower ones are of now, those 16 bits above of some
/// time since the start.
std::string firmware_throttling(std::uint64_t flags) {
  constexpr const char* names[] = {"under-voltage", "clock capped", "throttled",
                                   "soft temperature limit"};
  std::string text;
  for (int bit = 0; bit < 4; ++bit) {
    const bool now = (flags >> bit & 1) != 0;
    if (now || (flags >> (bit + 16) & 1) != 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", names[bit], now ? "now" : "before");
    }
  }
  return text.empty() ? "no" : text;
}

/// What the kernel holds back to cool processors.
std::optional<std::string> cooling(const SystemFiles& files) {
  bool known = false;
  for (const std::string& entry : files.names("sys/class/thermal")) {
    const std::string base = "sys/class/thermal/" + entry + "/";
    const std::string type = files.text(base + "type").value_or("");
    const bool of_cpu = type.find("cpufreq") != std::string::npos || type == "Processor";
    const std::optional<std::uint64_t> state =
        of_cpu ? files.number(base + "cur_state") : std::nullopt;
    if (state && *state != 0) {
      return fmt::format("clock capped now ({})", printable(type));
    }
    known = known || state;
  }
  return known ? std::optional<std::string>("no") : std::nullopt;
}

/// Bytes of the line "name: N kB".
std::optional<std::uint64_t> kib_line(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t number = line.find_first_not_of(" \t", name.size());
    if (line.starts_with(name) && number != std::string::npos) {
      const std::optional<std::uint64_t> kib = parse_number(line.substr(number));
      return kib && *kib < std::uint64_t{1} << 50 ? std::optional(*kib * 1024) : std::nullopt;
    }
  }
  return std::nullopt;
}

/// The file in which a Raspberry Pi's firmware says what held it back; models call the chip's bus
/// "soc" or, with its address, "soc@107c000000". Hexadecimal digits without 0x.
std::optional<std::uint64_t> firmware_flags(const SystemFiles& files) {
  for (const std::string& bus : files.names("sys/devices/platform")) {
    if (bus == "soc" || bus.starts_with("soc@")) {
      const std::string path =
          fmt::format("sys/devices/platform/{0}/{0}:firmware/get_throttled", bus);
      if (const auto flags = parse_number("0x" + files.text(path).value_or(""))) {
        return flags;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::string printable(std::string text) {
  text.resize(std::min(text.size(), longest_name));
  std::ranges::replace_if(
      text, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
  return text;
}

std::optional<std::string> machine_model(const SystemFiles& files) {
  return first_text(files, {"proc/device-tree/model", "sys/firmware/devicetree/base/model",
                            "sys/class/dmi/id/product_name"});
}

Clock read_clock(const SystemFiles& files, std::uint32_t cpu) {
  const std::string folder = fmt::format("sys/devices/system/cpu/cpu{}/cpufreq/", cpu);
  const std::optional<std::string> governor = files.text(folder + "scaling_governor");
  return {governor && !governor->empty() ? std::optional(printable(*governor)) : std::nullopt,
          files.number(folder + "scaling_cur_freq"), files.number(folder + "cpuinfo_max_freq")};
}

std::optional<double> mean_khz(const SystemFiles& files, const std::vector<std::uint32_t>& cpus) {
  double sum = 0, told = 0;
  for (const std::uint32_t cpu : cpus) {
    if (const std::optional<std::uint64_t> khz = read_clock(files, cpu).now_khz) {
      sum += static_cast<double>(*khz);
      ++told;
    }
  }
  return told > 0 ? std::optional(sum / told) : std::nullopt;
}

std::vector<std::pair<std::string, double>> read_temperatures(const SystemFiles& files) {
  std::vector<std::pair<std::string, double>> temperatures;
  add_temperatures(files, "sys/class/thermal", "thermal_zone", "temp", "type", temperatures);
  if (temperatures.empty()) {
    add_temperatures(files, "sys/class/hwmon", "hwmon", "temp1_input", "name", temperatures);
  }
  return temperatures;
}

std::optional<double> hottest(const SystemFiles& files) {
  std::optional<double> highest;
  for (const auto& [zone, degrees] : read_temperatures(files)) {
    highest = std::max(highest.value_or(degrees), degrees);
  }
  return highest;
}

std::optional<std::string> throttling(const SystemFiles& files) {
  const std::optional<std::uint64_t> flags = firmware_flags(files);
  return flags ? firmware_throttling(*flags) : cooling(files);
}

bool is_throttled_now(std::string_view throttling) {
  return throttling.find(" now") != std::string_view::npos;
}

Memory read_memory(const SystemFiles& files) {
  const std::string text = files.text("proc/meminfo").value_or("");
  return {kib_line(text, "MemTotal:"), kib_line(text, "MemAvailable:")};
}

std::optional<std::string> huge_pages(const SystemFiles& files) {
  const std::string text = files.text("sys/kernel/mm/transparent_hugepage/enabled").value_or("");
  const std::size_t begin = text.find('[');
  const std::size_t end = text.find(']', begin == std::string::npos ? 0 : begin);
  return begin == std::string::npos || end == std::string::npos
             ? std::nullopt
             : std::optional(printable(text.substr(begin + 1, end - begin - 1)));
}

std::optional<CpuTicks> read_cpu_ticks(const SystemFiles& files) {
  std::istringstream text(files.text("proc/stat").value_or(""));
  std::string name;
  std::uint64_t user = 0, nice = 0, system = 0, idle = 0, io_wait = 0, irq = 0, soft_irq = 0;
  if (!(text >> name >> user >> nice >> system >> idle >> io_wait >> irq >> soft_irq) ||
      name != "cpu") {
    return std::nullopt;
  }
  return CpuTicks{user + nice + system + irq + soft_irq, idle + io_wait};
}

}  // namespace crayon
