#include "base/emulation.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/base/fake_machine.h"

namespace crayon {
namespace {

class Emulated : public testing::Test {
 protected:
  Emulation read() const { return read_emulation(machine_.files()); }
  void device_tree(const std::string& model) {
    machine_.write("proc/device-tree/model", model + std::string(1, '\0'));
  }
  void cpuinfo(const std::string& text) { machine_.write("proc/cpuinfo", text); }
  test::FakeMachine machine_;
};

TEST_F(Emulated, NothingIsSuspectedWithoutASign) {
  EXPECT_EQ(read().beneath, Beneath::hardware);
  device_tree("Raspberry Pi 4 Model B Rev 1.4");
  cpuinfo("processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\n");
  machine_.link("proc/self/exe", "/usr/bin/crayon");
  machine_.link("proc/self/task/7/exe", "/usr/bin/crayon");
  EXPECT_EQ(read().beneath, Beneath::hardware);
  EXPECT_EQ(read().sign, "");
}

TEST_F(Emulated, AProgramThatRunsThisOneShowsInTheThreadsEntry) {
  machine_.link("proc/self/exe", "/home/me/crayon");
  machine_.link("proc/self/task/7/exe", "/usr/bin/qemu-aarch64");
  EXPECT_TRUE(read().is_emulated());
  EXPECT_EQ(read().sign, "run by qemu-aarch64");
}

TEST_F(Emulated, QemusMachineWithATranslatedProcessor) {
  device_tree("linux,dummy-virt");
  cpuinfo("processor\t: 0\nBogoMIPS\t: 125.00\nCPU implementer\t: 0x41\n");
  EXPECT_TRUE(read().is_emulated());
  cpuinfo("processor\t: 0\nBogoMIPS\t: 2000.00\nCPU implementer\t: 0x00\n");
  EXPECT_TRUE(read().is_emulated()) << "-cpu max";
}

TEST_F(Emulated, QemusMachineUnderAHypervisorIsVirtual) {
  device_tree("linux,dummy-virt");
  cpuinfo("processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\n");
  EXPECT_FALSE(read().is_emulated());
  EXPECT_TRUE(read().is_virtual());
  EXPECT_EQ(read().sign, "linux,dummy-virt");
}

TEST_F(Emulated, QemuByItsFirmware) {
  machine_.write("sys/class/dmi/id/sys_vendor", "QEMU\n");
  machine_.write("sys/class/dmi/id/product_name", "Standard PC (i440FX + PIIX, 1996)\n");
  cpuinfo("model name\t: QEMU TCG CPU version 2.5+\nflags\t\t: fpu hypervisor\n");
  EXPECT_TRUE(read().is_emulated());
  cpuinfo("model name\t: AMD EPYC\nflags\t\t: fpu hypervisor\n");
  EXPECT_TRUE(read().is_virtual());
}

TEST_F(Emulated, ATimerAloneIsNoSign) {
  device_tree("Some Board");
  cpuinfo("processor\t: 0\nBogoMIPS\t: 125.00\nCPU implementer\t: 0x41\n");
  EXPECT_EQ(read().beneath, Beneath::hardware);
}

TEST_F(Emulated, OtherVirtualMachines) {
  cpuinfo("model name\t: AMD EPYC\nflags\t\t: fpu vme hypervisor lahf_lm\n");
  EXPECT_TRUE(read().is_virtual());
  cpuinfo("model name\t: AMD EPYC\nflags\t\t: fpu vme hypervisors\n");
  EXPECT_FALSE(read().is_virtual());
  machine_.write("sys/class/dmi/id/product_name", "Virtual Machine\n");
  EXPECT_TRUE(read().is_virtual());
}

TEST_F(Emulated, AnotherProgramsNameCannotDriveATerminal) {
  machine_.link("proc/self/exe", "/crayon");
  machine_.link("proc/self/task/7/exe", "/bin/e\x1b[2J");
  EXPECT_EQ(read().sign, "run by e?[2J");
}

}  // namespace
}  // namespace crayon
