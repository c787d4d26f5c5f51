// Products of int8 and int4 matrices in every kernel set that runs here, with one token (GEMV) and
// with 512 (GEMM), beside the limit of each: the time to read as many bytes, and the time to
// multiply as often in registers, measured in turns with it.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <cstring>
#include <string>
#include <vector>

#include "bench/kernels/limits.h"
#include "kernels/kernel_set.h"

namespace crayon::bench {
namespace {

using namespace kernels;

/// Memory in huge pages, where the system gives them, as weights lie in.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : bytes_(round_up(bytes, 2u << 20)) {
    data_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(data_, bytes_, MADV_HUGEPAGE);
    std::memset(data_, 0, bytes_);
  }
  ~Memory() { munmap(data_, bytes_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  std::size_t bytes_;
  void* data_;
};

struct Shape {
  std::size_t rows, inputs;
};

/// A matrix, activations and what comes out. For one token it is there so often that no cache holds
/// it, in runs that take longer than a clock's call.
class Product {
 public:
  Product(const KernelSet& set, bool i4, Shape shape, std::size_t tokens)
      : set_(set),
        i4_(i4),
        shape_(shape),
        bytes_(round_up(i4 ? set.layout.i4.packed_bytes(shape.rows, shape.inputs)
                           : set.layout.i8.packed_bytes(shape.rows, shape.inputs),
                        64)),
        run_(tokens == 1 ? 1 + (4u << 20) / bytes_ : 1),
        runs_(tokens == 1 ? 1 + (128u << 20) / (run_ * bytes_) : 1),
        weights_(runs_ * run_ * bytes_),
        scale_(set.layout.i8.padded_rows(shape.rows) * sizeof(float)),
        inputs_(LayoutX::padded_inputs(shape.inputs)),
        x_(tokens * inputs_),
        x_scale_(tokens * sizeof(float)),
        x_sum_(tokens * sizeof(std::int32_t)),
        x_group_sum_(tokens * inputs_ / group_inputs * sizeof(std::int32_t)),
        y_(tokens * shape.rows * sizeof(float)),
        x_view_{tokens,
                inputs_,
                x_.as<std::int8_t>(),
                x_scale_.as<float>(),
                x_sum_.as<std::int32_t>(),
                x_group_sum_.as<std::int32_t>()} {}

  std::size_t run_bytes() const { return run_ * bytes_; }
  std::size_t run() const { return run_; }
  std::size_t runs() const { return runs_; }
  double products() const {
    return static_cast<double>(shape_.rows * shape_.inputs * x_view_.tokens);
  }

  void multiply_run(std::size_t run) {
    for (std::size_t i = 0; i < run_; ++i) {
      multiply(run * run_ + i);
    }
  }

 private:
  void multiply(std::size_t copy) {
    const Output output = {y_.as<float>(), shape_.rows};
    if (i4_) {
      const WeightsI4 w = {shape_.rows, shape_.inputs, weights_.as<std::uint8_t>() + copy * bytes_};
      set_.matmul_i4(w, 0, shape_.rows, x_view_, output);
    } else {
      const WeightsI8 w = {shape_.rows, shape_.inputs, weights_.as<std::int8_t>() + copy * bytes_,
                           scale_.as<float>()};
      set_.matmul_i8(w, 0, shape_.rows, x_view_, output);
    }
  }

  const KernelSet& set_;
  bool i4_;
  Shape shape_;
  std::size_t bytes_, run_, runs_;
  Memory weights_, scale_;
  std::size_t inputs_;
  Memory x_, x_scale_, x_sum_, x_group_sum_, y_;
  ActivationsI8 x_view_;
};

template <typename Function>
double seconds_of(Function f) {
  const double start = thread_seconds();
  f();
  return thread_seconds() - start;
}

void gemv(benchmark::State& state, const KernelSet& set, bool i4, Shape shape) {
  Product product(set, i4, shape, 1);
  const std::size_t bytes = product.run_bytes();
  const Memory other(product.runs() * bytes);
  double reading = 0, multiplying = 0;
  std::size_t run = 0;
  for (auto _ : state) {
    reading += seconds_of([&] { read_all({other.as<std::byte>() + run * bytes, bytes}); });
    const double took = seconds_of([&] { product.multiply_run(run); });
    multiplying += took;
    state.SetIterationTime(took / static_cast<double>(product.run()));
    run = (run + 1) % product.runs();
  }
  state.counters["GB/s"] = static_cast<double>(state.iterations() * bytes) / multiplying * 1e-9;
  state.counters["of_read"] = reading / multiplying;
}

void gemm(benchmark::State& state, const KernelSet& set, bool i4, Shape shape) {
  Product product(set, i4, shape, 512);
  double peak_seconds = 0, peak_products = 0, multiplying = 0;
  for (auto _ : state) {
    peak_seconds += seconds_of([&] { peak_products += multiply_in_registers(); });
    const double took = seconds_of([&] { product.multiply_run(0); });
    multiplying += took;
    state.SetIterationTime(took);
  }
  const double speed = product.products() * static_cast<double>(state.iterations()) / multiplying;
  state.counters["GMAC/s"] = speed * 1e-9;
  if (peak_products > 0) {
    state.counters["of_peak"] = speed * peak_seconds / peak_products;
  }
}

void quantize(benchmark::State& state, const KernelSet& set, std::size_t n) {
  const std::size_t tokens = set.layout.x.tokens_per_group, inputs = LayoutX::padded_inputs(n);
  std::vector<float> x(n, 1.0f), scale(tokens);
  Memory data(tokens * inputs);
  std::vector<std::int32_t> sum(tokens), group_sum(tokens * inputs / group_inputs);
  const ActivationsI8 out = {tokens,       inputs,     data.as<std::int8_t>(),
                             scale.data(), sum.data(), group_sum.data()};
  std::size_t token = 0;
  for (auto _ : state) {
    set.quantize_i8(x.data(), n, token, out);
    token = token + 1 == tokens ? 0 : token + 1;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * n));
}

void add_all() {
  for (const KernelSet* set : all()) {
    if (!runs_here(*set) || set == all().back()) {
      continue;  // scalar is there to be right
    }
    const std::string name(set->name);
    for (const bool i4 : {false, true}) {
      const std::string kind = i4 ? "_i4/" : "_i8/";
      const auto shape_name = [](Shape shape) {
        return "/" + std::to_string(shape.rows) + "x" + std::to_string(shape.inputs);
      };
      for (const Shape shape : {Shape{576, 576}, {1536, 576}, {8192, 2048}, {2048, 8192}}) {
        benchmark::RegisterBenchmark(("gemv" + kind + name + shape_name(shape)).c_str(), gemv, *set,
                                     i4, shape)
            ->UseManualTime();
      }
      for (const Shape shape :
           {Shape{576, 8}, {24, 576}, {576, 576}, {576, 1536}, {256, 2048}, {64, 8192}}) {
        benchmark::RegisterBenchmark(("gemm" + kind + name + shape_name(shape)).c_str(), gemm, *set,
                                     i4, shape)
            ->UseManualTime();
      }
    }
    for (const std::size_t n : {576, 2048}) {
      benchmark::RegisterBenchmark(("quantize/" + name + "/" + std::to_string(n)).c_str(), quantize,
                                   *set, n);
    }
  }
}

}  // namespace
}  // namespace crayon::bench

int main(int count, char** values) {
  crayon::bench::add_all();
  benchmark::Initialize(&count, values);
  if (benchmark::ReportUnrecognizedArguments(count, values)) {
    return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
