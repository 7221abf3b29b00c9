// Integer inference kernels (owned by the Inference target).
//
// Activations are u8 codes [H, W, C] of one image, weights s8 in panels, sums int32. All sums are taken modulo 2^32, so only
// the final accumulator has to fit 32 bits; the engine derives that bound from the code ranges when it is built.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "aq_fixed_point.h"
#include "aq_isa.h"

// Channels of a weight panel, and consecutive k of one channel in it: weights are [panel][k / 4][16 channels][4 k].
enum { AQ_PANEL = 16, AQ_PANEL_K = 4 };

// Rows of a patch matrix that are gathered, multiplied and requantized at a time.
enum { AQ_ROW_BLOCK = 24 };

typedef enum { AQ_ROUND_DOUBLE = 0, AQ_ROUND_SINGLE = 1 } aq_rounding;

// How sums become codes: clamp(multiply((acc << headroom) + bias, multiplier, shift) + zero_point, low, high); arrays are
// [channels]. LiteRT has headroom 0; more of it keeps that many fractional bits of the bias and of the first rounding.
typedef struct {
  const int32_t *bias;        // bias with the corrections for zero points
  const int32_t *multiplier;  // 0, or in [2^30, 2^31)
  const int32_t *shift;       // -31...30
  int32_t zero_point;
  int32_t low, high;  // within 0...255
  aq_rounding rounding;
  int32_t headroom;  // 0...16
} aq_requantization;

// Sums of a matrix product: sums[rows, panels * 16] = x[rows, depth] * panels; depth is a multiple of 4.
// weight_bound is the largest |weight|, which lets a variant choose a faster exact route.
typedef struct {
  const uint8_t *x;
  size_t rows, row_stride;
  size_t depth;
  const int8_t *panels;
  size_t panel_count;
  int weight_bound;
  int32_t *sums;
} aq_gemm_job;

// out[rows, channels] (row stride out_stride) from sums[rows, channels] (row stride sums_stride).
typedef struct {
  const int32_t *sums;
  size_t rows, channels, sums_stride;
  uint8_t *out;
  size_t out_stride;
} aq_requantize_job;

// Sums of a depthwise product at a row of output positions: sums[p, c] = sum over t of taps[p, t][c] * weights. Weights are
// int16 [channels / 16][(tap_count + 1) / 2][16][2], two taps side by side, zero beyond tap_count and channels; when all fit 8
// bits also int8 [channels / 64][(tap_count + 3) / 4][4 j][4 lanes][4 e][4 taps], channel 16 lane + 4 j + e: the order in which
// unpacking four vectors of 64 codes brings the taps of a channel together.
typedef struct {
  const uint8_t *const *taps;  // [positions, tap_count]
  size_t positions, tap_count, channels;
  const int16_t *weights;
  const int8_t *narrow;  // or NULL
  int32_t *sums;  // rows of a multiple of 16 values
} aq_depthwise_job;

void aq_gemm_scalar(const aq_gemm_job *job);
void aq_requantize_scalar(const aq_requantize_job *job, const aq_requantization *to);
void aq_depthwise_scalar(const aq_depthwise_job *job);
#if defined(__x86_64__)
void aq_gemm_avx2(const aq_gemm_job *job);
void aq_gemm_vnni(const aq_gemm_job *job);
void aq_requantize_avx2(const aq_requantize_job *job, const aq_requantization *to);
void aq_requantize_avx512(const aq_requantize_job *job, const aq_requantization *to);
void aq_depthwise_avx2(const aq_depthwise_job *job);
void aq_depthwise_vnni(const aq_depthwise_job *job);
#endif

// One row of the dispatch table: the kernels for one instruction set. Tests and benches walk the whole table.
typedef struct {
  const char *name;
  aq_isa isa;
  void (*gemm)(const aq_gemm_job *);
  void (*requantize)(const aq_requantize_job *, const aq_requantization *);
  void (*depthwise)(const aq_depthwise_job *);
} aq_integer_variant;

// The variant at `index` in order of rising ability, or NULL past the last; also those this machine cannot run.
const aq_integer_variant *aq_integer_variants(size_t index);

// The most able variant that aq_isa_best() allows.
const aq_integer_variant *aq_integer_best(void);

