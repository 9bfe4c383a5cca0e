/* An activation and dropout in one pass, forward and backward.
 *
 * ReLU and LeakyReLU go in the order of operations of the two apart, so that results are equal bit
 * for bit: forward is (activation, times factor, mask), backward (times factor, mask, times slope).
 * NaN counts as torch has it: ReLU lets it through, LeakyReLU takes it for negative.
 */
#ifndef TORCHDROP_ACTIVATION_H
#define TORCHDROP_ACTIVATION_H

#include <stdint.h>
#include <string.h>

#include "kernel.h"
#include "smooth.h"

#define DEFINE_RECTIFIER(type, name, bits_type, signed_type)                                      \
    static inline type masked_##name(type value, uint8_t mask)                                    \
    {                                                                                             \
        bits_type bits;                                                                           \
        memcpy(&bits, &value, sizeof bits);                                                       \
        bits &= (bits_type)(signed_type)(int8_t)mask;                                             \
        memcpy(&value, &bits, sizeof bits);                                                       \
        return value;                                                                             \
    }                                                                                             \
    static inline void relu_##name(const type *x, type *y, const uint8_t *masks, int64_t n,       \
                                   type factor)                                                   \
    {                                                                                             \
        for (int64_t i = 0; i < n; i++)                                                           \
            y[i] = masked_##name((x[i] <= 0 ? 0 : x[i]) * factor, masks[i]);                      \
    }                                                                                             \
    static inline void relu_backward_##name(const type *x, const type *g, type *y,                \
                                            const uint8_t *masks, int64_t n, type factor)         \
    {                                                                                             \
        for (int64_t i = 0; i < n; i++) {                                                         \
            type gradient = masked_##name(g[i] * factor, masks[i]);                               \
            y[i] = x[i] <= 0 ? 0 : gradient;                                                      \
        }                                                                                         \
    }                                                                                             \
    static inline void leaky_##name(const type *x, type *y, const uint8_t *masks, int64_t n,      \
                                    type factor, type slope)                                      \
    {                                                                                             \
        for (int64_t i = 0; i < n; i++) {                                                         \
            type leak = x[i] * slope;                                                             \
            y[i] = masked_##name((x[i] > 0 ? x[i] : leak) * factor, masks[i]);                    \
        }                                                                                         \
    }                                                                                             \
    static inline void leaky_backward_##name(const type *x, const type *g, type *y,               \
                                             const uint8_t *masks, int64_t n, type factor,        \
                                             type slope)                                          \
    {                                                                                             \
        for (int64_t i = 0; i < n; i++) {                                                         \
            type gradient = masked_##name(g[i] * factor, masks[i]), leak = gradient * slope;      \
            y[i] = x[i] > 0 ? gradient : leak;                                                    \
        }                                                                                         \
    }

DEFINE_RECTIFIER(float, f32, uint32_t, int32_t)
DEFINE_RECTIFIER(double, f64, uint64_t, int64_t)

#define DEFINE_SMOOTH(name)                                                                       \
    static inline void name##_f32(const float *x, float *y, const uint8_t *masks, int64_t n,      \
                                  float factor)                                                   \
    {                                                                                             \
        for (int64_t i = 0; i < n; i++)                                                           \
            y[i] = masked_f32(name##_value(x[i]) * factor, masks[i]);                             \
    }                                                                                             \
    static inline void name##_backward_f32(const float *x, const float *g, float *y,              \
                                           const uint8_t *masks, int64_t n, float factor)         \
    {                                                                                             \
        for (int64_t i = 0; i < n; i++)                                                           \
            y[i] = masked_f32(g[i] * factor * name##_slope(x[i]), masks[i]);                      \
    }

DEFINE_SMOOTH(gelu)
DEFINE_SMOOTH(gelu_tanh)
DEFINE_SMOOTH(silu)

static inline void activate_f64(const td_call *call, const double *x, const double *g, double *y,
                                const uint8_t *masks, int64_t n)
{
    double factor = call->factor, slope = call->slope;
    if (call->operation == TD_RELU)
        g ? relu_backward_f64(x, g, y, masks, n, factor) : relu_f64(x, y, masks, n, factor);
    else if (g)
        leaky_backward_f64(x, g, y, masks, n, factor, slope);
    else
        leaky_f64(x, y, masks, n, factor, slope);
}

static inline void activate_f32(const td_call *call, const float *x, const float *g, float *y,
                                const uint8_t *masks, int64_t n)
{
    float factor = (float)call->factor, slope = (float)call->slope;
    switch (call->operation) {
    case TD_RELU:
        g ? relu_backward_f32(x, g, y, masks, n, factor) : relu_f32(x, y, masks, n, factor);
        break;
    case TD_LEAKY_RELU:
        g ? leaky_backward_f32(x, g, y, masks, n, factor, slope)
          : leaky_f32(x, y, masks, n, factor, slope);
        break;
    case TD_GELU:
        g ? gelu_backward_f32(x, g, y, masks, n, factor) : gelu_f32(x, y, masks, n, factor);
        break;
    case TD_GELU_TANH:
        g ? gelu_tanh_backward_f32(x, g, y, masks, n, factor)
          : gelu_tanh_f32(x, y, masks, n, factor);
        break;
    case TD_SILU:
        g ? silu_backward_f32(x, g, y, masks, n, factor) : silu_f32(x, y, masks, n, factor);
        break;
    case TD_SCALE: break;
    }
}

/* 16-bit floats, some at a time: widened, activated, rounded once. */
static inline void activate_narrow(const td_call *call, const uint16_t *x, const uint16_t *g,
                                   uint16_t *y, const uint8_t *masks, int64_t n)
{
    enum { PART = 512 };
    float wide_x[PART], wide_g[PART], wide_y[PART];
    for (int64_t at = 0; at < n; at += PART) {
        int64_t count = n - at < PART ? n - at : PART;
        int bf16 = call->dtype == TD_BF16;
        bf16 ? widen_row_bf16(x + at, wide_x, count) : widen_row_f16(x + at, wide_x, count);
        if (g)
            bf16 ? widen_row_bf16(g + at, wide_g, count) : widen_row_f16(g + at, wide_g, count);
        activate_f32(call, wide_x, g ? wide_g : NULL, wide_y, masks + at, count);
        bf16 ? narrow_row_bf16(wide_y, y + at, count) : narrow_row_f16(wide_y, y + at, count);
    }
}

#endif
