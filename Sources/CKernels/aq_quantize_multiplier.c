#include <math.h>

#include "include/aq_fixed_point.h"

int aq_quantize_multiplier(double real, int32_t *multiplier, int32_t *shift) {
  *multiplier = 0;
  *shift = 0;
  if (!(real >= 0) || !isfinite(real)) return -1;
  if (real == 0) return 0;
  int exponent;
  int64_t fixed = llround(ldexp(frexp(real, &exponent), 31));
  // A fraction that rounds up to 1 becomes 1/2 with the next exponent.
  if (fixed == 1LL << 31) fixed >>= 1, exponent++;
  if (exponent < -31) return 0;
  if (exponent > 30) return -1;
  *multiplier = (int32_t)fixed;
  *shift = exponent;
  return 0;
}
