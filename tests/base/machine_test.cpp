#include "base/machine.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/base/fake_machine.h"

namespace crayon {
namespace {

constexpr const char* throttled = "sys/devices/platform/soc/soc:firmware/get_throttled";

class Machine : public testing::Test {
 protected:
  SystemFiles files() const { return machine_.files(); }
  test::FakeMachine machine_;
};

TEST_F(Machine, ABoardSaysWhatItIs) {
  machine_.write("proc/device-tree/model", std::string("Raspberry Pi 5 Model B\0", 23));
  machine_.write("sys/class/dmi/id/product_name", "something else\n");
  EXPECT_EQ(machine_model(files()), "Raspberry Pi 5 Model B");
}

TEST_F(Machine, NamesCannotDriveATerminal) {
  machine_.write("proc/device-tree/model", "evil\x1b[2J" + std::string(1000, 'x'));
  const std::string model = machine_model(files()).value();
  EXPECT_EQ(model.substr(0, 8), "evil?[2J");
  EXPECT_LE(model.size(), 128u);
}

TEST_F(Machine, ClocksAndGovernor) {
  machine_.write("sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "ondemand\n");
  machine_.write("sys/devices/system/cpu/cpu3/cpufreq/scaling_cur_freq", "1500000\n");
  machine_.write("sys/devices/system/cpu/cpu3/cpufreq/cpuinfo_max_freq", "<unknown>\n");
  const Clock clock = read_clock(files(), 3);
  EXPECT_EQ(clock.governor, "ondemand");
  EXPECT_EQ(clock.now_khz, 1500000u);
  EXPECT_FALSE(clock.max_khz);
}

TEST_F(Machine, TemperaturesOfZonesThatSaySomething) {
  machine_.write("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n");
  machine_.write("sys/class/thermal/thermal_zone0/temp", "48250\n");
  machine_.write("sys/class/thermal/thermal_zone1/temp", "99999999\n");  // no temperature
  machine_.write("sys/class/thermal/thermal_zone2/temp", "-3000\n");
  const auto temperatures = read_temperatures(files());
  ASSERT_EQ(temperatures.size(), 2u);
  EXPECT_EQ(temperatures[0].first, "cpu-thermal");
  EXPECT_DOUBLE_EQ(temperatures[0].second, 48.25);
  EXPECT_EQ(temperatures[1].first, "thermal_zone2");
  EXPECT_DOUBLE_EQ(hottest(files()).value(), 48.25);
}

TEST_F(Machine, SensorsWhereThereAreNoZones) {
  machine_.write("sys/class/hwmon/hwmon0/name", "k10temp\n");
  machine_.write("sys/class/hwmon/hwmon0/temp1_input", "51000\n");
  EXPECT_DOUBLE_EQ(hottest(files()).value(), 51);
}

TEST_F(Machine, ThrottlingOfARaspberryPi) {
  machine_.write(throttled, "50005\n");
  EXPECT_EQ(throttling(files()), "under-voltage now, throttled now");
  machine_.write(throttled, "20000\n");
  EXPECT_EQ(throttling(files()), "clock capped before");
  machine_.write(throttled, "0\n");
  EXPECT_EQ(throttling(files()), "no");
}

TEST_F(Machine, ThrottlingOfARaspberryPiWhoseBusHasAnAddress) {
  machine_.write("sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled",
                 "4\n");
  EXPECT_EQ(throttling(files()), "throttled now");
  EXPECT_TRUE(is_throttled_now("throttled now"));
  EXPECT_FALSE(is_throttled_now("throttled before"));
  EXPECT_FALSE(is_throttled_now("no"));
}

TEST_F(Machine, MeanClockOfThoseThatTellTheirs) {
  const auto clock = [&](int cpu, const char* khz) {
    machine_.write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq/scaling_cur_freq",
                   khz);
  };
  clock(0, "600000\n");
  clock(2, "1800000\n");
  clock(3, "2400000\n");
  EXPECT_DOUBLE_EQ(mean_khz(files(), {1, 2, 3}).value(), 2100000);
  EXPECT_FALSE(mean_khz(files(), {1}));
}

TEST_F(Machine, ThrottlingByTheKernel) {
  machine_.write("sys/class/thermal/cooling_device0/type", "pwm-fan\n");
  machine_.write("sys/class/thermal/cooling_device0/cur_state", "3\n");
  EXPECT_FALSE(throttling(files())) << "a fan does not slow anything down";
  machine_.write("sys/class/thermal/cooling_device1/type", "cpufreq-cpu0\n");
  machine_.write("sys/class/thermal/cooling_device1/cur_state", "0\n");
  EXPECT_EQ(throttling(files()), "no");
  machine_.write("sys/class/thermal/cooling_device1/cur_state", "2\n");
  EXPECT_EQ(throttling(files()), "clock capped now (cpufreq-cpu0)");
}

TEST_F(Machine, Memory) {
  machine_.write("proc/meminfo", "MemTotal:  8000 kB\nMemFree: 1 kB\nMemAvailable:  4000 kB\n");
  EXPECT_EQ(read_memory(files()).total, 8000u * 1024);
  EXPECT_EQ(read_memory(files()).available, 4000u * 1024);
  machine_.write("proc/meminfo", "MemTotal:\nMemAvailable: 99999999999999999 kB\n");
  EXPECT_FALSE(read_memory(files()).total);
  EXPECT_FALSE(read_memory(files()).available);
}

TEST_F(Machine, HugePages) {
  machine_.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  EXPECT_EQ(huge_pages(files()), "madvise");
  machine_.write("sys/kernel/mm/transparent_hugepage/enabled", "]always[\n");
  EXPECT_FALSE(huge_pages(files()));
}

TEST_F(Machine, Ticks) {
  machine_.write("proc/stat", "cpu  10 2 3 100 5 1 1 7\ncpu0 1 2 3\n");
  const CpuTicks ticks = read_cpu_ticks(files()).value();
  EXPECT_EQ(ticks.busy, 17u);
  EXPECT_EQ(ticks.idle, 105u);
  machine_.write("proc/stat", "cpu  10 x\n");
  EXPECT_FALSE(read_cpu_ticks(files()));
}

TEST_F(Machine, NothingIsKnownOfAnEmptyOne) {
  EXPECT_FALSE(machine_model(files()));
  EXPECT_FALSE(read_clock(files(), 0).governor);
  EXPECT_TRUE(read_temperatures(files()).empty());
  EXPECT_FALSE(hottest(files()));
  EXPECT_FALSE(throttling(files()));
  EXPECT_FALSE(read_memory(files()).total);
  EXPECT_FALSE(huge_pages(files()));
  EXPECT_FALSE(read_cpu_ticks(files()));
}

}  // namespace
}  // namespace crayon
