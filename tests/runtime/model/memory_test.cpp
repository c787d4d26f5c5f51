// Memory as the allocator sees it: this program replaces operator new.

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "runtime/model/batch.h"
#include "tests/runtime/model/tiny_model.h"

namespace {

std::atomic<std::size_t> aligned_bytes;  // asked for with an alignment, so far
std::atomic<std::size_t> live_bytes;     // held now, by new of any kind
std::atomic<std::size_t> peak_bytes;

void* counted(void* memory) {
  const std::size_t live = live_bytes += malloc_usable_size(memory);
  std::size_t peak = peak_bytes;
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return memory;
}

// Not inlined, or GCC takes the free() within `delete` for a mistake.
[[gnu::noinline]] void release(void* memory) {
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  void* memory = std::malloc(std::max<std::size_t>(size, 1));
  return memory == nullptr ? throw std::bad_alloc() : counted(memory);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  const auto unit = static_cast<std::size_t>(alignment);
  aligned_bytes += size;
  return counted(std::aligned_alloc(unit, (size + unit) / unit * unit));
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  release(memory);
}

namespace crayon::model {
namespace {

using formats::Dtype;

class Memory : public testing::TestWithParam<Dtype> {};

TEST_P(Memory, EstimateIsWhatIsAllocated) {
  const test::Packed packed(test::random_source(test::tiny_config(), 41), GetParam());
  ThreadPool pool(1);
  for (const kernels::KernelSet* set : kernels::all()) {
    if (!kernels::runs_here(*set)) {
      continue;
    }
    for (const KvDtype kv : {KvDtype::f16, KvDtype::f32, KvDtype::i8}) {
      for (const std::uint32_t context : {5u, 200u}) {
        const MemoryEstimate estimate = Model::estimate(packed.bundle.info(), *set, context, kv);
        std::size_t before = aligned_bytes;
        const auto model = packed.load(pool, *set);
        EXPECT_EQ(aligned_bytes - before, estimate.weights) << set->name;
        before = aligned_bytes;
        Session session(*model, context, kv);
        EXPECT_EQ(aligned_bytes - before, estimate.kv_cache + estimate.scratch) << set->name;

        const std::vector<Token> tokens(context, 1);
        std::vector<float> logits(model->config().vocab_size);
        const std::size_t held = live_bytes;
        peak_bytes = held;
        model->forward(session, tokens, Logits::last, logits);
        EXPECT_EQ(peak_bytes, held) << "forward() allocates";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, Memory, testing::Values(Dtype::f32, Dtype::f16, Dtype::i8, Dtype::i4),
                         [](const auto& value) { return std::string(dtype_name(value.param)); });

TEST(Batches, AllocateTheirScratchAndThenNothing) {
  const test::Packed packed(test::random_source(test::tiny_config(), 43), Dtype::i8);
  ThreadPool pool(1);
  const auto model = packed.load(pool);
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<Batch::Sequence> sequences;
  const std::vector<Token> tokens(5, 1);
  for (int n = 0; n < 4; ++n) {
    sessions.push_back(std::make_unique<Session>(*model, 16, KvDtype::f16));
    sequences.push_back({sessions.back().get(), tokens});
  }
  std::vector<float> logits(sequences.size() * model->config().vocab_size);
  Batch batch(*model);
  batch.forward(sequences, logits);
  const std::size_t held = live_bytes;
  peak_bytes = held;
  batch.forward(sequences, logits);
  EXPECT_EQ(peak_bytes, held);
}

TEST(Load, TakesAFewFramesBesidesTheWeights) {
  formats::ModelConfig config = test::tiny_config();
  config.layers = 1;
  config.dim = config.hidden_dim = 1024;
  config.heads = config.kv_heads = 16;
  config.head_dim = 64;
  const test::Packed packed(test::random_source(config, 42), Dtype::i8);
  ThreadPool pool(1);
  const std::size_t before = live_bytes;
  peak_bytes = before;
  const auto model = packed.load(pool);
  constexpr std::size_t frame = std::size_t{1} << 20;
  EXPECT_GT(live_bytes - before, 7 * frame);
  EXPECT_LT(peak_bytes - live_bytes, 4 * frame);
}

}  // namespace
}  // namespace crayon::model
