#include "aq_images.h"

#include <math.h>
#include <stdlib.h>

// Fixed-point weights of one output sample: `count` of them from input sample `start` on.
typedef struct {
  size_t start, count;
  int32_t *weights;
} window;

// |sum| <= 2^22 * 255 + rounding < 2^31: weights of one window sum to about 2^22 and none is negative.
enum { WEIGHT_BITS = 22 };

// Windows of `to` output samples over `from` input samples; weights are in one block that the first window owns.
static window *make_windows(size_t from, size_t to) {
  double step = (double)from / (double)to, reach = step > 1 ? step : 1;
  size_t limit = (size_t)ceil(reach) * 2 + 2;
  window *windows = calloc(to, sizeof *windows);
  int32_t *block = calloc(to, limit * sizeof *block);
  double *raw = calloc(limit, sizeof *raw);
  if (!windows || !block || !raw) {
    free(windows);
    free(block);
    free(raw);
    return NULL;
  }
  for (size_t i = 0; i < to; i++) {
    double centre = ((double)i + 0.5) * step, sum = 0;
    double low = centre - reach + 0.5, high = centre + reach + 0.5;
    size_t start = low < 0 ? 0 : (size_t)low, end = high > (double)from ? from : (size_t)high;
    for (size_t j = start; j < end; j++) {
      double distance = fabs(((double)j - centre + 0.5) / reach);
      raw[j - start] = distance < 1 ? 1 - distance : 0;
      sum += raw[j - start];
    }
    windows[i] = (window){start, end - start, block + i * limit};
    for (size_t j = 0; j < end - start; j++)
      windows[i].weights[j] = (int32_t)(0.5 + raw[j] / sum * (1 << WEIGHT_BITS));
  }
  free(raw);
  return windows;
}

static void free_windows(window *windows) {
  if (windows) free(windows[0].weights);
  free(windows);
}

static uint8_t rounded(int32_t sum) {
  int32_t value = sum >> WEIGHT_BITS;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

// One sample per window: `to` has as many as there are windows, `spacing` bytes apart as those of `from`.
static void filter(const uint8_t *from, uint8_t *to, const window *windows, size_t count, size_t spacing) {
  for (size_t i = 0; i < count; i++) {
    int32_t sum = 1 << (WEIGHT_BITS - 1);
    const uint8_t *samples = from + windows[i].start * spacing;
    for (size_t j = 0; j < windows[i].count; j++) sum += samples[j * spacing] * windows[i].weights[j];
    to[i * spacing] = rounded(sum);
  }
}

int aq_image_resize(const uint8_t *from, size_t width, size_t height, uint8_t *to, size_t to_width, size_t to_height) {
  window *across = make_windows(width, to_width), *down = make_windows(height, to_height);
  uint8_t *middle = malloc(height * to_width * 3);
  int status = across && down && middle ? AQ_IMAGE_OK : AQ_IMAGE_MEMORY;
  if (status == AQ_IMAGE_OK) {
    for (size_t row = 0; row < height; row++)
      for (size_t channel = 0; channel < 3; channel++)
        filter(from + row * width * 3 + channel, middle + row * to_width * 3 + channel, across, to_width, 3);
    for (size_t byte = 0; byte < to_width * 3; byte++)
      filter(middle + byte, to + byte, down, to_height, to_width * 3);
  }
  free(middle);
  free_windows(across);
  free_windows(down);
  return status;
}
