#include "aq_clones.h"
#include "aq_tensor.h"

// No fused multiply-add: every clone rounds alike, so every CPU gives the same bits.
#pragma clang fp contract(off)

AQ_CLONES void aq_relu_forward(size_t n, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) y[i] = x[i] <= 0 ? 0 : x[i];
}

AQ_CLONES void aq_relu_backward(size_t n, const float *y, const float *dy, float *dx) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) dx[i] = y[i] <= 0 ? 0 : dy[i];
}

AQ_CLONES void aq_relu6_forward(size_t n, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    float positive = x[i] <= 0 ? 0 : x[i];
    y[i] = positive >= 6 ? 6 : positive;
  }
}

AQ_CLONES void aq_relu6_backward(size_t n, const float *x, const float *dy, float *dx) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) dx[i] = ((x[i] <= 0) | (x[i] >= 6)) ? 0 : dy[i];
}

AQ_CLONES void aq_hard_swish_forward(size_t n, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    float shifted = x[i] + 3, gate = shifted <= 0 ? 0 : shifted;
    y[i] = x[i] * (gate >= 6 ? 6 : gate) / 6;
  }
}

AQ_CLONES void aq_hard_swish_backward(size_t n, const float *x, const float *dy, float *dx) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    float slope = (2 * x[i] + 3) / 6;
    slope = x[i] <= -3 ? 0 : slope;
    dx[i] = dy[i] * (x[i] >= 3 ? 1 : slope);
  }
}

AQ_CLONES void aq_hard_sigmoid_forward(size_t n, float slope, float offset, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    float line = slope * x[i] + offset, positive = line <= 0 ? 0 : line;
    y[i] = positive >= 1 ? 1 : positive;
  }
}

AQ_CLONES void aq_hard_sigmoid_backward(size_t n, float slope, const float *y, const float *dy, float *dx) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) dx[i] = ((y[i] <= 0) | (y[i] >= 1)) ? 0 : slope * dy[i];
}

AQ_CLONES void aq_clip_forward(size_t n, float low, float high, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    float raised = x[i] <= low ? low : x[i];
    y[i] = raised >= high ? high : raised;
  }
}

AQ_CLONES void aq_clip_backward(size_t n, float low, float high, const float *x, const float *dy, float *dx) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) dx[i] = ((x[i] <= low) | (x[i] >= high)) ? 0 : dy[i];
}

AQ_CLONES void aq_add(size_t n, const float *a, const float *b, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

AQ_CLONES void aq_add_relu(size_t n, const float *a, const float *b, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    float sum = a[i] + b[i];
    y[i] = sum <= 0 ? 0 : sum;
  }
}

AQ_CLONES void aq_subtract(size_t n, const float *a, const float *b, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) y[i] = a[i] - b[i];
}

AQ_CLONES void aq_multiply(size_t n, const float *a, const float *b, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) y[i] = a[i] * b[i];
}

AQ_CLONES void aq_divide(size_t n, const float *a, const float *b, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) y[i] = a[i] / b[i];
}

AQ_CLONES void aq_scale_shift(size_t n, float scale, float shift, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) y[i] = scale * x[i] + shift;
}

AQ_CLONES void aq_extremes(size_t n, const float *x, float *minimum, float *maximum) {
  // A lane each, for the order of comparisons does not matter but the compiler may not say so.
  enum { lanes = 16 };
  float low[lanes], high[lanes];
  for (size_t lane = 0; lane < lanes; lane++) {
    low[lane] = __builtin_inff();
    high[lane] = -__builtin_inff();
  }
  size_t whole = n / lanes * lanes;
  for (size_t i = 0; i < whole; i += lanes) {
    for (size_t lane = 0; lane < lanes; lane++) {
      low[lane] = x[i + lane] < low[lane] ? x[i + lane] : low[lane];
      high[lane] = x[i + lane] > high[lane] ? x[i + lane] : high[lane];
    }
  }
  for (size_t i = whole; i < n; i++) {
    low[0] = x[i] < low[0] ? x[i] : low[0];
    high[0] = x[i] > high[0] ? x[i] : high[0];
  }
  for (size_t lane = 1; lane < lanes; lane++) {
    low[0] = low[lane] < low[0] ? low[lane] : low[0];
    high[0] = high[lane] > high[0] ? high[lane] : high[0];
  }
  *minimum = low[0];
  *maximum = high[0];
}

AQ_CLONES void aq_sgd_step(size_t n, float *w, const float *gradient, float *velocity, float rate, float momentum,
                           float decay, int nesterov) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    float g = gradient[i] + decay * w[i];
    float v = momentum * velocity[i] + g;
    velocity[i] = v;
    w[i] -= rate * (nesterov ? g + momentum * v : v);
  }
}

AQ_CLONES void aq_adam_step(size_t n, float *w, const float *gradient, float *m, float *v, const aq_adam_options *o) {
  float rate = o->rate, beta1 = o->beta1, beta2 = o->beta2, epsilon = o->epsilon, decay = o->decay;
  float correction1 = o->correction1, correction2 = o->correction2;
  for (size_t i = 0; i < n; i++) {
    float g = gradient[i] + decay * w[i];
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    w[i] -= rate * (m[i] / correction1) / (__builtin_sqrtf(v[i] / correction2) + epsilon);
  }
}
