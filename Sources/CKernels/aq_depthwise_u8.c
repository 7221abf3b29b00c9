#include <string.h>

#include "include/aq_integer.h"

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

// Points taps at the codes under the kernel; positions outside read a row of zero points.
static void point_taps(const aq_conv_geometry *g, const uint8_t *x, const uint8_t *outside, ptrdiff_t iy, ptrdiff_t ix,
                       const uint8_t **taps) {
  for (size_t ky = 0; ky < g->kernel_h; ky++, iy += (ptrdiff_t)g->dilation_h)
    for (size_t kx = 0; kx < g->kernel_w; kx++) {
      ptrdiff_t column = ix + (ptrdiff_t)(kx * g->dilation_w);
      int inside = iy >= 0 && iy < (ptrdiff_t)g->in_h && column >= 0 && column < (ptrdiff_t)g->in_w;
      *taps++ = inside ? x + ((size_t)iy * g->in_w + (size_t)column) * g->in_c : outside;
    }
}

// The taps of a row of outputs. Where this window and the one before are inside from left to right, all taps move by
// the stride; those of rows outside the image stay where they are.
static void point_row(const aq_conv_geometry *g, const uint8_t *x, const uint8_t *outside, size_t oy,
                      const uint8_t **taps) {
  ptrdiff_t iy = (ptrdiff_t)(oy * g->stride_h) - (ptrdiff_t)g->pad_top;
  ptrdiff_t last = (ptrdiff_t)g->in_w - (ptrdiff_t)((g->kernel_w - 1) * g->dilation_w);
  size_t count = g->kernel_h * g->kernel_w, step = g->stride_w * g->in_c;
  for (size_t ox = 0; ox < g->out_w; ox++, taps += count) {
    ptrdiff_t ix = (ptrdiff_t)(ox * g->stride_w) - (ptrdiff_t)g->pad_left;
    if (ox > 0 && ix >= (ptrdiff_t)g->stride_w && ix < last) {
      for (size_t t = 0; t < count; t++) {
        const uint8_t *before = taps[(ptrdiff_t)t - (ptrdiff_t)count];
        taps[t] = before + (before == outside ? 0 : step);
      }
    } else {
      point_taps(g, x, outside, iy, ix, taps);
    }
  }
}

void aq_depthwise_u8(const aq_integer_variant *variant, const aq_conv_geometry *g, const aq_depthwise_weights *weights,
                     const aq_requantization *to, const uint8_t *x, void *scratch, uint8_t *out) {
  size_t padded = (g->in_c + AQ_PANEL - 1) / AQ_PANEL * AQ_PANEL;
  int32_t *sums = scratch;
  uint8_t *outside = (uint8_t *)scratch + aligned(g->out_w * padded * sizeof(int32_t));
  const uint8_t **taps = (const uint8_t **)(outside + aligned(g->in_c));
  memset(outside, g->zero_point, g->in_c);
  for (size_t oy = 0; oy < g->out_h; oy++) {
    point_row(g, x, outside, oy, taps);
    aq_depthwise_job job = {taps, g->out_w, g->kernel_h * g->kernel_w, g->in_c, weights->wide, weights->narrow, sums};
    variant->depthwise(&job);
    aq_requantize_job last = {sums, g->out_w, g->in_c, padded, out + oy * g->out_w * g->out_c, g->out_c};
    variant->requantize(&last, to);
  }
}