// Geometry of a convolution of one image; groups divides both channel counts.
typedef struct {
  size_t in_h, in_w, in_c;
  size_t out_h, out_w, out_c;
  size_t kernel_h, kernel_w;
  size_t stride_h, stride_w;
  size_t dilation_h, dilation_w;
  size_t pad_top, pad_left;
  size_t groups;
  uint8_t zero_point;  // the code padding has
} aq_conv_geometry;

// Weights of a convolution: panels of every group one after another, and what is left of zero points that do not fit.
typedef struct {
  const int8_t *panels;
  int weight_bound;
  const int32_t *residual;  // [out_c], or NULL: the true weight is (stored - residual)
} aq_conv_weights;

// Weights of a depthwise convolution as aq_depthwise_job has them.
typedef struct {
  const int16_t *wide;
  const int8_t *narrow;  // or NULL
} aq_depthwise_weights;

// Packs weights [channels, depth] (int8, rows contiguous) into panels, zero beyond both.
// panels holds ceil(channels / 16) * ceil(depth / 4) * 64 bytes.
void aq_gemm_pack(const int8_t *weights, size_t channels, size_t depth, int8_t *panels);

// Packs weights [channels, taps] (int16) for aq_depthwise_job.
void aq_depthwise_pack(const int16_t *weights, size_t channels, size_t taps, int16_t *packed);

// Packs weights that fit 8 bits as aq_depthwise_job's narrow ones; packed holds ceil(channels / 64) * ceil(taps / 4) * 256 bytes.
void aq_depthwise_pack_narrow(const int16_t *weights, size_t channels, size_t taps, int8_t *packed);

// Bytes of scratch that aq_conv_u8 and aq_depthwise_u8 need, 64-byte aligned.
size_t aq_conv_scratch(const aq_conv_geometry *g);

// Convolves x [in_h, in_w, in_c] to out [out_h, out_w, out_c]; to == NULL stores the raw sums as int32 in `out` instead.
void aq_conv_u8(const aq_integer_variant *variant, const aq_conv_geometry *g, const aq_conv_weights *weights,
                const aq_requantization *to, const uint8_t *x, void *scratch, uint8_t *out);

// Depthwise convolution (groups == in_c == out_c) with packed weights.
void aq_depthwise_u8(const aq_integer_variant *variant, const aq_conv_geometry *g, const aq_depthwise_weights *weights,
                     const aq_requantization *to, const uint8_t *x, void *scratch, uint8_t *out);

// Adds two codes arrays of `count` values: out = clamp(multiply(a_terms[a] + b_terms[b], multiplier, shift) + zero_point).
// The terms are the codes' values at a common scale, 256 each: LiteRT's left shift of 20 and its first rounding are in them.
typedef struct {
  const uint8_t *a, *b;
  size_t count;
  const int32_t *a_terms, *b_terms;
  int32_t multiplier, shift;
  int32_t zero_point, low, high;
  uint8_t *out;
} aq_add_job;
void aq_add_u8(const aq_integer_variant *variant, const aq_add_job *job);

// The product is shifted left by headroom (0...14) before it is multiplied.
// Multiplies x [rows, channels] with y, [rows, channels] or (y_rows == 1) one row [channels] for all.
typedef struct {
  const uint8_t *x, *y;
  size_t rows, channels, y_rows;
  int32_t x_zero, y_zero;
  int32_t multiplier, shift, headroom;
  int32_t zero_point, low, high;
  uint8_t *out;
} aq_multiply_job;
void aq_multiply_u8(const aq_multiply_job *job);

// Means of windows. With multipliers: ((sum - n * in_zero) << headroom) * multiplier[n - 1], double rounding, plus out_zero, where n counts
// the window's codes inside the image (counts_padding: all codes, padding having the value 0). Without (NULL): input and
// output share a grid and the mean rounds half away from in_zero, as LiteRT's AVERAGE_POOL_2D does around its int8 zero.
typedef struct {
  const int32_t *multiplier, *shift;
  int counts_padding;
  int32_t in_zero, out_zero, low, high, headroom;
} aq_pool_scale;
void aq_average_pool_u8(const aq_conv_geometry *g, const aq_pool_scale *to, const uint8_t *x, void *scratch, uint8_t *out);

// Largest codes of windows; padding never wins. Codes of a grid are ordered as their values.
void aq_max_pool_u8(const aq_conv_geometry *g, const uint8_t *x, uint8_t *out);
