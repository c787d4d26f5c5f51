#include "base/cpu_topology.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "base/affinity.h"
#include "base/core_choice.h"
#include "base/core_models.h"
#include "base/thread_pool.h"
#include "tests/base/fake_machine.h"

namespace crayon {
namespace {

using Ids = std::vector<std::uint32_t>;

/// A machine with processors 0 to cpus - 1.
class FakeCores : public test::FakeMachine {
 public:
  explicit FakeCores(std::uint32_t cpus) : ids_(cpus) { std::iota(ids_.begin(), ids_.end(), 0); }

  void set(std::uint32_t cpu, const std::string& name, const std::string& text) {
    write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/" + name, text);
  }
  void set_all(const std::string& name, const std::vector<std::string>& texts) {
    for (std::uint32_t cpu = 0; cpu < texts.size(); ++cpu) {
      set(cpu, name, texts[cpu]);
    }
  }
  CpuTopology topology() const { return read_cpu_topology(files(), ids_); }
  CoreChoice choice() const { return choose_cores(topology()); }

 private:
  Ids ids_;
};

TEST(CoreChoice, TakesTheBigCoresOfABigLittleBoard) {
  FakeCores board(8);
  board.set_all("cpu_capacity", {"414\n", "414", "414", "414", "1024", "1024", "1008", "1008"});
  EXPECT_EQ(board.choice().cpus, (Ids{4, 5, 6, 7}));
  EXPECT_EQ(board.choice().reason, "the fastest: capacity 1024, others capacity 414 at most");
}

TEST(CoreChoice, MiddleCoresComputeBesideAPrimeCore) {
  FakeCores board(8);
  board.set_all("cpu_capacity", {"250", "250", "250", "250", "870", "870", "870", "1024"});
  EXPECT_EQ(board.choice().cpus, (Ids{4, 5, 6, 7}));
}

TEST(CoreChoice, GoesByTheClockWhereThereIsNoCapacity) {
  FakeCores board(4);
  board.set_all("cpufreq/cpuinfo_max_freq", {"1800000", "1800000", "2400000", "2256000"});
  EXPECT_EQ(board.topology().measure, CapacityMeasure::frequency);
  EXPECT_EQ(board.choice().cpus, (Ids{2, 3}));
  EXPECT_EQ(board.choice().reason, "the fastest: 2400 MHz, others 1800 MHz at most");
}

TEST(CoreChoice, CountsACoreWithTwoHardwareThreadsOnce) {
  FakeCores machine(4);
  machine.set_all("topology/thread_siblings_list", {"0,2", "1,3", "0,2", "1,3"});
  EXPECT_EQ(machine.choice().cpus, (Ids{0, 1}));
  EXPECT_NE(machine.choice().reason.find("hardware threads"), std::string::npos);
}

TEST(CoreChoice, TakesAllWhereNothingIsKnown) {
  const FakeCores machine(3);
  EXPECT_EQ(machine.topology().measure, CapacityMeasure::unknown);
  EXPECT_EQ(machine.choice().cpus, (Ids{0, 1, 2}));
}

TEST(CoreChoice, OddFilesAreAsGoodAsNone) {
  for (const std::string odd : {"", "fast", "-1", "0", "99999999999999999999999", "10x"}) {
    FakeCores machine(2);
    machine.set_all("cpu_capacity", {"1024", odd});
    machine.set(0, "cpufreq/cpuinfo_max_freq", odd);
    machine.set_all("topology/thread_siblings_list", {odd + "-", "0"});
    EXPECT_EQ(machine.topology().measure, CapacityMeasure::unknown) << odd;
    EXPECT_EQ(machine.choice().cpus, (Ids{0, 1})) << odd;
  }
}

TEST(CoreChoice, NoProcessorIsNoCore) {
  EXPECT_TRUE(choose_cores({}).cpus.empty());
  EXPECT_GE(default_threads(), 1u);
}

TEST(CpuList, RangesAndNumbers) {
  EXPECT_EQ(parse_cpu_list("0-2,7"), (Ids{0, 1, 2, 7}));
  EXPECT_EQ(parse_cpu_list("5"), (Ids{5}));
  for (const char* odd : {"", ",", "1,", "3-1", "0-", "a", "0 1", "4096", "0-4294967295", "-1"}) {
    EXPECT_TRUE(parse_cpu_list(odd).empty()) << odd;
  }
}

TEST(CoreModels, NamesArmCoresByTheirParts) {
  const auto models = core_models(
      "processor\t: 0\nBogoMIPS\t: 48.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd05\n\n"
      "processor\t: 4\nCPU implementer\t: 0x41\nCPU part\t: 0xd0b\n\n"
      "processor\t: 5\nCPU implementer\t: 0x41\nCPU part\t: 0xfff\n\nSerial\t: 0\n");
  EXPECT_EQ(models.at(0), "Cortex-A55");
  EXPECT_EQ(models.at(4), "Cortex-A76");
  EXPECT_EQ(models.at(5), "ARM part 0xfff");
}

TEST(CoreModels, TakesNothingFromGarbage) {
  EXPECT_TRUE(core_models("").empty());
  EXPECT_TRUE(core_models(":\n: :\nCPU part : 0xd05\nprocessor : x\nmodel name : y\n").empty());
  EXPECT_TRUE(core_models("processor : 99999\nmodel name : y\n").empty());
}

TEST(SystemFiles, ReadsOnlyRegularFilesOfModestSize) {
  FakeCores machine(1);
  machine.write("device", std::string("Board 5\0", 8));
  machine.write("large", std::string((std::size_t{1} << 20) + 8192, 'x'));
  ASSERT_EQ(::mkfifo(machine.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(machine.files().text("device"), "Board 5");
  EXPECT_FALSE(machine.files().text("large"));
  EXPECT_FALSE(machine.files().text("pipe"));
  EXPECT_FALSE(machine.files().text("none"));
  EXPECT_TRUE(machine.files().names("none").empty());
  machine.write("cold", "-5000\n");
  EXPECT_EQ(machine.files().signed_number("cold"), -5000);
  EXPECT_FALSE(machine.files().number("cold"));
}

TEST(Affinity, AWorkerRunsWhereItIsPinned) {
  const Ids before = allowed_cpus();
  ASSERT_FALSE(before.empty());
  const Ids last{before.back()};
  ThreadPool pool(2, last);
  const std::thread::id caller = std::this_thread::get_id();
  Ids worker;
  while (worker.empty()) {
    pool.parallel_for(2, 1, [&](std::size_t, std::size_t) {
      if (std::this_thread::get_id() != caller) {
        worker = allowed_cpus();
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // leave it something
      }
    });
  }
  EXPECT_EQ(worker, last);
  EXPECT_EQ(allowed_cpus(), before) << "a pool left its caller alone";
}

TEST(Affinity, TheSystemMayRefuse) {
  EXPECT_FALSE(pin_this_thread(Ids{}));
  EXPECT_FALSE(pin_this_thread(Ids{5000}));
  EXPECT_FALSE(allowed_cpus().empty());
}

}  // namespace
}  // namespace crayon
