// The quantizer kernels, written once on 16 virtual lanes and compiled for each instruction set by the files that
// include this one: no contraction, explicit fma and a fixed order make the variants agree bit for bit.
#pragma once
#include <string.h>

#include "include/aq_quantize.h"

#pragma clang fp contract(off)

typedef float f16 __attribute__((ext_vector_type(16)));
typedef int32_t i16 __attribute__((ext_vector_type(16)));
typedef uint8_t b16 __attribute__((ext_vector_type(16)));

#define AQ_INLINE static inline __attribute__((always_inline))
#define AQ_LANES 16

// Calls `step(offset, width)` for 16 values at a time; the last step has fewer.
#define AQ_EACH(count, offset, width)                                                  \
  for (size_t offset = 0, width; offset < (count) &&                                   \
       ((width = (count) - offset < AQ_LANES ? (count) - offset : AQ_LANES), 1); offset += AQ_LANES)

// Partial vectors lane by lane: a call to memcpy, even one that never runs, keeps every accumulator of a loop in memory.
AQ_INLINE void load(f16 *v, const float *p, size_t width) {
  if (width == AQ_LANES) {
    memcpy(v, p, sizeof *v);
    return;
  }
  *v = (f16)0.0f;
  for (size_t lane = 0; lane < AQ_LANES; lane++)
    if (lane < width) (*v)[lane] = p[lane];
}

AQ_INLINE void store(float *p, const f16 *v, size_t width) {
  if (width == AQ_LANES) {
    memcpy(p, v, sizeof *v);
    return;
  }
  for (size_t lane = 0; lane < AQ_LANES; lane++)
    if (lane < width) p[lane] = (*v)[lane];
}

AQ_INLINE void store_codes(uint8_t *p, const f16 *v, size_t width) {
  b16 codes = __builtin_convertvector(__builtin_convertvector(*v, i16), b16);
  if (width == AQ_LANES) {
    memcpy(p, &codes, AQ_LANES);
    return;
  }
  for (size_t lane = 0; lane < AQ_LANES; lane++)
    if (lane < width) p[lane] = codes[lane];
}

// *q = clamp(rint(x / scale) + zero_point, 0, top); NaN gives 0.
AQ_INLINE void quantize(f16 *q, const f16 *x, const f16 *scale, const f16 *zero_point, float top) {
  f16 v = __builtin_elementwise_rint(*x / *scale) + *zero_point;
  f16 low = (f16)0.0f, high = (f16)top;
  v = v > low ? v : low;
  *q = v < high ? v : high;
}

// *worst: the largest magnitude so far, as bits; a float's magnitude and its bits rise together, infinity and NaN last.
AQ_INLINE void note_magnitude(i16 *worst, const f16 *v) {
  i16 bits;
  memcpy(&bits, v, sizeof bits);
  bits &= (i16)0x7fffffff;
  *worst = bits > *worst ? bits : *worst;
}

AQ_INLINE int is_finite(const i16 *worst) {
  int finite = 1;
  for (size_t lane = 0; lane < AQ_LANES; lane++) finite &= (*worst)[lane] < 0x7f800000;
  return finite;
}

static int fake_uniform(const float *x, float *y, size_t count, float scale, float zero_point, float steps) {
  f16 s = (f16)scale, z = (f16)zero_point, v, q;
  i16 worst = (i16)0;
  AQ_EACH(count, i, width) {
    load(&v, x + i, width);
    note_magnitude(&worst, &v);
    quantize(&q, &v, &s, &z, steps);
    q = (q - z) * s;
    store(y + i, &q, width);
  }
  return is_finite(&worst);
}

static void codes_uniform(const float *x, uint8_t *codes, size_t count, float scale, float zero_point, float steps) {
  f16 s = (f16)scale, z = (f16)zero_point, v, q;
  AQ_EACH(count, i, width) {
    load(&v, x + i, width);
    quantize(&q, &v, &s, &z, steps);
    store_codes(codes + i, &q, width);
  }
}

