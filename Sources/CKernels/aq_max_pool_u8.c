#include <string.h>

#include "include/aq_integer.h"

void aq_max_pool_u8(const aq_conv_geometry *g, const uint8_t *x, uint8_t *out) {
  for (size_t oy = 0; oy < g->out_h; oy++)
    for (size_t ox = 0; ox < g->out_w; ox++, out += g->in_c) {
      memset(out, 0, g->in_c);
      for (size_t ky = 0; ky < g->kernel_h; ky++)
        for (size_t kx = 0; kx < g->kernel_w; kx++) {
          size_t iy = oy * g->stride_h + ky - g->pad_top, ix = ox * g->stride_w + kx - g->pad_left;
          // Positions above or left of the image wrap round to huge numbers.
          if (iy >= g->in_h || ix >= g->in_w) continue;
          const uint8_t *row = x + (iy * g->in_w + ix) * g->in_c;
          for (size_t c = 0; c < g->in_c; c++) out[c] = row[c] > out[c] ? row[c] : out[c];
        }
    }
}
