#include <string.h>

#include "include/aq_integer.h"

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t patch_depth(const aq_conv_geometry *g) {
  return (g->kernel_h * g->kernel_w * (g->in_c / g->groups) + AQ_PANEL_K - 1) / AQ_PANEL_K * AQ_PANEL_K;
}

size_t aq_conv_scratch(const aq_conv_geometry *g) {
  size_t padded = (g->out_c + AQ_PANEL - 1) / AQ_PANEL * AQ_PANEL;
  size_t rows = g->out_w > AQ_ROW_BLOCK ? g->out_w : AQ_ROW_BLOCK;
  size_t taps = aligned(g->out_w * g->kernel_h * g->kernel_w * sizeof(void *)) + aligned(g->in_c);
  return aligned(AQ_ROW_BLOCK * patch_depth(g)) + aligned(rows * padded * sizeof(int32_t)) + taps;
}

// Copies a short run without a call; the last 16 (or 4) bytes may be copied twice.
static inline void copy_run(uint8_t *to, const uint8_t *from, size_t count) {
  if (count >= 16) {
    for (size_t i = 0; i + 16 <= count; i += 16) memcpy(to + i, from + i, 16);
    memcpy(to + count - 16, from + count - 16, 16);
  } else if (count >= 4) {
    for (size_t i = 0; i + 4 <= count; i += 4) memcpy(to + i, from + i, 4);
    memcpy(to + count - 4, from + count - 4, 4);
  } else {
    for (size_t i = 0; i < count; i++) to[i] = from[i];
  }
}

// One run of taps in a row of the kernel, copied at once where they are neighbours and inside.
static void gather_row(const aq_conv_geometry *g, const uint8_t *x, ptrdiff_t iy, ptrdiff_t ix, uint8_t *patch) {
  size_t channels = g->in_c / g->groups;
  if (iy < 0 || iy >= (ptrdiff_t)g->in_h) {
    memset(patch, g->zero_point, g->kernel_w * channels);
    return;
  }
  const uint8_t *row = x + (size_t)iy * g->in_w * g->in_c;
  if (g->groups == 1 && g->dilation_w == 1 && ix >= 0 && ix + (ptrdiff_t)g->kernel_w <= (ptrdiff_t)g->in_w) {
    copy_run(patch, row + (size_t)ix * g->in_c, g->kernel_w * channels);
    return;
  }
  for (size_t kx = 0; kx < g->kernel_w; kx++, ix += (ptrdiff_t)g->dilation_w, patch += channels)
    if (ix < 0 || ix >= (ptrdiff_t)g->in_w) memset(patch, g->zero_point, channels);
    else copy_run(patch, row + (size_t)ix * g->in_c, channels);
}

// The patch of output position `index`, [kernel_h, kernel_w, channels of a group], zero up to a multiple of 4.
static void gather(const aq_conv_geometry *g, const uint8_t *x, size_t index, uint8_t *patch) {
  size_t run = g->kernel_w * (g->in_c / g->groups), depth = patch_depth(g);
  ptrdiff_t iy = (ptrdiff_t)(index / g->out_w * g->stride_h) - (ptrdiff_t)g->pad_top;
  ptrdiff_t ix = (ptrdiff_t)(index % g->out_w * g->stride_w) - (ptrdiff_t)g->pad_left;
  for (size_t ky = 0; ky < g->kernel_h; ky++) {
    gather_row(g, x, iy, ix, patch + ky * run);
    iy += (ptrdiff_t)g->dilation_h;
  }
  for (size_t k = g->kernel_h * run; k < depth; k++) patch[k] = 0;
}

// Stored weights are (true + residual): takes residual * (sum of the patch) off every sum.
static void correct(const aq_gemm_job *job, const int32_t *residual, size_t channels) {
  for (size_t m = 0; m < job->rows; m++) {
    const uint8_t *x = job->x + m * job->row_stride;
    int32_t total = 0;
    for (size_t k = 0; k < job->depth; k++) total += x[k];
    int32_t *sums = job->sums + m * job->panel_count * AQ_PANEL;
    for (size_t n = 0; n < channels; n++)
      sums[n] = (int32_t)((uint32_t)sums[n] - (uint32_t)residual[n] * (uint32_t)total);
  }
}

// A 1x1 convolution of stride 1 reads its patches where they are.
static int is_plain_product(const aq_conv_geometry *g) {
  return g->kernel_h * g->kernel_w == 1 && g->stride_h == 1 && g->stride_w == 1 && g->groups == 1 &&
         g->in_c % AQ_PANEL_K == 0 && g->pad_top == 0 && g->pad_left == 0 && g->out_h == g->in_h &&
         g->out_w == g->in_w;
}

static void store(const aq_integer_variant *variant, const aq_gemm_job *job, const aq_requantization *to,
                  size_t channels, size_t stride, uint8_t *out) {
  size_t padded = job->panel_count * AQ_PANEL;
  if (to) {
    aq_requantize_job last = {job->sums, job->rows, channels, padded, out, stride};
    variant->requantize(&last, to);
    return;
  }
  for (size_t m = 0; m < job->rows; m++)
    memcpy(out + m * stride * sizeof(int32_t), job->sums + m * padded, channels * sizeof(int32_t));
}

void aq_conv_u8(const aq_integer_variant *variant, const aq_conv_geometry *g, const aq_conv_weights *weights,
                const aq_requantization *to, const uint8_t *x, void *scratch, uint8_t *out) {
  size_t in_channels = g->in_c / g->groups, channels = g->out_c / g->groups, depth = patch_depth(g);
  size_t panel_count = (channels + AQ_PANEL - 1) / AQ_PANEL, positions = g->out_h * g->out_w;
  uint8_t *patches = scratch;
  int32_t *sums = (int32_t *)(patches + aligned(AQ_ROW_BLOCK * depth));
  size_t item = to ? 1 : sizeof(int32_t);
  for (size_t group = 0; group < g->groups; group++) {
    aq_requantization own;
    if (to) {
      own = *to;
      own.bias += group * channels, own.multiplier += group * channels, own.shift += group * channels;
    }
    for (size_t first = 0; first < positions; first += AQ_ROW_BLOCK) {
      size_t rows = positions - first < AQ_ROW_BLOCK ? positions - first : AQ_ROW_BLOCK;
      aq_gemm_job job = {patches, rows, depth, depth, weights->panels + group * panel_count * depth * AQ_PANEL,
                         panel_count, weights->weight_bound, sums};
      if (is_plain_product(g)) job.x = x + first * g->in_c;
      else
        for (size_t r = 0; r < rows; r++) gather(g, x + group * in_channels, first + r, patches + r * depth);
      variant->gemm(&job);
      if (weights->residual) correct(&job, weights->residual + group * channels, channels);
      store(variant, &job, to ? &own : NULL, channels, g->out_c, out + (first * g->out_c + group * channels) * item);
    }
  }
}
