// Fixed-point arithmetic of integer inference, named as gemmlowp names it. Scalar reference: kernels equal it bit for bit.
#pragma once
#include <stdint.h>

// round(a * b / 2^31), ties towards +infinity, saturated: the only overflow is INT32_MIN * INT32_MIN.
// gemmlowp writes (ab + nudge) / 2^31 with nudge = 2^30 for ab >= 0 and 1 - 2^30 otherwise, truncated. For ab < 0 the
// truncation is a ceiling, and ceil((ab + 1 - 2^30) / 2^31) = floor((ab + 2^30) / 2^31): one shift serves both signs.
static inline int32_t aq_saturating_rounding_doubling_high_mul(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
  return (int32_t)(((int64_t)a * b + (1LL << 30)) >> 31);
}

// round(x / 2^exponent), ties away from zero; exponent in 0...31.
static inline int32_t aq_rounding_divide_by_pot(int32_t x, int32_t exponent) {
  int32_t mask = (int32_t)((1LL << exponent) - 1);
  int32_t remainder = x & mask;
  int32_t threshold = (mask >> 1) + (x < 0);
  return (x >> exponent) + (remainder > threshold);
}

// x * multiplier * 2^(shift - 31) with two roundings (convolution, depthwise, add); shift in -31...30.
// For shift > 0 the caller guarantees |x| * 2^shift < 2^31 (beyond it the product wraps).
static inline int32_t aq_multiply_double_rounding(int32_t x, int32_t multiplier, int32_t shift) {
  int32_t left = shift > 0 ? shift : 0;
  int32_t right = shift > 0 ? 0 : -shift;
  int32_t shifted = (int32_t)((uint32_t)x << left);
  return aq_rounding_divide_by_pot(aq_saturating_rounding_doubling_high_mul(shifted, multiplier), right);
}

// The same product with one rounding, ties towards +infinity (linear layers): (x * multiplier + 2^(30-shift)) >> (31-shift).
// |x * multiplier| <= 2^31 * 2^31 = 2^62 and the rounding term is at most 2^61: the sum fits 64 bits.
// shift in -31...30; the result fits when |x| * 2^shift < 2^31.
static inline int32_t aq_multiply_single_rounding(int32_t x, int32_t multiplier, int32_t shift) {
  int32_t total = 31 - shift;
  return (int32_t)(((int64_t)x * multiplier + (1LL << (total - 1))) >> total);
}

// Splits a positive real into multiplier * 2^(shift - 31), multiplier in [2^30, 2^31); a real below 2^-32 gives 0 and 0.
// Returns 0, or -1 when the real is negative, not finite or at least 2^30.
int aq_quantize_multiplier(double real, int32_t *multiplier, int32_t *shift);
