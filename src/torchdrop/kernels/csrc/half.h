/* 16-bit floats: widened to float32, and rounded back once, to nearest even. */
#ifndef TORCHDROP_HALF_H
#define TORCHDROP_HALF_H

#include <stdint.h>
#include <string.h>

static inline float td_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static inline uint32_t td_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

static inline float widen_bf16(uint16_t x)
{
    return td_float((uint32_t)x << 16);
}

static inline uint16_t narrow_bf16(float value)
{
    uint32_t bits = td_bits(value);
    uint32_t nan = (bits & 0x7FFFFFFF) > 0x7F800000 ? 0xFFFFFFFF : 0;
    uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    return (uint16_t)((rounded & ~nan) | (0x7FC0 & nan));
}

#if defined(__F16C__)
#include <immintrin.h>

static inline float widen_f16(uint16_t x)
{
    return _cvtsh_ss(x);
}

static inline uint16_t narrow_f16(float value)
{
    return _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT);
}

#elif defined(__aarch64__)

static inline float widen_f16(uint16_t x)
{
    __fp16 half;
    memcpy(&half, &x, 2);
    return (float)half;
}

static inline uint16_t narrow_f16(float value)
{
    uint16_t bits;
    __fp16 half = (__fp16)value;
    memcpy(&bits, &half, 2);
    return bits;
}

#else

/* 2^112 moves the exponent of a half, read as a float's, to where it belongs; subnormal halves
 * come out right too. */
static inline float widen_f16(uint16_t x)
{
    uint32_t magnitude = (uint32_t)(x & 0x7FFF) << 13, sign = (uint32_t)(x & 0x8000) << 16;
    if ((x & 0x7C00) == 0x7C00)
        return td_float(sign | 0x7F800000 | magnitude);
    return td_float(td_bits(td_float(magnitude) * 0x1p112f) | sign);
}

static inline uint16_t narrow_f16(float value)
{
    uint32_t bits = td_bits(value), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000)
        return (uint16_t)(sign | 0x7E00);
    if (magnitude >= 0x477FF000) /* 65520 and above round to infinity */
        return (uint16_t)(sign | 0x7C00);
    if (magnitude < 0x38800000) /* below 2^-14: adding 0.5 lets the hardware round the subnormal */
        return (uint16_t)(sign | (td_bits(td_float(magnitude) + 0.5f) - 0x3F000000));
    return (uint16_t)(sign | ((magnitude + 0xFFF + ((magnitude >> 13) & 1) - 0x38000000) >> 13));
}

#endif

/* The same for a row of them. Compilers make vector code of bfloat16 alone. */
static inline void widen_row_bf16(const uint16_t *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = widen_bf16(x[i]);
}

static inline void narrow_row_bf16(const float *x, uint16_t *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = narrow_bf16(x[i]);
}

static inline void widen_row_f16(const uint16_t *x, float *y, int64_t n)
{
    int64_t i = 0;
#if defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
#endif
    for (; i < n; i++)
        y[i] = widen_f16(x[i]);
}

static inline void narrow_row_f16(const float *x, uint16_t *y, int64_t n)
{
    int64_t i = 0;
#if defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(y + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
#endif
    for (; i < n; i++)
        y[i] = narrow_f16(x[i]);
}

#endif
