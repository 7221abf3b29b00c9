// Element-wise, per-channel and optimizer kernels on FP32 arrays (owned by the Tensors and Layers targets).
//
// Each is compiled for AVX-512, AVX2 and the baseline and dispatched at load time. `rows` x `channels` arrays are
// row-major: an NHWC activation has N*H*W rows.
#pragma once
#include <stddef.h>

// y = max(x, 0), NaN stays NaN; y may be x.
void aq_relu_forward(size_t n, const float *x, float *y);
// dx = y <= 0 ? 0 : dy; dx may be dy.
void aq_relu_backward(size_t n, const float *y, const float *dy, float *dx);
// y = min(max(x, 0), 6), NaN stays NaN.
void aq_relu6_forward(size_t n, const float *x, float *y);
// dx = x <= 0 or x >= 6 ? 0 : dy.
void aq_relu6_backward(size_t n, const float *x, const float *dy, float *dx);
// y = x * relu6(x + 3) / 6.
void aq_hard_swish_forward(size_t n, const float *x, float *y);
// dx = dy * (0 below -3, 1 above 3, (2 x + 3) / 6 between).
void aq_hard_swish_backward(size_t n, const float *x, const float *dy, float *dx);
// y = min(max(slope * x + offset, 0), 1), NaN stays NaN.
void aq_hard_sigmoid_forward(size_t n, float slope, float offset, const float *x, float *y);
// dx = 0 < y < 1 ? slope * dy : 0; dx may be dy.
void aq_hard_sigmoid_backward(size_t n, float slope, const float *y, const float *dy, float *dx);
// y = min(max(x, low), high), NaN stays NaN.
void aq_clip_forward(size_t n, float low, float high, const float *x, float *y);
// dx = low < x < high ? dy : 0; dx may be dy.
void aq_clip_backward(size_t n, float low, float high, const float *x, const float *dy, float *dx);
// y = 1 / (1 + exp(-x)), within 3 units in the last place; NaN stays NaN.
void aq_sigmoid_forward(size_t n, const float *x, float *y);
// dx = y * (1 - y) * dy; dx may be dy.
void aq_sigmoid_backward(size_t n, const float *y, const float *dy, float *dx);
// y = exp(x - max) / sum of exp(x - max), per row of `width` > 0 values; the sum is in double.
void aq_softmax_forward(size_t rows, size_t width, const float *x, float *y);
// dx = y * (dy - sum of y * dy), per row; dx may be dy.
void aq_softmax_backward(size_t rows, size_t width, const float *y, const float *dy, float *dx);

// y = a + b, a - b, a * b, a / b; y may be a or b.
void aq_add(size_t n, const float *a, const float *b, float *y);
void aq_subtract(size_t n, const float *a, const float *b, float *y);
void aq_multiply(size_t n, const float *a, const float *b, float *y);
void aq_divide(size_t n, const float *a, const float *b, float *y);
// y = max(a + b, 0), NaN stays NaN.
void aq_add_relu(size_t n, const float *a, const float *b, float *y);
// y = scale * x + shift.
void aq_scale_shift(size_t n, float scale, float shift, const float *x, float *y);

// sum[c] += sum over rows of x[., c] - pivot[c]; sum_squares[c] += sum of its square (in double, blocked).
// A pivot near the mean keeps the variance from cancelling.
void aq_channel_sums(size_t rows, size_t channels, const float *x, const float *pivot, double *sum,
                     double *sum_squares);
// The map (x - pivot[c]) * scale[c] + shift[c].
typedef struct { const float *pivot, *scale, *shift; } aq_channel_map;
// y[., c] = map(x[., c]).
void aq_channel_affine(size_t rows, size_t channels, const float *x, const aq_channel_map *map, float *y);
// y = max(map(x), 0), NaN stays NaN: the bits of aq_channel_affine and aq_relu_forward in one pass.
void aq_channel_affine_relu(size_t rows, size_t channels, const float *x, const aq_channel_map *map, float *y);
// sum_dy[c] += sum of dy, sum_dy_x[c] += sum of dy * (x - pivot[c]) (in double, blocked).
void aq_channel_gradient_sums(size_t rows, size_t channels, const float *dy, const float *x, const float *pivot,
                              double *sum_dy, double *sum_dy_x);
// dx = slope[c] * dy + map(x); dx may be dy.
void aq_channel_combine(size_t rows, size_t channels, const float *dy, const float *x, const aq_channel_map *map,
                        const float *slope, float *dx);
// The two above with dy 0 where forward(x) <= 0: the adjoint of aq_channel_affine_relu without reading its output.
void aq_channel_gradient_sums_relu(size_t rows, size_t channels, const float *dy, const float *x,
                                   const aq_channel_map *forward, double *sum_dy, double *sum_dy_x);
// The maps of forward pass and adjoint share the pivot.
typedef struct { aq_channel_map forward, map; const float *slope; } aq_channel_adjoint;
void aq_channel_combine_relu(size_t rows, size_t channels, const float *dy, const float *x,
                             const aq_channel_adjoint *adjoint, float *dx);

// Stochastic gradient descent step (Sutskever et al. 2013, as PyTorch): g += decay * w; v = momentum * v + g;
// w -= rate * (nesterov ? g + momentum * v : v).
void aq_sgd_step(size_t n, float *w, const float *gradient, float *velocity, float rate, float momentum, float decay,
                 int nesterov);
// Adam step (Kingma and Ba 2015, algorithm 1) with bias corrections c1 = 1 - beta1^t, c2 = 1 - beta2^t.
typedef struct { float rate, beta1, beta2, epsilon, decay, correction1, correction2; } aq_adam_options;
void aq_adam_step(size_t n, float *w, const float *gradient, float *m, float *v, const aq_adam_options *options);

// Least and largest value, NaN left out; infinity and -infinity when there is none.
void aq_extremes(size_t n, const float *x, float *minimum, float *maximum);

// Makes the C library keep freed blocks for the next tensor instead of giving pages back and faulting them in again.
void aq_keep_freed_blocks(void);
