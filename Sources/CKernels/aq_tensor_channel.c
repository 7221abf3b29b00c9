#include "aq_clones.h"
#include "aq_tensor.h"

// No fused multiply-add: every clone rounds alike, so every CPU gives the same bits.
#pragma clang fp contract(off)

// Rows whose FP32 partial sums are added up before they go to double: keeps the error of a sum near 2^-20.
enum { BLOCK_ROWS = 64, BLOCK_CHANNELS = 64 };

AQ_CLONES void aq_channel_sums(size_t rows, size_t channels, const float *x, const float *pivot, double *sum,
                               double *sum_squares) {
  for (size_t c0 = 0; c0 < channels; c0 += BLOCK_CHANNELS) {
    size_t width = channels - c0 < BLOCK_CHANNELS ? channels - c0 : BLOCK_CHANNELS;
    for (size_t r0 = 0; r0 < rows; r0 += BLOCK_ROWS) {
      size_t end = rows - r0 < BLOCK_ROWS ? rows : r0 + BLOCK_ROWS;
      float s[BLOCK_CHANNELS] = {0}, q[BLOCK_CHANNELS] = {0};
      for (size_t r = r0; r < end; r++) {
        const float *row = x + r * channels + c0;
        for (size_t c = 0; c < width; c++) {
          float difference = row[c] - pivot[c0 + c];
          s[c] += difference;
          q[c] += difference * difference;
        }
      }
      for (size_t c = 0; c < width; c++) {
        sum[c0 + c] += s[c];
        sum_squares[c0 + c] += q[c];
      }
    }
  }
}

AQ_CLONES void aq_channel_affine(size_t rows, size_t channels, const float *x, const aq_channel_map *map, float *y) {
  const float *pivot = map->pivot, *scale = map->scale, *shift = map->shift;
  for (size_t r = 0; r < rows; r++) {
    AQ_INDEPENDENT
    for (size_t c = 0; c < channels; c++) y[r * channels + c] = (x[r * channels + c] - pivot[c]) * scale[c] + shift[c];
  }
}

AQ_CLONES void aq_channel_gradient_sums(size_t rows, size_t channels, const float *dy, const float *x,
                                        const float *pivot, double *sum_dy, double *sum_dy_x) {
  for (size_t c0 = 0; c0 < channels; c0 += BLOCK_CHANNELS) {
    size_t width = channels - c0 < BLOCK_CHANNELS ? channels - c0 : BLOCK_CHANNELS;
    for (size_t r0 = 0; r0 < rows; r0 += BLOCK_ROWS) {
      size_t end = rows - r0 < BLOCK_ROWS ? rows : r0 + BLOCK_ROWS;
      float s[BLOCK_CHANNELS] = {0}, q[BLOCK_CHANNELS] = {0};
      for (size_t r = r0; r < end; r++) {
        const float *g = dy + r * channels + c0, *row = x + r * channels + c0;
        for (size_t c = 0; c < width; c++) {
          s[c] += g[c];
          q[c] += g[c] * (row[c] - pivot[c0 + c]);
        }
      }
      for (size_t c = 0; c < width; c++) {
        sum_dy[c0 + c] += s[c];
        sum_dy_x[c0 + c] += q[c];
      }
    }
  }
}

AQ_CLONES void aq_channel_combine(size_t rows, size_t channels, const float *dy, const float *x,
                                  const aq_channel_map *map, const float *slope, float *dx) {
  const float *pivot = map->pivot, *scale = map->scale, *shift = map->shift;
  for (size_t r = 0; r < rows; r++) {
    AQ_INDEPENDENT
    for (size_t c = 0; c < channels; c++) {
      size_t i = r * channels + c;
      dx[i] = slope[c] * dy[i] + scale[c] * (x[i] - pivot[c]) + shift[c];
    }
  }
}

AQ_CLONES void aq_channel_affine_relu(size_t rows, size_t channels, const float *x, const aq_channel_map *map,
                                      float *y) {
  const float *pivot = map->pivot, *scale = map->scale, *shift = map->shift;
  for (size_t r = 0; r < rows; r++) {
    AQ_INDEPENDENT
    for (size_t c = 0; c < channels; c++) {
      float value = (x[r * channels + c] - pivot[c]) * scale[c] + shift[c];
      y[r * channels + c] = value <= 0 ? 0 : value;
    }
  }
}

AQ_CLONES void aq_channel_gradient_sums_relu(size_t rows, size_t channels, const float *dy, const float *x,
                                             const aq_channel_map *forward, double *sum_dy, double *sum_dy_x) {
  const float *pivot = forward->pivot, *scale = forward->scale, *shift = forward->shift;
  for (size_t c0 = 0; c0 < channels; c0 += BLOCK_CHANNELS) {
    size_t width = channels - c0 < BLOCK_CHANNELS ? channels - c0 : BLOCK_CHANNELS;
    for (size_t r0 = 0; r0 < rows; r0 += BLOCK_ROWS) {
      size_t end = rows - r0 < BLOCK_ROWS ? rows : r0 + BLOCK_ROWS;
      float s[BLOCK_CHANNELS] = {0}, q[BLOCK_CHANNELS] = {0};
      for (size_t r = r0; r < end; r++) {
        const float *g = dy + r * channels + c0, *row = x + r * channels + c0;
        for (size_t c = 0; c < width; c++) {
          float difference = row[c] - pivot[c0 + c], gradient = g[c];
          float passed = difference * scale[c0 + c] + shift[c0 + c] <= 0 ? 0 : gradient;
          s[c] += passed;
          q[c] += passed * difference;
        }
      }
      for (size_t c = 0; c < width; c++) {
        sum_dy[c0 + c] += s[c];
        sum_dy_x[c0 + c] += q[c];
      }
    }
  }
}

AQ_CLONES void aq_channel_combine_relu(size_t rows, size_t channels, const float *dy, const float *x,
                                       const aq_channel_adjoint *adjoint, float *dx) {
  const float *pivot = adjoint->forward.pivot, *forward_scale = adjoint->forward.scale;
  const float *forward_shift = adjoint->forward.shift, *slope = adjoint->slope;
  const float *scale = adjoint->map.scale, *shift = adjoint->map.shift;
  for (size_t r = 0; r < rows; r++) {
    AQ_INDEPENDENT
    for (size_t c = 0; c < channels; c++) {
      size_t i = r * channels + c;
      float difference = x[i] - pivot[c], gradient = dy[i];
      float passed = difference * forward_scale[c] + forward_shift[c] <= 0 ? 0 : gradient;
      dx[i] = slope[c] * passed + scale[c] * difference + shift[c];
    }
  }
}