// Scale, zero point, lower edge and index of the interval of each value; what a caller does not use costs nothing.
typedef struct {
  f16 scale, zero_point, low, index;
} interval;

AQ_INLINE void find_interval(const f16 *x, const aq_regions *grid, size_t intervals, interval *found) {
  found->scale = (f16)grid->scales[0];
  found->zero_point = (f16)grid->zero_points[0];
  found->low = (f16)grid->edges[0];
  found->index = (f16)0.0f;
  for (size_t k = 1; k < intervals; k++) {
    i16 above = *x >= (f16)grid->edges[k];
    found->scale = above ? (f16)grid->scales[k] : found->scale;
    found->zero_point = above ? (f16)grid->zero_points[k] : found->zero_point;
    found->low = above ? (f16)grid->edges[k] : found->low;
    found->index = above ? (f16)(float)k : found->index;
  }
}

AQ_INLINE int regions_of(const float *x, float *y, size_t count, const aq_regions *grid, size_t intervals) {
  f16 v, q;
  interval found;
  i16 worst = (i16)0;
  AQ_EACH(count, i, width) {
    load(&v, x + i, width);
    note_magnitude(&worst, &v);
    find_interval(&v, grid, intervals, &found);
    quantize(&q, &v, &found.scale, &found.zero_point, grid->top);
    q = (q - found.zero_point) * found.scale;
    store(y + i, &q, width);
  }
  return is_finite(&worst);
}

AQ_INLINE int published_of(const float *x, float *y, size_t count, const aq_regions *grid, size_t intervals,
                           size_t *left) {
  i16 counts = (i16)0;  // per lane below count / 16 + 1, which fits for any count below 2^35
  i16 worst = (i16)0;
  f16 v, q;
  interval found;
  AQ_EACH(count, i, width) {
    load(&v, x + i, width);
    note_magnitude(&worst, &v);
    find_interval(&v, grid, intervals, &found);
    quantize(&q, &v, &found.scale, &found.zero_point, grid->top);
    q = (q - found.zero_point) * found.scale;
    // A value on an edge is the lower end of the interval it falls into.
    i16 kept = ~((v > found.low) & (v < (f16)grid->edges[intervals]));
    q = kept ? v : q;
    if (width == AQ_LANES)
      counts -= kept;
    else
      for (size_t lane = 0; lane < width; lane++) *left += kept[lane] != 0;
    store(y + i, &q, width);
  }
  for (size_t lane = 0; lane < AQ_LANES; lane++) *left += (size_t)counts[lane];
  return is_finite(&worst);
}

// The intervals of AuGQ as published: a loop of known length keeps edges and scales in registers.
#define AQ_USUAL_INTERVALS 4

// A copy that the compiler knows no output to overlap.
typedef struct {
  float edges[AQ_USUAL_INTERVALS + 1], scales[AQ_USUAL_INTERVALS], zero_points[AQ_USUAL_INTERVALS];
} usual_regions;

AQ_INLINE aq_regions usual(const aq_regions *grid, usual_regions *copy) {
  memcpy(copy->edges, grid->edges, sizeof copy->edges);
  memcpy(copy->scales, grid->scales, sizeof copy->scales);
  memcpy(copy->zero_points, grid->zero_points, sizeof copy->zero_points);
  return (aq_regions){copy->edges, copy->scales, copy->zero_points, AQ_USUAL_INTERVALS, grid->top};
}

static int fake_regions(const float *x, float *y, size_t count, const aq_regions *grid) {
  if (grid->intervals != AQ_USUAL_INTERVALS) return regions_of(x, y, count, grid, grid->intervals);
  usual_regions copy;
  aq_regions own = usual(grid, &copy);
  return regions_of(x, y, count, &own, AQ_USUAL_INTERVALS);
}

static int fake_published(const float *x, float *y, size_t count, const aq_regions *grid, size_t *left) {
  *left = 0;
  if (grid->intervals != AQ_USUAL_INTERVALS) return published_of(x, y, count, grid, grid->intervals, left);
  usual_regions copy;
  aq_regions own = usual(grid, &copy);
  return published_of(x, y, count, &own, AQ_USUAL_INTERVALS, left);
}

