#include "base/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

namespace crayon {
namespace {

TEST(Interrupt, IsRememberedAndForgottenByTheNext) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Interrupt interrupt;
    EXPECT_FALSE(Interrupt::came());
    std::raise(signal);
    EXPECT_TRUE(Interrupt::came());
  }
}

TEST(InterruptDeathTest, ASecondOneEndsTheProgram) {
  EXPECT_EXIT(
      {
        const Interrupt interrupt;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace crayon
