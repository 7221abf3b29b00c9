// Quantizer kernels: fake quantization, codes, straight-through adjoint, range search (owned by the Quantizers target).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "aq_isa.h"

// One group of a region grid: interval k holds edges[k] <= x < edges[k + 1] and has
// value (q - zero_points[k]) * scales[k], q = clamp(rint(x / scales[k]) + zero_points[k], 0, top).
typedef struct {
  const float *edges;        // intervals + 1, ascending
  const float *scales;       // intervals
  const float *zero_points;  // intervals, whole numbers
  size_t intervals;          // 1 ... 16
  float top;                 // 2^bits - 1
} aq_regions;

// One candidate of a range search: the uniform grid whose codes are 0 ... steps.
typedef struct {
  float scale;
  float zero_point;
} aq_candidate;

// One row per instruction set; every variant gives the scalar one's bits. The fake_ kernels return 1 when every value is
// finite, else 0 (a second pass over memory would cost as much as the first).
typedef struct {
  const char *name;
  aq_isa isa;
  // y = (clamp(rint(x / scale) + zero_point, 0, steps) - zero_point) * scale
  int (*fake_uniform)(const float *x, float *y, size_t count, float scale, float zero_point, float steps);
  // codes = clamp(rint(x / scale) + zero_point, 0, steps), steps <= 255
  void (*codes_uniform)(const float *x, uint8_t *codes, size_t count, float scale, float zero_point, float steps);
  // Values of the intervals; values outside the edges use the nearest interval and are clamped.
  int (*fake_regions)(const float *x, float *y, size_t count, const aq_regions *grid);
  // codes = interval * (top + 1) + q
  void (*codes_regions)(const float *x, uint8_t *codes, size_t count, const aq_regions *grid);
  // Only values strictly inside an interval are quantized; *left is how many stay as they are.
  int (*fake_published)(const float *x, float *y, size_t count, const aq_regions *grid, size_t *left);
  // codes = number of middles below x: the index of the nearest level (ties to the lower one).
  void (*codes_codebook)(const float *x, uint8_t *codes, size_t count, const float *middles, size_t middle_count);
  // gx = low <= x <= high ? g : 0
  void (*clip_gradient)(const float *g, const float *x, float *gx, size_t count, float low, float high);
  // scores[i] += sum |x - Q_i(x)|^p for each candidate (p >= 1)
  void (*search_uniform)(const float *x, size_t count, const aq_candidate *candidates, size_t candidate_count,
                         float steps, float p, double *scores);
  // sum |x - y|^p (p >= 1)
  double (*power_error)(const float *x, const float *y, size_t count, float p);
  // Smallest and largest value (infinite for none); returns how many values are NaN or infinite.
  size_t (*extremes)(const float *x, size_t count, float *low, float *high);
} aq_quantize_variant;

// The variant at `index`, scalar first; NULL past the end. Some may not run on this machine (aq_isa_supported).
const aq_quantize_variant *aq_quantize_variants(size_t index);

// The fastest variant that this machine runs.
const aq_quantize_variant *aq_quantize_best(void);
