#include <stdint.h>
#include <string.h>

#include "aq_clones.h"
#include "aq_tensor.h"

// No fused multiply-add: every clone rounds alike, so every CPU gives the same bits.
#pragma clang fp contract(off)

// exp(x) = 2^n exp(r) with n = round(x / ln 2), |r| <= ln 2 / 2, and the Taylor polynomial of degree 7: its remainder
// (ln 2 / 2)^8 / 8! = 5e-9 is below half a unit in the last place (6e-8). ln 2 is split so that n times its first part
// is exact. x is cut to -87 ... 88, where 2^n is a normal number.
static inline float exponential(float x) {
  float cut = x < -87 ? -87 : x;
  cut = cut > 88 ? 88 : cut;
  const float magic = 12582912;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  float shifted = cut * 1.44269504f + magic, n = shifted - magic;
  float r = (cut - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1;
  p = p * r + 1;
  uint32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127) << 23;
  float scale;
  memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

AQ_CLONES void aq_sigmoid_forward(size_t n, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) y[i] = 1 / (1 + exponential(-x[i]));
}

AQ_CLONES void aq_sigmoid_backward(size_t n, const float *y, const float *dy, float *dx) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) dx[i] = y[i] * (1 - y[i]) * dy[i];
}

AQ_CLONES void aq_softmax_forward(size_t rows, size_t width, const float *x, float *y) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    float largest = x[0];
    for (size_t i = 1; i < width; i++) largest = x[i] > largest ? x[i] : largest;
    AQ_INDEPENDENT
    for (size_t i = 0; i < width; i++) y[i] = exponential(x[i] - largest);
    double sum = 0;
    for (size_t i = 0; i < width; i++) sum += (double)y[i];
    float inverse = (float)(1 / sum);
    AQ_INDEPENDENT
    for (size_t i = 0; i < width; i++) y[i] *= inverse;
  }
}

AQ_CLONES void aq_softmax_backward(size_t rows, size_t width, const float *y, const float *dy, float *dx) {
  for (size_t row = 0; row < rows; row++, y += width, dy += width, dx += width) {
    double dot = 0;
    for (size_t i = 0; i < width; i++) dot += (double)y[i] * (double)dy[i];
    float mean = (float)dot;
    AQ_INDEPENDENT
    for (size_t i = 0; i < width; i++) dx[i] = y[i] * (dy[i] - mean);
  }
}
