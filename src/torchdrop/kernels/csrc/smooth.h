/* GELU, its approximation with tanh, and SiLU of one float32, with their derivatives.
 *
 * Built on two functions of our own, which compilers can turn into vector code where those of the C
 * library stay calls. Both are fits by least squares, their errors measured against double
 * precision over the whole range; the tests bound the activations' own error.
 */
#ifndef TORCHDROP_SMOOTH_H
#define TORCHDROP_SMOOTH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "half.h"

/* e^x for x <= 0; 0 where it would be subnormal. The sum with 1.5 * 2^23 rounds to an integer and
 * leaves that integer in its own lower bits. */
static inline float exp_negative(float x)
{
    const float rounder = 0x1.8p23f;
    float shifted = x * 1.44269504f + rounder, whole = shifted - rounder;
    float r = (x - whole * 0x1.63p-1f) - whole * -2.12194440e-4f; /* ln 2 in two parts */
    float series = 1.394648919813335e-3f;
    series = series * r + 8.369177579879761e-3f;
    series = series * r + 4.166626185178757e-2f;
    series = series * r + 1.6666515171527863e-1f;
    series = series * r + 0.5f;
    series = series * (r * r) + r + 1.0f;
    float power = td_float((td_bits(shifted) - td_bits(rounder) + 127u) << 23);
    return x < -87.0f ? 0.0f : series * power;
}

/* P(Z < x) of a standard normal Z, given e^(-x^2 / 2): a polynomial in t = 1 / (1 + 0.4 z) fitted
 * to erfc(z) e^(z^2) with a relative error of 1.3e-7. */
static inline float normal_cdf(float x, float bell)
{
    float t = 1.0f / (1.0f + 0.4f * (fabsf(x) * 0.70710678f));
    float series = 5.026279762387276e-2f;
    series = series * t - 1.8290399014949799e-1f;
    series = series * t + 1.6908922791481018e-1f;
    series = series * t - 5.6104897521436214e-3f;
    series = series * t + 1.4143268764019012e-1f;
    series = series * t + 1.6854169964790344e-1f;
    series = series * t + 2.0784272253513336e-1f;
    series = series * t + 2.2566959261894226e-1f;
    series = series * t + 2.2567586600780487e-1f;
    float tail = 0.5f * (series * t) * bell;
    return x < 0.0f ? tail : 1.0f - tail;
}

static inline float logistic(float x)
{
    float e = exp_negative(-fabsf(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

static inline float gelu_value(float x)
{
    return x * normal_cdf(x, exp_negative(-0.5f * x * x));
}

static inline float gelu_slope(float x)
{
    float bell = exp_negative(-0.5f * x * x);
    return normal_cdf(x, bell) + x * (bell * 0.39894228f);
}

/* (1 + tanh u) / 2 is the logistic function of 2 u. */
static inline float gelu_tanh_value(float x)
{
    return x * logistic(1.59576912f * (x + 0.044715f * x * x * x));
}

static inline float gelu_tanh_slope(float x)
{
    float share = logistic(1.59576912f * (x + 0.044715f * x * x * x));
    return share + x * share * (1.0f - share) * (1.59576912f * (1.0f + 0.134145f * x * x));
}

static inline float silu_value(float x)
{
    return x * logistic(x);
}

static inline float silu_slope(float x)
{
    float share = logistic(x);
    return share + x * share * (1.0f - share);
}

#endif
