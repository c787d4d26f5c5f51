// Matrices of floats: KernelSet::matmul_f32, matmul_f16, low_rank_down, low_rank_up.

template <typename W>
void matmul_float(const W* w, std::size_t inputs, std::size_t row_begin, std::size_t row_end,
                  const float* x, std::size_t x_stride, std::size_t tokens, const Output& output) {
  assert(row_begin <= row_end && x_stride >= inputs);
  dots(w, inputs, row_begin, row_end, x, x_stride, tokens, inputs,
       [&output](std::size_t t, std::size_t r, float sum) {
         float& y = output.y[t * output.stride + r];
         const float value = output.bias == nullptr ? sum : sum + output.bias[r];
         y = output.add ? y + value : value;
       });
}

void low_rank_down(const float* a, std::size_t rank, std::size_t inputs, const float* rank_scale,
                   const float* x, std::size_t x_stride, std::size_t tokens, float* z) {
  assert(x_stride >= inputs);
  dots(a, inputs, 0, rank, x, x_stride, tokens, inputs,
       [=](std::size_t t, std::size_t j, float sum) {
         z[t * rank + j] = rank_scale == nullptr ? sum : rank_scale[j] * sum;
       });
}

void low_rank_up(const float* b, std::size_t rank, std::size_t row_begin, std::size_t row_end,
                 const float* z, std::size_t tokens, float* y, std::size_t y_stride) {
  assert(row_begin <= row_end);
  dots(b, rank, row_begin, row_end, z, rank, tokens, rank,
       [=](std::size_t t, std::size_t r, float sum) { y[t * y_stride + r] += sum; });
}
