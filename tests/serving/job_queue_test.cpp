#include "serving/job_queue.h"

#include <atomic>
#include <string>
#include <thread>

#include "tests/support/support.h"

namespace crayon::serving {
namespace {

struct FakeClient final : transport::Responder {
  void reply(int, std::string_view, std::string) override {}
  void start(int, std::string_view) override {}
  bool write(std::string_view) override { return !left; }
  void finish() override {}
  bool gone() const override { return left; }
  std::atomic<bool> left = false;
};

/// A job that says its name when it runs.
Job job_of(std::shared_ptr<transport::Responder> client, const std::string& name) {
  return {.responder = std::move(client),
          .run = [name](transport::Responder& responder, const std::atomic<bool>&) {
            responder.reply(200, "", name);
          }};
}

struct Listener final : transport::Responder {
  void reply(int, std::string_view, std::string body) override { heard = body; }
  void start(int, std::string_view) override {}
  bool write(std::string_view) override { return true; }
  void finish() override {}
  bool gone() const override { return false; }
  std::string heard;
};

std::string name_of(const std::optional<Job>& job) {
  Listener listener;
  job->run(listener, false);
  return listener.heard;
}

std::shared_ptr<FakeClient> push(JobQueue& queue, const std::string& text, bool expected) {
  auto client = std::make_shared<FakeClient>();
  Job job = job_of(client, text);
  EXPECT_EQ(queue.push(job), expected) << text;
  return client;
}

TEST(JobQueue, ServesInOrderUpToItsLimit) {
  JobQueue queue(2);
  push(queue, "a", true);
  push(queue, "b", true);
  push(queue, "c", false);
  EXPECT_EQ(name_of(queue.pop()), "a");
  push(queue, "d", true);
  EXPECT_EQ(name_of(queue.pop()), "b");
  EXPECT_EQ(name_of(queue.pop()), "d");
}

TEST(JobQueue, WhoHasGoneMakesRoomAndIsNotServed) {
  JobQueue queue(2);
  const auto first = push(queue, "a", true);
  push(queue, "b", true);
  first->left = true;
  push(queue, "c", true);
  EXPECT_EQ(name_of(queue.pop()), "b");
  EXPECT_EQ(name_of(queue.pop()), "c");
  push(queue, "d", true)->left = true;
  push(queue, "e", true);
  EXPECT_EQ(name_of(queue.pop()), "e");
}

TEST(JobQueue, ALimitOfNoneServesWhoComesToAnIdleThread) {
  JobQueue queue(0);
  push(queue, "nobody waits for it", false);
  std::string served;
  std::thread worker([&] { served = name_of(queue.pop()); });
  auto client = std::make_shared<FakeClient>();
  Job job = job_of(client, "x");
  while (!queue.push(job)) {
    std::this_thread::yield();
  }
  worker.join();
  EXPECT_EQ(served, "x");
}

TEST(JobQueue, ClosingEndsTheWaitAndDropsTheRest) {
  JobQueue queue(4);
  const std::weak_ptr<FakeClient> client = push(queue, "a", true);
  queue.close();
  EXPECT_TRUE(client.expired());
  EXPECT_FALSE(queue.pop().has_value());
  push(queue, "b", false);
  JobQueue waiting(1);
  std::thread worker([&] { EXPECT_FALSE(waiting.pop().has_value()); });
  waiting.close();
  worker.join();
}

}  // namespace
}  // namespace crayon::serving
