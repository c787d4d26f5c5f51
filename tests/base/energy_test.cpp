#include <gtest/gtest.h>

#include <string>

#include "base/energy_meter.h"
#include "base/power_sources.h"
#include "tests/base/fake_machine.h"

namespace crayon {
namespace {

const std::string rapl = "sys/class/powercap/intel-rapl:0/";
const std::string chip = "sys/class/hwmon/hwmon2/";

class Energy : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    machine_.write(path, text + "\n");
  }
  std::string found() const { return find_power_sources(machine_.files()).text(); }
  double watts_now() const {
    const PowerSources sources = find_power_sources(machine_.files());
    double watts = 0;
    for (const PowerSource& source : sources.sources) {
      watts += source.read(machine_.files()).value();
    }
    return watts;
  }
  EnergyMeter meter() const { return EnergyMeter(machine_.files()); }
  void write_rapl(const std::string& zone, const std::string& name,
                  const std::string& microjoules) {
    write("sys/class/powercap/" + zone + "/name", name);
    write("sys/class/powercap/" + zone + "/energy_uj", microjoules);
    write("sys/class/powercap/" + zone + "/max_energy_range_uj", "10000000");
  }
  /// A channel of an INA3221: millivolts and milliamperes.
  void write_rail(int channel, const std::string& label, int millivolts, int milliamperes) {
    const std::string number = std::to_string(channel);
    write(chip + "name", "ina3221");
    write(chip + "in" + number + "_label", label);
    write(chip + "in" + number + "_input", std::to_string(millivolts));
    write(chip + "curr" + number + "_input", std::to_string(milliamperes));
  }
  test::FakeMachine machine_;
};

TEST_F(Energy, NothingToRead) {
  EnergyMeter nothing = meter();
  EXPECT_FALSE(nothing.source());
  nothing.read(0);
  nothing.read(1);
  EXPECT_FALSE(nothing.watts());
  EXPECT_FALSE(nothing.mean_watts());
}

TEST_F(Energy, AFanIsNoPowerSensor) {
  write(chip + "name", "rpi_volt");
  write(chip + "in0_lcrit_alarm", "0");
  write("sys/class/hwmon/hwmon3/name", "pwmfan");
  write("sys/class/hwmon/hwmon3/fan1_input", "3000");
  EXPECT_TRUE(find_power_sources(machine_.files()).sources.empty());
}

TEST_F(Energy, ACounterIsSubtracted) {
  write_rapl("intel-rapl:0", "package-0", "1000000");
  EnergyMeter counter = meter();
  EXPECT_EQ(counter.source(), "package-0 (the processor)");
  counter.read(10);
  EXPECT_FALSE(counter.watts()) << "one reading says nothing";
  write(rapl + "energy_uj", "4000000");
  counter.read(12);
  EXPECT_DOUBLE_EQ(counter.watts().value(), 1.5);
  write(rapl + "energy_uj", "4500000");
  counter.read(13);
  EXPECT_DOUBLE_EQ(counter.watts().value(), 0.5);
  EXPECT_DOUBLE_EQ(counter.mean_watts().value(), 3.5 / 3);
}

TEST_F(Energy, ACounterWrapsAroundAtItsRange) {
  write_rapl("intel-rapl:0", "package-0", "9000000");
  EnergyMeter counter = meter();
  counter.read(0);
  write(rapl + "energy_uj", "1000000");
  counter.read(1);
  EXPECT_DOUBLE_EQ(counter.watts().value(), 2);
}

TEST_F(Energy, ACounterOfUnknownRangeThatGoesBackLeavesATimeOut) {
  write(chip + "name", "some_counter");
  write(chip + "energy1_input", "9000000");
  EnergyMeter counter = meter();
  EXPECT_EQ(counter.source(), "energy1_input (some_counter)");
  counter.read(0);
  write(chip + "energy1_input", "1000000");
  counter.read(1);
  EXPECT_FALSE(counter.watts());
  EXPECT_FALSE(counter.mean_watts());
  write(chip + "energy1_input", "4000000");
  counter.read(2);
  EXPECT_DOUBLE_EQ(counter.mean_watts().value(), 3) << "over the second that is known";
}

