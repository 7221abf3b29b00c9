// exp and log for the vectoriser: plain FP32 operations without fused multiply-add, so every clone gives the same bits.
// Relative errors stay below 1e-6 in the ranges given.
#pragma once
#include <stdint.h>
#include <string.h>

// In force for the including file too.
#pragma clang fp contract(off)

static inline float aq_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t aq_to_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// e^x; x is cut to -87 ... 88, where 2^n is a normal number. x = n ln 2 + r, |r| <= ln 2 / 2, and e^r by its Taylor
// polynomial of degree 7, whose remainder (ln 2 / 2)^8 / 8! = 5e-9 is below half a unit in the last place (6e-8). ln 2 is
// split so that n times its first part is exact.
static inline float aq_exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  // Adding 1.5 * 2^23 rounds to an integer, which the low bits of the sum then hold.
  float shifted = x * 1.44269504f + 12582912.0f;
  float n = shifted - 12582912.0f;
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * aq_from_bits((aq_to_bits(shifted) + 127u) << 23);
}

// ln x for normal x > 0: x = 2^n m, 2^-1/2 <= m < 2^1/2, ln m = 2 artanh((m - 1) / (m + 1)) to the 9th power.
static inline float aq_log(float x) {
  uint32_t offset = aq_to_bits(x) - 0x3f3504f3u;
  float n = (float)((int32_t)offset >> 23);
  float m = aq_from_bits((offset & 0x007fffffu) + 0x3f3504f3u);
  float s = (m - 1.0f) / (m + 1.0f), z = s * s;
  float p = 2.0f / 9;
  p = p * z + 2.0f / 7;
  p = p * z + 2.0f / 5;
  p = p * z + 2.0f / 3;
  p = p * z + 2.0f;
  return p * s + n * 0.693147181f;
}

// x^power for x >= 0, 0 for subnormal x.
static inline float aq_pow(float x, float power) {
  return x < 1.17549435e-38f ? 0.0f : aq_exp(power * aq_log(x < 1.17549435e-38f ? 1.0f : x));
}
