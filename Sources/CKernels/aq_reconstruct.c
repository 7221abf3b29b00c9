#include "aq_reconstruct.h"

#include "aq_clones.h"
#include "aq_math.h"

// Sums run in LANES partial sums, added up in double after every BLOCK values: a fixed order for any vector width.
enum { LANES = 16, BLOCK = 1024 };

static double total(const float *lanes) {
  double sum = 0;
  for (int lane = 0; lane < LANES; lane++) sum += lanes[lane];
  return sum;
}

// Source of the constants: Wellons 2018, "Prospecting for hash functions" (lowbias32).
static inline uint32_t scramble(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ x >> 16;
}

AQ_CLONES void aq_mix(size_t n, uint32_t key, uint32_t start, uint32_t threshold, const float *x, float *y) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    // Both loaded before the choice: a load that depends on it is not vectorised well.
    float own = y[i], other = x[i];
    y[i] = scramble(key ^ scramble(start + (uint32_t)i)) < threshold ? own : other;
  }
}

// One value's loss and gradient; inlined, as a call per value keeps the loop around it scalar.
static inline __attribute__((always_inline)) float lp_term(float d, float weight, float power, int is_square,
                                                          float factor, float *dy) {
  float magnitude = d < 0 ? -d : d, sign = d < 0 ? -1.0f : 1.0f;
  *dy = factor * weight * (is_square ? d : sign * aq_pow(magnitude, power - 1));
  return weight * (is_square ? d * d : aq_pow(magnitude, power));
}

// Inlined with constant `is_square` and `is_weighted`: squares cost no powers, and no load depends on a null pointer.
static inline __attribute__((always_inline)) double lp_sum(size_t n, const float *y, const float *target,
                                                           const float *weight, float power, int is_square,
                                                           int is_weighted, float factor, float *dy) {
  double sum = 0;
  for (size_t block = 0; block < n; block += BLOCK) {
    size_t end = n - block < BLOCK ? n : block + BLOCK;
    float lanes[LANES] = {0};
    size_t i = block;
    for (; i + LANES <= end; i += LANES) {
      for (int lane = 0; lane < LANES; lane++) {
        float d = y[i + lane] - target[i + lane], w = is_weighted ? weight[i + lane] : 1.0f;
        lanes[lane] += lp_term(d, w, power, is_square, factor, dy + i + lane);
      }
    }
    for (int lane = 0; i < end; i++, lane++) {
      lanes[lane] += lp_term(y[i] - target[i], is_weighted ? weight[i] : 1.0f, power, is_square, factor, dy + i);
    }
    sum += total(lanes);
  }
  return sum;
}

AQ_CLONES double aq_lp_loss(size_t n, const float *y, const float *target, const float *weight, float power,
                            float scale, float *dy) {
  float factor = scale * power;
  if (power == 2) {
    return weight ? lp_sum(n, y, target, weight, power, 1, 1, factor, dy)
                  : lp_sum(n, y, target, weight, power, 1, 0, factor, dy);
  }
  return weight ? lp_sum(n, y, target, weight, power, 0, 1, factor, dy)
                : lp_sum(n, y, target, weight, power, 0, 0, factor, dy);
}

AQ_CLONES void aq_soft_round(size_t n, const float *v, const float *lower, const float *width, float *w) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    float h = 1.2f / (1.0f + aq_exp(-v[i])) - 0.1f;
    h = h < 0 ? 0 : h;
    h = h > 1 ? 1 : h;
    w[i] = lower[i] + h * width[i];
  }
}

AQ_CLONES void aq_soft_round_adjoint(size_t n, const float *v, const float *dw, const float *width, float lambda,
                                     float beta, float *dv) {
  AQ_INDEPENDENT
  for (size_t i = 0; i < n; i++) {
    float s = 1.0f / (1.0f + aq_exp(-v[i]));
    float h = 1.2f * s - 0.1f;
    float slope = ((h > 0) & (h < 1)) ? 1.2f * s * (1.0f - s) : 0.0f;
    float distance = 2.0f * h - 1.0f, magnitude = distance < 0 ? -distance : distance;
    float pull = -2.0f * beta * aq_pow(magnitude, beta - 1.0f) * (distance < 0 ? -1.0f : 1.0f);
    float regularizer = width[i] != 0 ? lambda * pull : 0.0f;
    dv[i] = (dw[i] * width[i] + regularizer) * slope;
  }
}

AQ_CLONES double aq_learned_range_adjoint(size_t n, const float *g, const float *x, const float *y, float low,
                                          float high, float *dx) {
  double sum = 0;
  for (size_t block = 0; block < n; block += BLOCK) {
    size_t end = n - block < BLOCK ? n : block + BLOCK;
    float lanes[LANES] = {0};
    size_t i = block;
    for (; i + LANES <= end; i += LANES) {
      AQ_INDEPENDENT
      for (int lane = 0; lane < LANES; lane++) {
        float gradient = g[i + lane], before = x[i + lane], after = y[i + lane];
        int passes = ((before >= low) & (before <= high)) | (after == before);
        lanes[lane] += gradient * (passes ? after - before : after);
        dx[i + lane] = passes ? gradient : 0.0f;
      }
    }
    for (int lane = 0; i < end; i++, lane++) {
      int passes = ((x[i] >= low) & (x[i] <= high)) | (y[i] == x[i]);
      lanes[lane] += g[i] * (passes ? y[i] - x[i] : y[i]);
      dx[i] = passes ? g[i] : 0.0f;
    }
    sum += total(lanes);
  }
  return sum;
}