TEST_F(Energy, AReadingThatFailsLeavesATimeOut) {
  write_rapl("intel-rapl:0", "package-0", "0");
  EnergyMeter counter = meter();
  counter.read(0);
  write(rapl + "energy_uj", "busy");
  counter.read(1);
  write(rapl + "energy_uj", "5000000");
  counter.read(2);
  EXPECT_FALSE(counter.watts());
  write(rapl + "energy_uj", "7000000");
  counter.read(3);
  EXPECT_DOUBLE_EQ(counter.mean_watts().value(), 2);
}

TEST_F(Energy, PackagesAreAddedAndTheirPartsAreNot) {
  write_rapl("intel-rapl:0", "package-0", "0");
  write_rapl("intel-rapl:0:0", "core", "0");
  write_rapl("intel-rapl:1", "package-1", "0");
  EXPECT_EQ(found(), "package-0 + package-1 (the processor)");
  write_rapl("intel-rapl:2", "psys", "0");
  EXPECT_EQ(found(), "psys (the platform)");
}

TEST_F(Energy, OfAJetsonTheRailThatAllHangOn) {
  write_rail(1, "VDD_IN", 5000, 1600);
  write_rail(2, "VDD_CPU_GPU_CV", 5000, 400);
  EXPECT_EQ(found(), "VDD_IN (the board's input)");
  EXPECT_DOUBLE_EQ(watts_now(), 8);
}

TEST_F(Energy, RailsWithoutAnInputAreAdded) {
  write_rail(1, "VDD_GPU_SOC", 20000, 200);
  write_rail(2, "VDD_CPU_CV", 20000, 50);
  EXPECT_EQ(found(), "VDD_GPU_SOC + VDD_CPU_CV (supply rails)");
  EXPECT_DOUBLE_EQ(watts_now(), 5);
}

TEST_F(Energy, AChipThatMultipliesItself) {
  write(chip + "name", "ina226");
  write(chip + "power1_input", "2500000");
  write(chip + "in1_input", "5000");
  write(chip + "curr1_input", "499");
  EXPECT_EQ(found(), "ina226 channel 1 (supply rails)");
  EXPECT_DOUBLE_EQ(watts_now(), 2.5);
}

TEST_F(Energy, PowerIsIntegratedByTrapeziums) {
  write(chip + "name", "ina226");
  write(chip + "power1_input", "2000000");
  EnergyMeter power = meter();
  power.read(0);
  write(chip + "power1_input", "4000000");
  power.read(3);
  EXPECT_DOUBLE_EQ(power.watts().value(), 3);
  power.read(4);
  EXPECT_DOUBLE_EQ(power.mean_watts().value(), 13.0 / 4);
}

TEST_F(Energy, SocketsAreCountedAndTheirCoresAreNot) {
  write(chip + "name", "amd_energy");
  write(chip + "energy1_label", "Ecore000");
  write(chip + "energy1_input", "5");
  write(chip + "energy2_label", "Esocket0");
  write(chip + "energy2_input", "50");
  EXPECT_EQ(found(), "Esocket0 (amd_energy)");
}

TEST_F(Energy, ABatteryThatFeedsTheMachine) {
  const std::string battery = "sys/class/power_supply/BAT0/";
  write(battery + "type", "Battery");
  write(battery + "status", "Charging");
  write(battery + "current_now", "-500000");
  write(battery + "voltage_now", "12000000");
  EXPECT_TRUE(find_power_sources(machine_.files()).sources.empty());
  write(battery + "status", "Discharging");
  EXPECT_EQ(found(), "BAT0 (the battery)");
  EXPECT_DOUBLE_EQ(watts_now(), 6);
  write(battery + "power_now", "7000000");
  EXPECT_DOUBLE_EQ(watts_now(), 7);
}

TEST_F(Energy, AnImpossiblePowerIsNone) {
  write(chip + "name", "ina226");
  write(chip + "power1_input", "9000000000000");
  EXPECT_TRUE(find_power_sources(machine_.files()).sources.empty());
}

}  // namespace
}  // namespace crayon
