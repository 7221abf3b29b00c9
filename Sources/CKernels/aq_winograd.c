#include "aq_winograd.h"

#include <string.h>

#include "aq_clones.h"

// Contracted as the compiler likes: oneDNN's products between the transforms differ from CPU to CPU in any case.
#pragma clang fp contract(fast)

enum { LANES = AQ_WINOGRAD_LANES, OUT = AQ_WINOGRAD_TILE, IN = OUT + 2, KERNEL = 3 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float))));

// One-dimensional transforms; `from` and `to` have a stride each, so that rows and columns share them.
static inline void input_points(const lanes *d, size_t s, lanes *t, size_t r) {
  lanes even = d[4 * s] - 4 * d[2 * s], odd = d[3 * s] - 4 * d[s];
  lanes even2 = d[4 * s] - d[2 * s], odd2 = d[3 * s] - d[s];
  t[0] = 4 * (d[0] - d[2 * s]) + even2;
  t[r] = even + odd;
  t[2 * r] = even - odd;
  t[3 * r] = even2 + 2 * odd2;
  t[4 * r] = even2 - 2 * odd2;
  t[5 * r] = (d[5 * s] - d[3 * s]) - 4 * odd2;
}

static inline void output_values(const lanes *m, size_t s, lanes *y, size_t r) {
  lanes sum = m[s] + m[2 * s], difference = m[s] - m[2 * s];
  lanes sum2 = m[3 * s] + m[4 * s], difference2 = m[3 * s] - m[4 * s];
  y[0] = m[0] + sum + sum2;
  y[r] = difference + 2 * difference2;
  y[2 * r] = sum + 4 * sum2;
  y[3 * r] = difference + 8 * difference2 + m[5 * s];
}

static inline void output_points(const lanes *y, size_t s, lanes *m, size_t r) {
  lanes even = y[0] + y[2 * s], odd = y[s] + y[3 * s];
  lanes even2 = y[0] + 4 * y[2 * s], odd2 = 2 * y[s] + 8 * y[3 * s];
  m[0] = y[0];
  m[r] = even + odd;
  m[2 * r] = even - odd;
  m[3 * r] = even2 + odd2;
  m[4 * r] = even2 - odd2;
  m[5 * r] = y[3 * s];
}

static inline void weight_points(const lanes *g, size_t s, lanes *u, size_t r) {
  lanes even = (g[0] + g[2 * s]) * (1.0f / 6), odd = g[s] * (1.0f / 6);
  lanes even2 = g[0] * (1.0f / 24) + g[2 * s] * (1.0f / 6), odd2 = g[s] * (1.0f / 12);
  u[0] = g[0] * 0.25f;
  u[r] = -even - odd;
  u[2 * r] = odd - even;
  u[3 * r] = even2 + odd2;
  u[4 * r] = even2 - odd2;
  u[5 * r] = g[2 * s];
}

static inline void weight_values(const lanes *u, size_t s, lanes *g, size_t r) {
  lanes sum = (u[s] + u[2 * s]) * (1.0f / 6), difference = (u[2 * s] - u[s]) * (1.0f / 6);
  lanes sum2 = u[3 * s] + u[4 * s], difference2 = u[3 * s] - u[4 * s];
  g[0] = u[0] * 0.25f - sum + sum2 * (1.0f / 24);
  g[r] = difference + difference2 * (1.0f / 12);
  g[2 * r] = sum2 * (1.0f / 6) - sum + u[5 * s];
}

// Where a tile of `extent` x `extent` values lies in the image, and which of its rows and columns are inside.
typedef struct {
  ptrdiff_t origin;  // of value (0, 0), in floats; may lie outside
  int row_begin, row_end, column_begin, column_end;
} placement;

static inline int clamped(int value, int high) { return value < 0 ? 0 : value > high ? high : value; }

static placement place(const aq_winograd_tiles *t, int tile, int extent) {
  int column = tile % t->tile_columns, row = tile / t->tile_columns % t->tile_rows;
  ptrdiff_t image = tile / t->tile_columns / t->tile_rows;
  int y = row * OUT - t->top, x = column * OUT - t->left;
  placement p = {((image * t->height + y) * t->width + x) * t->channels, clamped(-y, extent),
                 clamped(t->height - y, extent), clamped(-x, extent), clamped(t->width - x, extent)};
  return p;
}

// d <- the tile's values of 8 channels, zero outside the image; `from` is where its value (0, 0) would be.
static inline void read_tile(lanes *d, int extent, placement p, const float *from, ptrdiff_t row_stride,
                             ptrdiff_t channels) {
  if (p.row_begin > 0 || p.column_begin > 0 || p.row_end < extent || p.column_end < extent)
    memset(d, 0, (size_t)(extent * extent) * sizeof *d);
  for (int a = p.row_begin; a < p.row_end; a++)
    for (int b = p.column_begin; b < p.column_end; b++)
      d[a * extent + b] = *(const lanes *)(from + a * row_stride + b * channels);
}

