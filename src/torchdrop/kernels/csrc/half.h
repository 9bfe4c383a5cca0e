/* Scaling of 16-bit floats: widened to float32, multiplied, rounded once to nearest even. */
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

static inline uint16_t scale_bf16(uint16_t x, float factor)
{
    uint32_t bits = td_bits(td_float((uint32_t)x << 16) * factor);
    uint32_t nan = (bits & 0x7FFFFFFF) > 0x7F800000 ? 0xFFFFFFFF : 0;
    uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    return (uint16_t)((rounded & ~nan) | (0x7FC0 & nan));
}

#if defined(__F16C__)
#include <immintrin.h>

static inline uint16_t scale_f16(uint16_t x, float factor)
{
    return _cvtss_sh(_cvtsh_ss(x) * factor, _MM_FROUND_TO_NEAREST_INT);
}

#define HAVE_SCALE_F16_VECTOR
#define F16_WIDTH 8
static inline void scale_f16_vector(const uint16_t *x, uint16_t *y, const uint8_t *masks,
                                    float factor)
{
    __m256 wide = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)x));
    wide = _mm256_mul_ps(wide, _mm256_set1_ps(factor));
    __m128i narrow = _mm256_cvtps_ph(wide, _MM_FROUND_TO_NEAREST_INT);
    __m128i keep = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)masks));
    _mm_storeu_si128((__m128i *)y, _mm_and_si128(narrow, keep));
}

#elif defined(__aarch64__)

static inline uint16_t scale_f16(uint16_t x, float factor)
{
    __fp16 half;
    memcpy(&half, &x, 2);
    half = (__fp16)((float)half * factor);
    memcpy(&x, &half, 2);
    return x;
}

#else

/* 2^112 moves the exponent of a half, read as a float's, to where it belongs; subnormal halves
 * come out right too. */
static inline float td_widen(uint16_t x)
{
    uint32_t magnitude = (uint32_t)(x & 0x7FFF) << 13, sign = (uint32_t)(x & 0x8000) << 16;
    if ((x & 0x7C00) == 0x7C00)
        return td_float(sign | 0x7F800000 | magnitude);
    return td_float(td_bits(td_float(magnitude) * 0x1p112f) | sign);
}

static inline uint16_t td_narrow(float value)
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

static inline uint16_t scale_f16(uint16_t x, float factor)
{
    return td_narrow(td_widen(x) * factor);
}

#endif
#endif