static void codes_regions(const float *x, uint8_t *codes, size_t count, const aq_regions *grid) {
  f16 v, q;
  interval found;
  AQ_EACH(count, i, width) {
    load(&v, x + i, width);
    find_interval(&v, grid, grid->intervals, &found);
    quantize(&q, &v, &found.scale, &found.zero_point, grid->top);
    q = q + found.index * (f16)(grid->top + 1.0f);
    store_codes(codes + i, &q, width);
  }
}

static void codes_codebook(const float *x, uint8_t *codes, size_t count, const float *middles, size_t middle_count) {
  f16 v;
  AQ_EACH(count, i, width) {
    load(&v, x + i, width);
    i16 index = (i16)0;
    if (middle_count <= 31) {
      for (size_t m = 0; m < middle_count; m++) index -= v > (f16)middles[m];
    } else {
      for (size_t lane = 0; lane < width; lane++) {
        size_t low = 0, high = middle_count;
        while (low < high) {
          size_t middle = (low + high) / 2;
          if (v[lane] > middles[middle])
            low = middle + 1;
          else
            high = middle;
        }
        index[lane] = (int32_t)low;
      }
    }
    f16 code = __builtin_convertvector(index, f16);
    store_codes(codes + i, &code, width);
  }
}

static void clip_gradient(const float *g, const float *x, float *gx, size_t count, float low, float high) {
  f16 gradient, v;
  AQ_EACH(count, i, width) {
    load(&gradient, g + i, width);
    load(&v, x + i, width);
    f16 result = ((v >= (f16)low) & (v <= (f16)high)) ? gradient : (f16)0.0f;
    store(gx + i, &result, width);
  }
}

// *e = (*e)^p for 0 <= e, |relative error| below 2e-6; values below 2^-126 / p count as nothing.
AQ_INLINE void power(f16 *e, float p) {
  i16 bits;
  memcpy(&bits, e, sizeof bits);
  i16 exponent = (bits - (i16)0x3f3504f3) >> 23;  // mantissa in sqrt(1/2) ... sqrt(2)
  i16 mantissa_bits = bits - (exponent << 23);
  f16 f;
  memcpy(&f, &mantissa_bits, sizeof f);
  f -= (f16)1.0f;
  f16 r = (f16)-0.14275974f;
  r = __builtin_elementwise_fma(r, f, (f16)0.23265257f);
  r = __builtin_elementwise_fma(r, f, (f16)-0.24927183f);
  r = __builtin_elementwise_fma(r, f, (f16)0.28728887f);
  r = __builtin_elementwise_fma(r, f, (f16)-0.36022517f);
  r = __builtin_elementwise_fma(r, f, (f16)0.48091671f);
  r = __builtin_elementwise_fma(r, f, (f16)-0.72135293f);
  r = __builtin_elementwise_fma(r, f, (f16)1.44269502f);
  f16 t = __builtin_elementwise_fma(r, f, __builtin_convertvector(exponent, f16)) * (f16)p;
  t = t > (f16)-126.0f ? t : (f16)-126.0f;
  t = t < (f16)126.0f ? t : (f16)126.0f;
  f16 whole = __builtin_elementwise_rint(t);
  t -= whole;
  r = (f16)0.0013390863f;
  r = __builtin_elementwise_fma(r, t, (f16)0.009676032f);
  r = __builtin_elementwise_fma(r, t, (f16)0.05550357f);
  r = __builtin_elementwise_fma(r, t, (f16)0.24022107f);
  r = __builtin_elementwise_fma(r, t, (f16)0.69314718f);
  r = __builtin_elementwise_fma(r, t, (f16)1.0000001f);
  i16 shift = __builtin_convertvector(whole, i16) << 23, result;
  memcpy(&result, &r, sizeof result);
  result += shift;
  memcpy(e, &result, sizeof *e);
}

