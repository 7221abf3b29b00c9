// Kernels of PTQ fine-tuning on FP32 arrays (owned by the Layers and Reconstruction targets): losses, soft rounding,
// learned ranges, random mixing. Every clone of a kernel gives the same bits.
#pragma once
#include <stddef.h>
#include <stdint.h>

// y[i] = random(key, start + i) < threshold ? y[i] : x[i], with 32 random bits per value: QDrop's mix.
void aq_mix(size_t n, uint32_t key, uint32_t start, uint32_t threshold, const float *x, float *y);

// dy = scale * power * weight * |y - target|^(power - 1) * sign; returns the sum of weight * |y - target|^power.
// `weight` may be NULL (all 1); dy may be y.
double aq_lp_loss(size_t n, const float *y, const float *target, const float *weight, float power, float scale,
                  float *dy);

// AdaRound's rectified sigmoid (Nagel et al. 2020, eq. 23): h = clamp(1.2 sigmoid(v) - 0.1, 0, 1).
// w = lower + h * width.
void aq_soft_round(size_t n, const float *v, const float *lower, const float *width, float *w);
// dv = (dw * width + lambda * d(1 - |2 h - 1|^beta)/dh) * dh/dv; no regulariser where width is 0; dv may be dw.
void aq_soft_round_adjoint(size_t n, const float *v, const float *dw, const float *width, float lambda, float beta,
                           float *dv);

// Straight-through adjoint of y = r Q(x / r), r the learned range factor, levels in low ... high (both with the factor).
// dx = low <= x <= high or y == x (a value that was not quantized) ? g : 0; returns sum of g * (y - x) inside the range,
// of g * y outside: r times the gradient of r. dx may be g.
double aq_learned_range_adjoint(size_t n, const float *g, const float *x, const float *y, float low, float high,
                                float *dx);
