// A caller's allocator gives all large memory, gets all of it back, and may have none.
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "tests/c_api/api.h"

namespace crayon::test {
namespace {

/// Counts what is out, and gives nothing from the `last`-th request on.
class Counting {
 public:
  explicit Counting(std::size_t last = ~std::size_t{0}) : last_(last) {}
  ~Counting() { EXPECT_TRUE(out_.empty()) << out_.size() << " pieces did not come back"; }

  crayon_allocator allocator() {
    return {this,
            [](void* user, std::size_t bytes, std::size_t alignment) {
              return static_cast<Counting*>(user)->allocate(bytes, alignment);
            },
            [](void* user, void* memory, std::size_t bytes) {
              static_cast<Counting*>(user)->release(memory, bytes);
            }};
  }
  std::size_t bytes() const { return bytes_; }
  std::size_t requests() const { return requests_; }

 private:
  void* allocate(std::size_t bytes, std::size_t alignment) {
    const std::lock_guard lock(mutex_);
    if (requests_++ >= last_) {
      return nullptr;
    }
    void* const memory =
        std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % alignment, 0u);
    out_[memory] = bytes;
    bytes_ += bytes;
    return memory;
  }

  void release(void* memory, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(out_.at(memory), bytes);
    out_.erase(memory);
    bytes_ -= bytes;
    std::free(memory);
  }

  std::mutex mutex_;
  std::size_t last_;
  std::size_t requests_ = 0;
  std::size_t bytes_ = 0;
  std::map<void*, std::size_t> out_;
};

/// Loads the example model, with a pool and an assistant, and asks. Returns the first code that is
/// not ok.
crayon_code answer(Counting& memory, std::size_t* loaded = nullptr) {
  auto options = sized<crayon_runtime_options>();
  options.allocator = memory.allocator();
  crayon_runtime* runtime = nullptr;
  crayon_model* model = nullptr;
  crayon_pool* pool = nullptr;
  crayon_assistant* assistant = nullptr;
  crayon_code code = crayon_runtime_open(&options, &runtime, nullptr);
  const auto then = [&code](auto call) {
    if (code == CRAYON_OK) {
      code = call();
    }
  };
  then([&] {
    return crayon_model_open(runtime, example("models/device.crayon").c_str(), nullptr, &model,
                             nullptr);
  });
  if (loaded != nullptr) {
    *loaded = memory.bytes();
  }
  then(
      [&] { return crayon_pool_open(model, example("pool/pool.crayon").c_str(), &pool, nullptr); });
  then([&] {
    auto with_pool = sized<crayon_assistant_options>();
    with_pool.pool = pool;
    with_pool.context = 256;
    return crayon_assistant_open(model, &with_pool, &assistant, nullptr);
  });
  then([&] {
    const crayon_turn turn{"user", "What is the pressure?"};
    return crayon_assistant_ask(assistant, &turn, 1, nullptr, nullptr, nullptr, nullptr, nullptr,
                                nullptr);
  });
  EXPECT_WELL(crayon_assistant_close(assistant));
  EXPECT_WELL(crayon_pool_close(pool));
  EXPECT_WELL(crayon_model_close(model));
  EXPECT_WELL(crayon_runtime_close(runtime));
  return code;
}

TEST(Memory, TheWeightsAreTheAllocators) {
  Counting memory;
  std::size_t loaded = 0;
  EXPECT_WELL(answer(memory, &loaded));
  EXPECT_EQ(memory.bytes(), 0u);

  crayon_runtime* runtime = nullptr;
  EXPECT_WELL(crayon_runtime_open(nullptr, &runtime, nullptr));
  auto estimate = sized<crayon_memory>();
  EXPECT_WELL(crayon_estimate_memory(runtime, example("models/device.crayon").c_str(), nullptr,
                                     &estimate, nullptr));
  EXPECT_WELL(crayon_runtime_close(runtime));
  EXPECT_GE(loaded, estimate.weights * 95 / 100);
  EXPECT_LE(loaded, estimate.weights * 105 / 100);
}

TEST(Memory, EveryAllocationMayFail) {
  Counting all;
  EXPECT_WELL(answer(all));
  // All of the first ones, and then some: each failure loads the model anew.
  for (std::size_t last = 0; last < all.requests(); last += last < 8 ? 1 : 5) {
    Counting some(last);
    EXPECT_EQ(answer(some), CRAYON_OUT_OF_MEMORY) << "at request " << last;
  }
}

TEST(Memory, EstimatesFollowTheOptions) {
  crayon_runtime* runtime = nullptr;
  EXPECT_WELL(crayon_runtime_open(nullptr, &runtime, nullptr));
  const auto kv_bytes = [&](std::int32_t kv, std::uint32_t context) {
    auto options = sized<crayon_session_options>();
    options.kv = kv;
    options.context = context;
    auto memory = sized<crayon_memory>();
    EXPECT_WELL(crayon_estimate_memory(runtime, example("models/device.crayon").c_str(), &options,
                                       &memory, nullptr));
    return memory.kv_cache;
  };
  EXPECT_EQ(kv_bytes(CRAYON_KV_F32, 256), 2 * kv_bytes(CRAYON_KV_F16, 256));
  EXPECT_LT(kv_bytes(CRAYON_KV_I8, 256), kv_bytes(CRAYON_KV_F16, 256));
  EXPECT_EQ(kv_bytes(CRAYON_KV_DEFAULT, 256), kv_bytes(CRAYON_KV_F16, 256));
  EXPECT_EQ(kv_bytes(CRAYON_KV_F16, 512), 2 * kv_bytes(CRAYON_KV_F16, 256));
  EXPECT_WELL(crayon_runtime_close(runtime));
}

TEST(Memory, HalfAnAllocatorIsNone) {
  auto options = sized<crayon_runtime_options>();
  options.allocator.allocate = [](void*, std::size_t, std::size_t) -> void* { return nullptr; };
  crayon_runtime* runtime = nullptr;
  EXPECT_EQ(crayon_runtime_open(&options, &runtime, nullptr), CRAYON_BAD_ARGUMENT);
  EXPECT_EQ(runtime, nullptr);
}

}  // namespace
}  // namespace crayon::test
