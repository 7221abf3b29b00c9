#include "aq_clones.h"
#include "aq_math.h"
#include "aq_tensor.h"

AQ_CLONES void aq_sigmoid_forward(size_t n, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) y[i] = 1 / (1 + aq_exp(-x[i]));
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
    for (size_t i = 0; i < width; i++) y[i] = aq_exp(x[i] - largest);
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
