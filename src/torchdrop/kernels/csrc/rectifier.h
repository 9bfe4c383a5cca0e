/* ReLU or LeakyReLU and dropout in one pass, forward and backward.
 *
 * In the order of operations of the two apart, so that results are equal bit for bit: forward is
 * (activation, times factor, mask), backward (times factor, mask, times slope). NaN counts as torch
 * has it: ReLU lets it through, LeakyReLU takes it for negative.
 */
#ifndef TORCHDROP_RECTIFIER_H
#define TORCHDROP_RECTIFIER_H

#include <stdint.h>
#include <string.h>

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

#endif
