#include "base/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "base/system_files.h"

namespace crayon {

double monotonic_seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

std::uint64_t peak_rss_bytes() {
  // The rusage of a program goes on from that of the one which started it; this does not.
  const std::string status = SystemFiles().text("proc/self/status").value_or("");
  const std::size_t line = status.find("VmHWM:");
  unsigned long long kib = 0;
  if (line != std::string::npos && std::sscanf(status.c_str() + line, "VmHWM: %llu", &kib) == 1) {
    return kib * 1024;
  }
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB
}

std::uint64_t rss_bytes() {
  // Pages, in /proc/self/statm: the whole program's, then the resident ones.
  const std::string text = SystemFiles().text("proc/self/statm").value_or("");
  unsigned long long resident = 0;
  if (std::sscanf(text.c_str(), "%*u %llu", &resident) != 1) {
    return 0;
  }
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double process_cpu_seconds() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const ::timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace crayon
