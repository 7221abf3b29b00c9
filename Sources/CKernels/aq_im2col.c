#include <string.h>

#include "aq_closed_form.h"

// Copies one patch of one group, `width` channels per tap.
static void patch(const aq_conv_geometry *g, const float *x, size_t position, size_t channel, size_t width, float *row) {
  ptrdiff_t top = (ptrdiff_t)(position / g->out_w * g->stride_h) - (ptrdiff_t)g->pad_top;
  ptrdiff_t left = (ptrdiff_t)(position % g->out_w * g->stride_w) - (ptrdiff_t)g->pad_left;
  for (size_t a = 0; a < g->kernel_h; a++) {
    ptrdiff_t i = top + (ptrdiff_t)(a * g->dilation_h);
    for (size_t b = 0; b < g->kernel_w; b++, row += width) {
      ptrdiff_t j = left + (ptrdiff_t)(b * g->dilation_w);
      int inside = i >= 0 && j >= 0 && i < (ptrdiff_t)g->in_h && j < (ptrdiff_t)g->in_w;
      if (!inside) {
        memset(row, 0, width * sizeof *row);
        continue;
      }
      const float *source = x + ((size_t)i * g->in_w + (size_t)j) * g->in_c + channel;
      if (width == 1) {
        row[0] = source[0];
      } else {
        memcpy(row, source, width * sizeof *row);
      }
    }
  }
}

void aq_im2col_f32(const aq_conv_geometry *g, const float *x, size_t first, size_t count, size_t step, float *rows) {
  size_t width = g->in_c / g->groups;
  size_t depth = g->kernel_h * g->kernel_w * width;
  for (size_t i = 0, p = first; i < count; i++, p += step) {
    for (size_t group = 0; group < g->groups; group++, rows += depth) patch(g, x, p, group * width, width, rows);
  }
}
