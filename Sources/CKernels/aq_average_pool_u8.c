#include <string.h>

#include "include/aq_integer.h"

// Adds the codes of the window at (oy, ox) per channel; returns how many of its positions lie inside.
static int32_t add_window(const aq_conv_geometry *g, const uint8_t *x, size_t oy, size_t ox, int32_t *sums) {
  int32_t inside = 0;
  memset(sums, 0, g->in_c * sizeof *sums);
  for (size_t ky = 0; ky < g->kernel_h; ky++)
    for (size_t kx = 0; kx < g->kernel_w; kx++) {
      size_t iy = oy * g->stride_h + ky - g->pad_top, ix = ox * g->stride_w + kx - g->pad_left;
      // Positions above or left of the image wrap round to huge numbers.
      if (iy >= g->in_h || ix >= g->in_w) continue;
      const uint8_t *row = x + (iy * g->in_w + ix) * g->in_c;
      for (size_t c = 0; c < g->in_c; c++) sums[c] += row[c];
      inside++;
    }
  return inside;
}

// |sum - inside * in_zero| <= 255 * inside < 2^31 for windows below 2^23 positions; headroom keeps to the same bound.
void aq_average_pool_u8(const aq_conv_geometry *g, const aq_pool_scale *to, const uint8_t *x, void *scratch, uint8_t *out) {
  int32_t *sums = scratch, window = (int32_t)(g->kernel_h * g->kernel_w);
  for (size_t oy = 0; oy < g->out_h; oy++)
    for (size_t ox = 0; ox < g->out_w; ox++, out += g->in_c) {
      int32_t inside = add_window(g, x, oy, ox, sums);
      int32_t count = to->counts_padding ? window : inside;
      if (count == 0) count = 1;
      for (size_t c = 0; c < g->in_c; c++) {
        int32_t sum = sums[c] - inside * to->in_zero;
        int32_t mean = to->multiplier
                           ? aq_multiply_double_rounding(sum * (1 << to->headroom), to->multiplier[count - 1], to->shift[count - 1])
                           : (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
        mean += to->out_zero;
        out[c] = (uint8_t)(mean < to->low ? to->low : mean > to->high ? to->high : mean);
      }
    }
}