#define AQ_SEARCH_BLOCK 2048

// Sum over lanes in a fixed order of |x / s - rint clamped|^p for one block and candidate.
AQ_INLINE double block_score(const float *x, size_t count, aq_candidate candidate, float steps, float p) {
  f16 inverse = (f16)(1.0f / candidate.scale), sums = (f16)0.0f, v;
  f16 low = (f16)-candidate.zero_point, high = (f16)(steps - candidate.zero_point);
  AQ_EACH(count, i, width) {
    load(&v, x + i, width);
    v *= inverse;
    f16 q = __builtin_elementwise_rint(v);
    q = q > low ? q : low;
    q = q < high ? q : high;
    v = __builtin_elementwise_abs(v - q);
    if (p == 2.0f)
      v *= v;
    else if (p != 1.0f)
      power(&v, p);
    sums += v;
  }
  double total = 0;
  for (size_t lane = 0; lane < AQ_LANES; lane++) total += (double)sums[lane];
  return total;
}

static void search_uniform(const float *x, size_t count, const aq_candidate *candidates, size_t candidate_count,
                           float steps, float p, double *scores) {
  for (size_t c = 0; c < candidate_count; c++) {
    // s^p puts the sums of all candidates on one scale.
    f16 unit = (f16)candidates[c].scale;
    if (p == 2.0f)
      unit *= unit;
    else if (p != 1.0f)
      power(&unit, p);
    double weight = (double)unit[0];
    for (size_t start = 0; start < count; start += AQ_SEARCH_BLOCK) {
      size_t size = count - start < AQ_SEARCH_BLOCK ? count - start : AQ_SEARCH_BLOCK;
      scores[c] += weight * block_score(x + start, size, candidates[c], steps, p);
    }
  }
}

static double power_error(const float *x, const float *y, size_t count, float p) {
  double total = 0;
  f16 v, w;
  for (size_t start = 0; start < count; start += AQ_SEARCH_BLOCK) {
    size_t size = count - start < AQ_SEARCH_BLOCK ? count - start : AQ_SEARCH_BLOCK;
    f16 sums = (f16)0.0f;
    AQ_EACH(size, i, width) {
      load(&v, x + start + i, width);
      load(&w, y + start + i, width);
      v = __builtin_elementwise_abs(v - w);
      if (p == 2.0f)
        v *= v;
      else if (p != 1.0f)
        power(&v, p);
      sums += v;
    }
    for (size_t lane = 0; lane < AQ_LANES; lane++) total += (double)sums[lane];
  }
  return total;
}

static size_t extremes(const float *x, size_t count, float *low, float *high) {
  f16 lows = (f16)__builtin_inff(), highs = -lows, v;
  i16 finite = (i16)0;
  size_t whole = count / AQ_LANES * AQ_LANES, finite_count = 0;
  for (size_t i = 0; i < whole; i += AQ_LANES) {
    load(&v, x + i, AQ_LANES);
    lows = v < lows ? v : lows;
    highs = v > highs ? v : highs;
    finite -= __builtin_elementwise_abs(v) < (f16)__builtin_inff();
  }
  *low = __builtin_inff();
  *high = -*low;
  for (size_t lane = 0; lane < AQ_LANES; lane++) {
    *low = lows[lane] < *low ? lows[lane] : *low;
    *high = highs[lane] > *high ? highs[lane] : *high;
    finite_count += (size_t)finite[lane];
  }
  for (size_t i = whole; i < count; i++) {
    *low = x[i] < *low ? x[i] : *low;
    *high = x[i] > *high ? x[i] : *high;
    finite_count += __builtin_fabsf(x[i]) < __builtin_inff();
  }
  return count - finite_count;
}

#define AQ_QUANTIZE_VARIANT(label, set)                                                                     \
  {label, set, fake_uniform, codes_uniform, fake_regions, codes_regions, fake_published, codes_codebook,    \
   clip_gradient, search_uniform, power_error, extremes}