AQ_CLONES void aq_winograd_input(const aq_winograd_tiles *t, const float *x, float *planes) {
  ptrdiff_t channels = t->channels, row_stride = t->width * channels;
  for (int tile = 0; tile < t->tiles; tile++) {
    placement p = place(t, t->first_tile + tile, IN);
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      lanes d[IN * IN], columns[IN * IN];
      read_tile(d, IN, p, x + p.origin + c, row_stride, channels);
      for (int b = 0; b < IN; b++) input_points(d + b, IN, columns + b, IN);
      for (int a = 0; a < IN; a++) input_points(columns + a * IN, 1, d + a * IN, 1);
      float *to = planes + tile * channels + c;
      for (int k = 0; k < IN * IN; k++) *(lanes *)(to + k * t->plane) = d[k];
    }
  }
}

AQ_CLONES void aq_winograd_output(const aq_winograd_tiles *t, const float *planes, const float *bias, float *y) {
  ptrdiff_t channels = t->channels, row_stride = t->width * channels;
  for (int tile = 0; tile < t->tiles; tile++) {
    placement p = place(t, t->first_tile + tile, OUT);
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      const float *from = planes + tile * channels + c;
      lanes m[IN * IN], columns[OUT * IN], values[OUT * OUT];
      for (int k = 0; k < IN * IN; k++) m[k] = *(const lanes *)(from + k * t->plane);
      for (int b = 0; b < IN; b++) output_values(m + b, IN, columns + b, IN);
      for (int a = 0; a < OUT; a++) output_values(columns + a * IN, 1, values + a * OUT, 1);
      lanes shift = {0};
      if (bias) shift = *(const lanes *)(bias + c);
      float *to = y + p.origin + c;
      for (int a = p.row_begin; a < p.row_end; a++)
        for (int b = p.column_begin; b < p.column_end; b++)
          *(lanes *)(to + a * row_stride + b * channels) = values[a * OUT + b] + shift;
    }
  }
}

AQ_CLONES void aq_winograd_output_adjoint(const aq_winograd_tiles *t, const float *dy, float *planes) {
  ptrdiff_t channels = t->channels, row_stride = t->width * channels;
  for (int tile = 0; tile < t->tiles; tile++) {
    placement p = place(t, t->first_tile + tile, OUT);
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
      lanes values[OUT * OUT], columns[IN * OUT], m[IN * IN];
      read_tile(values, OUT, p, dy + p.origin + c, row_stride, channels);
      for (int b = 0; b < OUT; b++) output_points(values + b, OUT, columns + b, OUT);
      for (int a = 0; a < IN; a++) output_points(columns + a * OUT, 1, m + a * IN, 1);
      float *to = planes + tile * channels + c;
      for (int k = 0; k < IN * IN; k++) *(lanes *)(to + k * t->plane) = m[k];
    }
  }
}

AQ_CLONES void aq_winograd_weights(size_t outputs, size_t inputs, int rotated, const float *weights, size_t plane,
                                   float *planes) {
  for (size_t o = 0; o < outputs; o++)
    for (size_t c = 0; c < inputs; c += LANES) {
      lanes g[KERNEL * KERNEL], columns[IN * KERNEL], u[IN * IN];
      for (int k = 0; k < KERNEL * KERNEL; k++) {
        int tap = rotated ? KERNEL * KERNEL - 1 - k : k;
        g[k] = *(const lanes *)(weights + (o * KERNEL * KERNEL + tap) * inputs + c);
      }
      for (int b = 0; b < KERNEL; b++) weight_points(g + b, KERNEL, columns + b, KERNEL);
      for (int a = 0; a < IN; a++) weight_points(columns + a * KERNEL, 1, u + a * IN, 1);
      for (int k = 0; k < IN * IN; k++) *(lanes *)(planes + k * plane + o * inputs + c) = u[k];
    }
}

AQ_CLONES void aq_winograd_weights_adjoint(size_t outputs, size_t inputs, size_t plane, const float *planes,
                                           float *weights) {
  for (size_t o = 0; o < outputs; o++)
    for (size_t c = 0; c < inputs; c += LANES) {
      lanes u[IN * IN], columns[KERNEL * IN], g[KERNEL * KERNEL];
      for (int k = 0; k < IN * IN; k++) u[k] = *(const lanes *)(planes + k * plane + o * inputs + c);
      for (int b = 0; b < IN; b++) weight_values(u + b, IN, columns + b, IN);
      for (int a = 0; a < KERNEL; a++) weight_values(columns + a * IN, 1, g + a * KERNEL, 1);
      for (int k = 0; k < KERNEL * KERNEL; k++)
        *(lanes *)(weights + (o * KERNEL * KERNEL + k) * inputs + c) = g[k];
    }
}
